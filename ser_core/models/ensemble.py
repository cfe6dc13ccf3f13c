"""An ensemble on disk, and as a predictor: its members' models and how they are pooled.

`ensemble.json` holds weights, temperature, threshold and metadata, `members/` the models
that are asked, each a whole bundle, `predictions.parquet` its predictions on clips that
shaped nothing of it, `trials.parquet` the search, and `README.md` the card. Nothing is pickled.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ser_core.audio import Waveform
from ser_core.core import ModelError, SerError, files
from ser_core.evaluation import Predictions
from ser_core.models import abilities
from ser_core.models.bundle import Bundle, load_bundle
from ser_core.models.description import (
    card_of,
    check_description,
    check_temperature,
    check_threshold,
    line,
)
from ser_core.models.pooling import POOLINGS, Pool, Stacking
from ser_core.models.predictor import Probabilities, SpeakerStatistics, checked
from ser_core.models.shared_features import enrolled, probabilities_of
from ser_core.storage import atomic
from ser_core.storage.parquet import read_parquet

VERSION = 1
FILE = "ensemble.json"
PREDICTIONS, TRIALS = "predictions.parquet", "trials.parquet"
ENROLLED, SEEN = "enrolled-", "seen-"
"""Begin the names of the files of predictions with enrolment, and for speakers in training."""
_INSIDE = re.compile(r"members/\d+/[\w.-]+")


@dataclass(frozen=True, eq=False)
class Ensemble:
    """Several models pooled into one `Predictor`.

    Attributes:
        models: Models of each member, whose probabilities are averaged; none where its weight is
            zero, since it is not asked.
        pool: How the members are pooled.
        about: Content of `ensemble.json`.
        predictions: Calibrated predictions on the test clips, each by a pool fitted without it.
        trials: The search, a row a trial.
        pool_enrolled: How they are pooled for an enrolled speaker; None where `pool` serves.
        predictions_enrolled: Predictions with enrolled speakers.
        trials_enrolled: The search for that pool.
        pool_seen: How they are pooled for a speaker who was in training; None where `pool` serves.
        predictions_seen: Predictions for such speakers.
        trials_seen: The search for that pool.
        splits: Content of the file of each member's split, by its place in the folder; written
            with the rest, so that the clips which trained it stay known.
    """

    models: tuple[tuple[Bundle, ...], ...]
    pool: Pool
    about: dict[str, Any]
    predictions: Predictions | None = None
    trials: pd.DataFrame | None = None
    pool_enrolled: Pool | None = None
    predictions_enrolled: Predictions | None = None
    trials_enrolled: pd.DataFrame | None = None
    pool_seen: Pool | None = None
    predictions_seen: Predictions | None = None
    trials_seen: pd.DataFrame | None = None
    splits: Mapping[str, bytes] = field(default_factory=dict)

    @property
    def classes(self) -> tuple[str, ...]:
        """Emotions in the order of the probabilities."""
        return tuple(self.about["classes"])

    @property
    def card(self) -> str:
        """Model card in Markdown."""
        from ser_core.models.ensemble_card import card

        return card_of(card, self.about)

    @property
    def sample_rate(self) -> int:
        """The highest of its models', in Hz; each resamples to its own."""
        return max(model.sample_rate for model in self._asked)

    @property
    def enrols(self) -> bool:
        """Whether any of its models can enrol a speaker."""
        return any(model.enrols for model in self._asked)

    @property
    def threshold(self) -> float | None:
        """Rejection threshold: a prediction of less confidence is "uncertain"; None for all."""
        return self.threshold_for(enrolled=False)

    def threshold_for(self, *, enrolled: bool) -> float | None:
        """Rejection threshold with enrolment, or without."""
        known = enrolled and self.pool_enrolled is not None
        about = self.about["enrolled"] if known else self.about
        threshold: float | None = about["threshold"]
        return threshold

    @property
    def lacks(self) -> Mapping[str, str]:
        """What any of its models lacks, and why; and that it is several."""
        return abilities.of_pool(self.members)

    @property
    def members(self) -> tuple[tuple[Bundle, ...], ...]:
        """Models of the members in use."""
        return tuple(models for models in self.models if models)

    def pool_for(self, *, enrolled: bool, seen: bool = False) -> Pool:
        """How the probabilities of `members` are pooled, by what is known of the speaker.

        Args:
            enrolled: Whether the speaker is enrolled.
            seen: Whether clips of the speaker were in training; of no account with enrolment.
        """
        own = self.pool_enrolled if enrolled else self.pool_seen if seen else None
        pool = own or self.pool
        return pool.over([number for number, models in enumerate(self.models) if models])

    @property
    def _asked(self) -> list[Bundle]:
        return [model for models in self.models for model in models]

    def predict_proba(
        self, waveforms: Sequence[npt.NDArray[np.float32]], sample_rate: int
    ) -> Probabilities:
        """Probabilities of the classes for plain arrays, as `Bundle.predict_proba`."""
        return self.predict([Waveform(wave, sample_rate) for wave in waveforms])

    def predict(
        self,
        waveforms: Sequence[Waveform],
        speaker: SpeakerStatistics | None = None,
        *,
        seen: bool = False,
    ) -> Probabilities:
        """Pooled, calibrated probabilities for sounds of one speaker, who may be enrolled.

        Members that have no weight for what is known of the speaker are not asked.

        Args:
            waveforms: Sounds.
            speaker: Statistics from `enrol`; None without enrolment.
            seen: Whether clips of the speaker were in training; see `pool_for`.

        Raises:
            AudioError: If a sound is empty or not finite.
            ModelError: If the statistics are of another model.
        """
        pool = self.pool_for(enrolled=bool(speaker), seen=seen)
        parts = iter(self._speakers(speaker))
        members = [[(model, next(parts)) for model in models] for models in self.members]
        asked = [number for number, weight in enumerate(pool.weights) if weight]
        pairs = [pair for number in asked for pair in members[number]]
        given = iter(
            probabilities_of([model for model, _ in pairs], waveforms, [each for _, each in pairs])
        )
        means = [
            np.mean([self._ordered(model, next(given)) for model, _ in members[number]], axis=0)
            for number in asked
        ]
        return checked(pool.over(asked)(np.stack(means)), str(self.about["name"]))

    def _ordered(self, model: Bundle, given: Probabilities) -> Probabilities:
        return given[:, [model.classes.index(name) for name in self.classes]]

    def _speakers(self, speaker: SpeakerStatistics | None) -> list[SpeakerStatistics | None]:
        """The speaker's statistics for each model; None for those that do not enrol."""
        if not speaker:
            return [None] * len(self._asked)
        users = sum(model.enrols for model in self._asked)
        if len(speaker) != users:
            raise ModelError(
                f"an enrolment of {len(speaker)} parts is of another model; this one needs {users}",
                subject=str(self.about["name"]),
                remedy="Enrol the speaker again",
            )
        parts = iter(speaker)
        return [(next(parts),) if model.enrols else None for model in self._asked]

    def enrol(self, waveforms: Sequence[Waveform]) -> SpeakerStatistics:
        """Statistics of a speaker for every model that uses them, one array each.

        Raises:
            ModelError: If none does.
        """
        if not self.enrols:
            raise ModelError(
                "does not use enrolment",
                subject=str(self.about["name"]),
                remedy="Pool members that are trained with normalisation by speaker",
            )
        return enrolled([model for model in self._asked if model.enrols], waveforms)

    def save(self, folder: Path) -> Path:
        """Write the ensemble; the folder appears whole or not at all, and replaces an older one.

        Raises:
            ModelError: If it cannot be written.
        """
        with atomic.folder(folder, ModelError) as new:
            self._write(new)
        return folder

    def _write(self, folder: Path) -> None:
        for models, member in zip(self.models, self.about["members"], strict=True):
            for model, place in zip(models, member["bundles"], strict=True):
                model.save(folder / place)
        for place, split in self.splits.items():
            (folder / place).parent.mkdir(parents=True, exist_ok=True)
            (folder / place).write_bytes(split)
        content = {"version": VERSION, **self.about}
        text = json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False)
        (folder / FILE).write_text(text, encoding="utf-8")
        (folder / "README.md").write_text(self.card, encoding="utf-8")
        for name, table in self._tables.items():
            if isinstance(table, Predictions):
                table.save(folder / name)
            elif table is not None:
                table.to_parquet(folder / name, index=False)

    @property
    def _tables(self) -> dict[str, Predictions | pd.DataFrame | None]:
        return {
            PREDICTIONS: self.predictions,
            TRIALS: self.trials,
            ENROLLED + PREDICTIONS: self.predictions_enrolled,
            ENROLLED + TRIALS: self.trials_enrolled,
            SEEN + PREDICTIONS: self.predictions_seen,
            SEEN + TRIALS: self.trials_seen,
        }


