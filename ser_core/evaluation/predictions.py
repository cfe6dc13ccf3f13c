"""A model's predictions, clip by clip: the table that everything after training reads."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ser_core.core import EvaluationError, is_class_name
from ser_core.corpora import ordered
from ser_core.storage import atomic
from ser_core.storage.parquet import read_parquet

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.intp]

PARTS = ("validation", "test")
"""The parts that are scored; what a model says of the clips that trained it is not evidence."""

PREFIX = "p_"
DESCRIBED = ("speaker", "gender", "sentence")
KEY = ("clip", "fold", "part", "seed")
TOLERANCE = 1e-3
"""How far from 1 the probabilities of a row may sum: half-precision softmax is off by this much."""

_DTYPES = {
    "clip": "string", "fold": "int64", "part": "string", "seed": "int64", "true": "string",
    **dict.fromkeys(DESCRIBED, "string"),
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Predictions:
    """Probabilities that a model gave to clips, beside what is true.

    Args:
        table: A row for every clip, fold, part and seed: `clip`, `fold`, `part` ("validation" or
            "test"), `seed`, `true` (an emotion), `speaker`, `gender`, `sentence` (text or
            missing; the columns may be absent), and a probability for every class in the columns
            `p_<emotion>`. Other columns are kept and may be grouped by.

    The table is kept with the columns in this order and the classes in the order of the
    vocabulary, whatever order they came in.

    Raises:
        EvaluationError: If there is no row; a column is missing; a value is missing or not of its
            kind; there are fewer than two classes, or one outside the vocabulary; a true emotion
            is no class of the model; a probability is NaN or outside 0 to 1, or a row does not
            sum to 1; or a row is there twice.

    >>> found = Predictions.of(
    ...     pd.DataFrame({"emotion": ["anger", "neutral"]}, index=["a.wav", "b.wav"]),
    ...     probabilities=[[0.1, 0.9], [0.8, 0.2]],
    ...     classes=["neutral", "anger"],
    ... )
    >>> found.classes
    ('anger', 'neutral')
    >>> found.true, found.predicted
    (array([0, 1]), array([0, 1]))
    """

    table: pd.DataFrame

    def __post_init__(self) -> None:
        object.__setattr__(self, "table", _checked(self.table))

    @classmethod
    def of(
        cls,
        clips: pd.DataFrame,
        probabilities: npt.ArrayLike,
        classes: Sequence[str],
        *,
        fold: int = 0,
        part: str = "test",
        seed: int = 0,
    ) -> Predictions:
        """Predictions of one model for rows of `Corpus.clips`.

        Args:
            clips: Indexed by clip, with `emotion` and, where known, `speaker`, `gender`,
                `sentence` and, of several corpora, `corpus`.
            probabilities: Shape (clips, classes), in the order of `classes`.
            classes: Emotions of the columns, in any order.
            fold: Number of the fold whose model predicted.
            part: Part of the clips in that fold.
            seed: Of the training.

        Raises:
            EvaluationError: If the shapes do not fit, or as `Predictions`.
        """
        values = np.asarray(probabilities, dtype=np.float64)
        if values.shape != (len(clips), len(classes)):
            raise EvaluationError(
                f"probabilities of shape {values.shape} for {len(clips)} clips and "
                f"{len(classes)} classes",
                remedy="Give one row a clip and one column a class",
            )
        about = {"clip": clips.index, "fold": fold, "part": part, "seed": seed}
        known = {name: clips[name].array for name in DESCRIBED if name in clips}
        if "corpus" in clips and clips["corpus"].notna().any():
            known["corpus"] = clips["corpus"].array
        given = {PREFIX + name: values[:, column] for column, name in enumerate(classes)}
        return cls(pd.DataFrame({**about, "true": clips["emotion"].array, **known, **given}))

    @classmethod
    def concat(cls, several: Sequence[Predictions]) -> Predictions:
        """One table of the folds, parts or seeds of one model.

        Raises:
            EvaluationError: If there is none, their classes differ, or a row is in two of them.
        """
        if not several or len({each.classes for each in several}) > 1:
            raise EvaluationError(
                "predictions can be put together only if they are of the same classes",
                remedy="Choose runs of one recipe",
            )
        return cls(pd.concat([each.table for each in several], ignore_index=True))

    @cached_property
    def classes(self) -> tuple[str, ...]:
        """Emotions of the model, in the order of the vocabulary."""
        return tuple(name.removeprefix(PREFIX) for name in _columns_of(self.table))

    @cached_property
    def probabilities(self) -> Floats:
        """Shape (rows, classes)."""
        return self.table[_columns_of(self.table)].to_numpy(np.float64)

    @cached_property
    def true(self) -> Codes:
        """Index in `classes` of the true emotion. Shape (rows,)."""
        codes: Codes = pd.Index(self.classes).get_indexer(pd.Index(self.table["true"]))
        return codes

    @cached_property
    def predicted(self) -> Codes:
        """Index in `classes` of the likeliest emotion, the first of equals. Shape (rows,)."""
        predicted: Codes = self.probabilities.argmax(axis=1)
        return predicted

    def __len__(self) -> int:
        return len(self.table)

    def where(self, chosen: npt.ArrayLike, *, name: str = "the selection") -> Predictions:
        """Rows where a mask of shape (rows,) holds.

        Raises:
            EvaluationError: If it holds nowhere.
        """
        rows = self.table[np.asarray(chosen, dtype=np.bool_)]
        if rows.empty:
            raise EvaluationError("there are no predictions for it", subject=name)
        # Rows of a checked table need no second check.
        selected = object.__new__(Predictions)
        object.__setattr__(selected, "table", rows.reset_index(drop=True))
        return selected

    def part(self, part: str) -> Predictions:
        """Rows of one part: "validation" or "test".

        Raises:
            EvaluationError: If there are none.
        """
        return self.where(self.table["part"] == part, name=f"part {part!r}")

    def fold(self, fold: int) -> Predictions:
        """Rows of one fold.

        Raises:
            EvaluationError: If there are none.
        """
        return self.where(self.table["fold"] == fold, name=f"fold {fold}")

    def seed(self, seed: int) -> Predictions:
        """Rows of one seed.

        Raises:
            EvaluationError: If there are none.
        """
        return self.where(self.table["seed"] == seed, name=f"seed {seed}")

    def with_probabilities(self, probabilities: Floats) -> Predictions:
        """The same rows with other probabilities, of shape (rows, classes).

        Raises:
            EvaluationError: As `Predictions`.
        """
        named = dict(zip(_columns_of(self.table), probabilities.T, strict=True))
        return Predictions(self.table.assign(**named))

    def save(self, path: str | Path) -> Path:
        """Write as Parquet; the file appears whole or not at all.

        Raises:
            SerError: If it cannot be written.
        """
        path = Path(path)
        content = io.BytesIO()
        self.table.to_parquet(content, index=False, compression="zstd")
        atomic.write(path, content.getvalue())
        return path

    @classmethod
    def load(cls, path: str | Path) -> Predictions:
        """Read what `save` wrote.

        Raises:
            EvaluationError: If there is no such file, it is no Parquet, or as `Predictions`.
        """
        path = Path(path)
        if not path.exists():
            raise EvaluationError("there is no such file", subject=str(path), remedy=_REMEDY)
        try:
            table = read_parquet(path)
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error).splitlines()[0]
            raise EvaluationError(
                f"not a predictions table ({reason:.200})", subject=str(path), remedy=_REMEDY
            ) from error
        try:
            return cls(table)
        except EvaluationError as error:
            raise EvaluationError(
                str(error).rstrip("."), subject=str(path), remedy=_REMEDY
            ) from error


_REMEDY = "Choose the predictions.parquet of a finished run"


def _columns_of(table: pd.DataFrame) -> list[str]:
    return [name for name in table.columns if name.startswith(PREFIX)]


def _checked(table: pd.DataFrame) -> pd.DataFrame:
    """The table in its fixed form, or the first thing that is wrong with it."""
    table = _typed(_with_columns(table))
    _check_values(table)
    _check_probabilities(table)
    repeated = table.duplicated(list(KEY))
    if repeated.any():
        row = table[list(KEY)].iloc[int(repeated.to_numpy().argmax())]
        raise EvaluationError(
            "the same prediction is there twice",
            subject=", ".join(f"{name} {value}" for name, value in row.items()),
            remedy="Keep one row for each clip, fold, part and seed",
        )
    return table


def _with_columns(table: pd.DataFrame) -> pd.DataFrame:
    """The columns in their order, the describing ones added where absent."""
    missing = [name for name in (*KEY, "true") if name not in table]
    if missing or table.empty:
        raise EvaluationError(
            f"it lacks the columns {', '.join(missing)}" if missing else "there are no predictions",
            subject="predictions table",
        )
    classes = _classes(table)
    fixed = [*KEY, "true", *DESCRIBED]
    given = [PREFIX + name for name in classes]
    others = [name for name in table.columns if name not in {*fixed, *given}]
    return table.reindex(columns=[*fixed, *given, *others]).reset_index(drop=True)


def _classes(table: pd.DataFrame) -> list[str]:
    """Classes of the probability columns, in the order of the vocabulary."""
    names = [name.removeprefix(PREFIX) for name in _columns_of(table)]
    unknown = [name for name in names if not is_class_name(name)]
    if unknown:
        raise EvaluationError(
            "no name of a class", subject=PREFIX + unknown[0],
            remedy="Take letters, digits, blanks, and . - + _ in between, at most 40",
        )  # fmt: skip
    if len(names) < 2 or len(set(names)) < len(names):
        raise EvaluationError(
            f"{len(names)} probability columns ({', '.join(names) or 'none'})",
            subject="predictions table",
            remedy="Give one column p_<emotion> for each of two or more emotions",
        )
    return ordered(names)


def _typed(table: pd.DataFrame) -> pd.DataFrame:
    dtypes = _DTYPES | dict.fromkeys(_columns_of(table), "float64")
    return table.assign(**{name: _as(table[name], dtype) for name, dtype in dtypes.items()})


def _as(column: pd.Series[Any], dtype: Any) -> pd.Series[Any]:
    try:
        return column.astype(dtype)
    except (TypeError, ValueError) as error:
        raise EvaluationError(
            f"a value that is not of the type {dtype}", subject=f"column {column.name}"
        ) from error


def _check_values(table: pd.DataFrame) -> None:
    allowed: Mapping[str, Sequence[str]] = {
        "part": PARTS,
        "true": [name.removeprefix(PREFIX) for name in _columns_of(table)],
    }
    for name in ("clip", *allowed):
        if table[name].isna().any():
            raise EvaluationError("a value is missing", subject=f"column {name}")
    for name, values in allowed.items():
        odd = table.loc[~table[name].isin(list(values)), name]
        if len(odd):
            raise EvaluationError(
                f"{odd.iloc[0]!r} is none of {', '.join(values)} ({len(odd)} rows)",
                subject=f"column {name}",
                remedy="Score only the clips whose emotion is a class of the model",
            )


def _check_probabilities(table: pd.DataFrame) -> None:
    values = table[_columns_of(table)].to_numpy(np.float64)
    checks = {
        "a probability is NaN or infinite": ~np.isfinite(values).all(axis=1),
        "a probability is outside 0 to 1": ((values < 0) | (values > 1 + TOLERANCE)).any(axis=1),
        "the probabilities do not sum to 1": np.abs(values.sum(axis=1) - 1) > TOLERANCE,
    }
    for problem, wrong in checks.items():
        if wrong.any():
            clip = table["clip"].iloc[int(wrong.argmax())]
            raise EvaluationError(
                f"{problem} ({wrong.sum()} of {len(wrong)} rows)",
                subject=f"clip {clip}",
                remedy="Give the softmax of finite scores",
            )
