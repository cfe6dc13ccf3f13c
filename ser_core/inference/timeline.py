"""How emotion changes along a recording: predictions on windows that slide over it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd

from ser_core.audio import Waveform
from ser_core.core import Parameters, Progress, parameter
from ser_core.core.batches import spared
from ser_core.inference.classify import SHORTEST, InferenceModel, is_silent, rows_of
from ser_core.models.predictor import SpeakerStatistics

AT_ONCE = 32


@dataclass(frozen=True, kw_only=True)
class Windows(Parameters):
    """Windows over a recording.

    Raises:
        ParameterError: If a length is outside its bounds.
    """

    name: ClassVar[str] = "timeline"

    window: float = parameter(3.0, 0.5, 30.0, "Length of each classified window", "s")
    hop: float = parameter(1.0, 0.1, 30.0, "Step from one window to the next", "s")

    def starts(self, duration: float) -> list[float]:
        """Begin of each window in seconds; the last ends where the recording does.

        >>> Windows(window=3.0, hop=2.0).starts(8.0)
        [0.0, 2.0, 4.0, 5.0]
        >>> Windows().starts(2.5)
        [0.0]
        """
        last = max(0.0, duration - self.window)
        starts = [float(start) for start in np.arange(0.0, last, self.hop)]
        if len(starts) > 1 and last - starts[-1] < SHORTEST:
            starts.pop()  # nearly the same window as the last one
        return [*starts, last]


def timeline(
    model: InferenceModel,
    waveform: Waveform,
    windows: Windows = Windows(),
    speaker: SpeakerStatistics | None = None,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """Predictions along a recording.

    Args:
        model: The model.
        waveform: The recording, at the model's sample rate.
        windows: Their length and step.
        speaker: Statistics of the one speaker, from `enrol`; None without enrolment.
        progress: Called with (windows done, windows in all).

    Returns:
        A row a window: `start` and `end` in seconds, then as `classify.classify`. Silent windows
        have the problem "silent" and no prediction, others that the model fails on say why.
    """
    starts = windows.starts(waveform.duration)
    parts = [_cut(waveform, start, windows.window) for start in starts]
    given = np.full((len(parts), len(model.classes)), np.nan)
    problems = {n: "silent" for n, part in enumerate(parts) if is_silent(part)}
    sounding = [number for number in range(len(parts)) if number not in problems]
    for chosen in _some(sounding):
        found, refused = spared(
            lambda some: model.probabilities(some, speaker), [parts[number] for number in chosen]
        )
        for number, probabilities in found.items():
            given[chosen[number]] = probabilities
        problems |= {chosen[number]: why for number, why in refused.items()}
        if progress:
            progress(chosen[-1] + 1, len(parts))
    about: list[dict[str, object]] = [
        {
            "start": round(start, 3),
            "end": round(start + part.duration, 3),
            "problem": problems.get(number, ""),
        }
        for number, (start, part) in enumerate(zip(starts, parts, strict=True))
    ]
    return rows_of(about, given, model, speaker)


def _cut(waveform: Waveform, start: float, seconds: float) -> Waveform:
    rate = waveform.sample_rate
    first = round(start * rate)
    return Waveform(waveform.samples[first : first + round(seconds * rate)], rate)


def _some(numbers: list[int]) -> Iterator[list[int]]:
    for start in range(0, len(numbers), AT_ONCE):
        yield numbers[start : start + AT_ONCE]