def load_ensemble(folder: Path) -> Ensemble:
    """Open an ensemble.

    Raises:
        ModelError: If there is none, or it or one of its members is damaged.
    """
    try:
        about = files.read_json(folder / FILE)
    except FileNotFoundError as error:
        raise ModelError(
            "is no ensemble", subject=str(folder), remedy=f"Choose the folder that has an {FILE}"
        ) from error
    except (OSError, ValueError) as error:
        raise _damaged(folder, error) from error
    try:
        check_description(about, VERSION)
        about.pop("version")
        pool = _pool(about)
        models = tuple(_models(folder, member, about["classes"]) for member in about["members"])
        _check(about, pool, models)
        pool_enrolled, pool_seen = (_own_pool(about, key, models) for key in ("enrolled", "seen"))
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError, OSError) as error:
        raise _damaged(folder, error) from error
    try:
        tables = [_tables(folder, prefix) for prefix in ("", ENROLLED, SEEN)]
    except (OSError, ValueError, SerError) as error:
        raise _damaged(folder, error) from error
    return Ensemble(
        models, pool, about, *tables[0], pool_enrolled, *tables[1], pool_seen, *tables[2]
    )


def _tables(folder: Path, prefix: str) -> tuple[Predictions | None, pd.DataFrame | None]:
    predictions, trials = folder / f"{prefix}{PREDICTIONS}", folder / f"{prefix}{TRIALS}"
    return (
        Predictions.load(predictions) if predictions.exists() else None,
        read_parquet(trials) if trials.exists() else None,
    )


