"""Calibrated confidence, and the rejection threshold: below it a prediction is "uncertain"."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ser_core.core import ParameterError, count
from ser_core.evaluation import Predictions, apply_temperature, fit_temperature, threshold_for
from ser_core.inference.performance import performance, performance_of
from ser_core.models.predictor import Predictor, Probabilities
from ser_core.runs.layout import ENROLLED

WANTED_RISK = 0.1
"""Share of wrong predictions that the threshold keeps to on validation clips, where one can."""

FEWEST = 50
"""Validation clips below which neither temperature nor threshold is fitted."""

NOT_CALIBRATED = "Not calibrated"


@dataclass(frozen=True)
class Confidence:
    """How to read a model's probabilities.

    Attributes:
        temperature: They are raised to 1/temperature; 1 leaves them as they are.
        threshold: Predictions of less confidence are "uncertain"; where it is None, all are.
        source: Where both come from, as a sentence.
        coverage: Share of test predictions that reach the threshold; None where not counted.
        doubt: Why the model's test does not show that it works; empty where it does. There is no
            threshold then.
    """

    temperature: float = 1.0
    threshold: float | None = None
    source: str = f"{NOT_CALIBRATED}: there are no predictions on validation clips."
    coverage: float | None = None
    doubt: str = ""

    @property
    def is_calibrated(self) -> bool:
        """Whether a temperature was fitted."""
        return not self.source.startswith(NOT_CALIBRATED)

    @property
    def why_unsure(self) -> str:
        """Why every prediction is "uncertain", as sentences; empty where only some are."""
        if self.doubt or self.threshold is not None:
            return self.doubt
        return "There is no confidence above which this model is known to be right often enough."

    def applied(self, probabilities: Probabilities) -> Probabilities:
        """Calibrated probabilities; the likeliest class stays."""
        if self.temperature == 1.0:
            return probabilities
        return apply_temperature(probabilities, self.temperature)

    def unsure(self, probabilities: Probabilities) -> npt.NDArray[np.bool_]:
        """Where the prediction is "uncertain", of calibrated probabilities; shape (sounds,)."""
        if self.threshold is None:
            return np.ones(len(probabilities), dtype=bool)
        return np.asarray(probabilities.max(axis=1) < self.threshold)


def confidence(
    predictor: Predictor, folder: Path | None = None, *, enrolled: bool = False, seen: bool = False
) -> Confidence:
    """What the model's maker wrote down, or else what is fitted to its validation predictions.

    A model whose test does not show that it works has no threshold: all it predicts is uncertain.

    Args:
        predictor: The model.
        folder: Where it is; its predictions for enrolled speakers may be beside it, and the
            summary of its run above it.
        enrolled: Whether for enrolled speakers; as without enrolment where only that is known.
        seen: Whether for speakers who were in training, without enrolment; as for others where
            only that is known.
    """
    found = _calibration(predictor, folder, enrolled=enrolled, seen=seen)
    if "export" in predictor.about:  # a file says of itself whether its model is in doubt
        return found
    about = predictor.about
    doubt = (performance_of(folder, about) if folder else performance(about)).doubt
    return replace(found, threshold=None, coverage=None, doubt=doubt) if doubt else found


def _calibration(
    predictor: Predictor, folder: Path | None, *, enrolled: bool, seen: bool
) -> Confidence:
    about = predictor.about
    which = "enrolled" if enrolled else "seen" if seen else ""
    written = about.get(f"confidence_{which}") or about.get("confidence")
    if isinstance(written, Mapping):
        return _written(written)
    if "pooling" in about:  # an ensemble applies its own temperature
        own = about.get(which) or about
        rejection = (own.get("results") or {}).get("rejection") or {}
        source = "Calibrated by temperature scaling with the ensemble's weights."
        if which == "seen" and which in about:
            source = f"{source[:-1]}, for a speaker of whom other clips were in training."
        return Confidence(1.0, own.get("threshold"), source, rejection.get("coverage"))
    known: Predictions | None = getattr(predictor, "predictions", None)
    file = folder.parent / ENROLLED if folder and enrolled else None
    if file is not None and file.is_file():
        known = Predictions.load(file)
    if known is None:
        return Confidence()
    held_out = (known.table["part"] == "validation").to_numpy()
    if held_out.sum() < FEWEST:
        return Confidence(source=_few(int(held_out.sum())))
    return fitted(known.where(held_out))


def _few(clips: int) -> str:
    if not clips:
        return Confidence.source
    return (
        f"{NOT_CALIBRATED}: there are predictions on {count(clips, 'validation clip')} only, and "
        f"{FEWEST} are needed."
    )


def reads_seen(predictor: Predictor) -> bool:
    """Whether a model has weights or a calibration of its own for speakers of its training."""
    return "seen" in predictor.about or "confidence_seen" in predictor.about


def fitted(validation: Predictions, risk: float = WANTED_RISK) -> Confidence:
    """Temperature with the least NLL on validation clips, and the threshold of a wanted risk.

    Raises:
        EvaluationError: If there are test clips among them.
    """
    temperature = fit_temperature(validation)
    calibrated = validation.with_probabilities(
        apply_temperature(validation.probabilities, temperature)
    )
    source = f"Calibrated by temperature scaling on {len(validation):,} validation clips."
    try:
        chosen = threshold_for(calibrated, risk)
    except ParameterError:  # no threshold is that safe
        return Confidence(temperature, None, source)
    return Confidence(temperature, chosen.threshold, source, chosen.coverage)


def _written(content: Mapping[str, Any]) -> Confidence:
    threshold = content.get("threshold")
    return Confidence(
        float(content.get("temperature", 1.0)),
        None if threshold is None else float(threshold),
        str(content.get("source", "Calibrated by its maker.")),
        doubt=str(content.get("doubt", "")),
    )
