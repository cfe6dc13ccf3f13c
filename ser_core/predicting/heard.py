"""Sounds that are answered many times, each time with another voice, and heard but once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from ser_core.audio import Waveform
from ser_core.models.abilities import SINGLE, can
from ser_core.models.predictor import Predictor, Probabilities

Rows = npt.NDArray[np.intp]


class Heard(Protocol):
    """Sounds that a model has heard."""

    def answer(self, rows: Rows, voice: Rows | None = None) -> Probabilities:
        """Probabilities for some of the sounds, (rows, classes).

        Args:
            rows: Numbers of the sounds to answer.
            voice: Numbers of the sounds that tell of their speaker; None when nothing is known.

        Raises:
            ModelError: If the model makes no use of a voice.
        """
        ...


def hear(predictor: Predictor, waveforms: Sequence[Waveform]) -> Heard:
    """Let a model hear sounds, at the cost of representing each once where that is possible."""
    if can(predictor, SINGLE):  # an exported file has none, and answers without torch
        from ser_core.predicting.heard_by_network import HeardByNetwork

        return HeardByNetwork(predictor.members[0][0], waveforms)
    return HeardByAny(predictor, waveforms)


class HeardByAny:
    """Sounds given anew to whatever answers; right for every model, and slow.

    Args:
        predictor: What answers.
        waveforms: The sounds.
    """

    def __init__(self, predictor: Predictor, waveforms: Sequence[Waveform]) -> None:
        self.predictor, self.waveforms = predictor, waveforms

    def answer(self, rows: Rows, voice: Rows | None = None) -> Probabilities:
        """As `Heard`."""
        own = None
        if voice is not None:
            own = self.predictor.enrol([self.waveforms[row] for row in voice])
        return self.predictor.predict([self.waveforms[row] for row in rows], own)