def _own_pool(
    about: dict[str, Any], key: str, models: tuple[tuple[Bundle, ...], ...]
) -> Pool | None:
    """The pool for some speakers, where it is not that for others."""
    if key not in about:
        return None
    pool = _pool({**about, **about[key]})
    _check(about[key], pool, models)
    return pool


def _pool(about: dict[str, Any]) -> Pool:
    """Weights and temperature, or a ValueError for what cannot be some."""
    weights = tuple(float(weight) for weight in about["weights"])
    temperature = check_temperature(about["temperature"])
    if about["pooling"] not in POOLINGS:
        raise ValueError(f"no pooling {about['pooling']!r}")
    if not all(np.isfinite(w) and w >= 0 for w in weights) or not any(weights):
        raise ValueError("weights must be finite, from 0 up, and not all 0")
    if POOLINGS[about["pooling"]].on_simplex and abs(sum(weights) - 1) > 1e-6:
        raise ValueError(f"weights sum to {sum(weights):g}, not 1")
    return Pool(about["pooling"], weights, temperature, _stacking(about))


def _stacking(about: dict[str, Any]) -> Stacking | None:
    """Coefficients of a pool that has some, or a ValueError where they do not fit the rest."""
    if not POOLINGS[about["pooling"]].stacked:
        return None
    found = Stacking.of(about["stacking"]["coefficients"], about["stacking"]["intercept"])
    members, classes = len(found.coefficients), len(found.intercept)
    if (members, classes) != (len(about["weights"]), len(about["classes"])):
        raise ValueError(f"stacking of {members} members and {classes} classes")
    return found


def _models(folder: Path, member: dict[str, Any], classes: list[str]) -> tuple[Bundle, ...]:
    places = member["bundles"]
    odd = [place for place in places if not _INSIDE.fullmatch(place) or ".." in place]
    if odd:
        raise ValueError(f"{odd[0]!r} is no place of a member")
    home = folder.resolve()
    for place in places:
        for file in (folder / place, *(folder / place).glob("*")):
            if not file.resolve().is_relative_to(home):
                raise ValueError(f"{place} is a link to outside of the folder")
    models = tuple(load_bundle(folder / place) for place in places)
    for place, model in zip(places, models, strict=True):
        if sorted(model.classes) != sorted(classes):
            raise ValueError(f"{place} has other classes")
    return models


def _check(about: dict[str, Any], pool: Pool, models: tuple[tuple[Bundle, ...], ...]) -> None:
    if len(pool.weights) != len(models):
        raise ValueError(f"{len(pool.weights)} weights for {len(models)} members")
    if any(weight and not own for weight, own in zip(pool.weights, models, strict=True)):
        raise ValueError("a member with a weight has no model")
    check_threshold(about["threshold"])


def _damaged(folder: Path, error: Exception) -> ModelError:
    return ModelError(
        f"is damaged ({line(error)})",
        subject=str(folder),
        remedy="Make the ensemble again, or fetch it again",
    )
