"""Predictions of several members for the same clips, row by row: what weights are fitted on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from ser_core.core import EvaluationError
from ser_core.evaluation import PREFIX, Predictions

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

ROW = ["clip", "fold", "part"]
"""Columns that identify a row; every member has exactly one prediction for it."""


@dataclass(frozen=True, eq=False)
class MemberPredictions:
    """Predictions of several members for the same rows.

    Attributes:
        names: Of the members.
        rows: The rows, with the mean of the members' probabilities.
        probabilities: Shape (members, rows, classes).
    """

    names: tuple[str, ...]
    rows: Predictions
    probabilities: Floats

    @classmethod
    def of(cls, members: Mapping[str, Predictions]) -> MemberPredictions:
        """Lay the tables of members upon each other, whatever the order of their rows.

        Args:
            members: One prediction a clip, fold and part, by name of the member; see
                `averaged` for runs of several seeds.

        Raises:
            EvaluationError: If there is none, or they differ in classes, rows or true emotions.

        >>> from ser_core.evaluation.example import example
        >>> stack = MemberPredictions.of({"one": example(), "two": example(seed=1)})
        >>> stack.names, stack.probabilities.shape
        (('one', 'two'), (2, 720, 6))
        """
        if not members:
            raise EvaluationError("there is no member", subject="ensemble")
        tables = {name: _sorted(name, each) for name, each in members.items()}
        first, *_ = tables
        for name in tables:
            _require_alike(first, tables[first], name, tables[name])
        probabilities = np.stack([each.probabilities for each in tables.values()])
        rows = tables[first].with_probabilities(_normalised(probabilities.mean(axis=0)))
        return cls(tuple(tables), rows, probabilities)

    @property
    def classes(self) -> tuple[str, ...]:
        """Emotions in the order of the probabilities."""
        return self.rows.classes

    def __len__(self) -> int:
        return len(self.rows)

    def where(self, chosen: npt.ArrayLike, *, name: str = "the selection") -> MemberPredictions:
        """Rows where a mask of shape (rows,) holds.

        Raises:
            EvaluationError: If it holds nowhere.
        """
        mask = np.asarray(chosen, dtype=np.bool_)
        return MemberPredictions(
            self.names, self.rows.where(mask, name=name), self.probabilities[:, mask]
        )

    def without(self, member: str) -> MemberPredictions:
        """All members but one."""
        kept = [i for i, name in enumerate(self.names) if name != member]
        return MemberPredictions(
            tuple(self.names[i] for i in kept), self.rows, self.probabilities[kept]
        )

    def member(self, name: str) -> Predictions:
        """Predictions of one member."""
        return self.rows.with_probabilities(self.probabilities[self.names.index(name)])

    def column(self, name: str) -> npt.NDArray[np.object_]:
        """A column of the rows, as plain values."""
        return self.rows.table[name].to_numpy(dtype=object)


def averaged(predictions: Predictions) -> Predictions:
    """One prediction a row: the mean of the probabilities of all seeds.

    Raises:
        EvaluationError: If some rows have fewer seeds than others.
    """
    table = predictions.table
    columns = [PREFIX + name for name in predictions.classes]
    grouped = table.groupby(ROW, sort=False)
    if len(set(grouped.size())) > 1:
        raise EvaluationError(
            "some clips lack the prediction of a seed", subject="predictions table",
            remedy="Finish the run first",
        )  # fmt: skip
    means = grouped[columns].mean()
    kept = table.drop_duplicates(ROW).set_index(ROW)
    kept[columns] = means
    return Predictions(kept.reset_index().assign(seed=0))


def by_seed(name: str, predictions: Predictions) -> dict[str, Predictions]:
    """The predictions of each seed as a member of its own."""
    seeds = sorted(map(int, predictions.table["seed"].unique()))
    if len(seeds) == 1:
        return {name: predictions}
    return {f"{name}, seed {seed}": predictions.seed(seed) for seed in seeds}


def _sorted(name: str, predictions: Predictions) -> Predictions:
    table = predictions.table
    if table.duplicated(ROW).any():
        raise EvaluationError(
            "a clip has several predictions", subject=name,
            remedy="Average the seeds, or make each a member",
        )  # fmt: skip
    order = table.sort_values(ROW).index
    return Predictions(table.loc[order].assign(seed=0))


def _normalised(probabilities: Floats) -> Floats:
    return np.asarray(probabilities / probabilities.sum(axis=-1, keepdims=True))


def _require_alike(first: str, one: Predictions, name: str, two: Predictions) -> None:
    if one.classes != two.classes:
        raise EvaluationError(
            f"has the classes {', '.join(two.classes)}, {first} has {', '.join(one.classes)}",
            subject=name,
            remedy="Choose runs with the same emotions",
        )
    mine, theirs = (pd.MultiIndex.from_frame(each.table[ROW]) for each in (one, two))
    if not mine.equals(theirs):
        lacking, more = len(mine.difference(theirs)), len(theirs.difference(mine))
        raise EvaluationError(
            f"lacks {lacking:,} of the predictions of {first}, and has {more:,} others",
            subject=name,
            remedy="Choose runs of one split, with the same folds trained",
        )
    if (one.true != two.true).any():
        clip = one.table["clip"].iloc[int((one.true != two.true).argmax())]
        raise EvaluationError(
            f"disagrees with {first} about the label of {clip}", subject=name,
            remedy="Choose runs of one corpus",
        )  # fmt: skip
