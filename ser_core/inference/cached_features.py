"""Cached features: sounds classified many times, with other speaker statistics each time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from ser_core.audio import Waveform
from ser_core.models.abilities import SINGLE, can
from ser_core.models.predictor import Predictor, Probabilities

Rows = npt.NDArray[np.intp]


class CachedFeatures(Protocol):
    """Sounds with their cached features."""

    def predict(
        self, rows: Rows, speaker: Rows | None = None, *, seen: bool = False
    ) -> Probabilities:
        """Probabilities for some of the sounds, (rows, classes).

        Args:
            rows: Numbers of the sounds to classify.
            speaker: Numbers of the sounds that enrol their speaker; None without enrolment.
            seen: Whether clips of the speaker were in training; see `Predictor.predict`.

        Raises:
            ModelError: If the model cannot enrol speakers.
        """
        ...


def cache_features(predictor: Predictor, waveforms: Sequence[Waveform]) -> CachedFeatures:
    """Prepare sounds for repeated predictions; each is represented once where possible."""
    if can(predictor, SINGLE):  # an exported file has none, and runs without torch
        from ser_core.inference.cached_network_features import CachedNetworkFeatures

        return CachedNetworkFeatures(predictor.members[0][0], waveforms)
    return UncachedFeatures(predictor, waveforms)


class UncachedFeatures:
    """Sounds given to the model anew each time; right for every model, and slow.

    Args:
        predictor: The model.
        waveforms: The sounds.
    """

    def __init__(self, predictor: Predictor, waveforms: Sequence[Waveform]) -> None:
        self.predictor, self.waveforms = predictor, waveforms

    def predict(
        self, rows: Rows, speaker: Rows | None = None, *, seen: bool = False
    ) -> Probabilities:
        """As `CachedFeatures`."""
        own = None
        if speaker is not None:
            own = self.predictor.enrol([self.waveforms[row] for row in speaker])
        return self.predictor.predict([self.waveforms[row] for row in rows], own, seen=seen)
