"""How emotion changes along a recording: predictions on windows that slide over it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import ClassVar

import numpy as np
import numpy.typing as npt
import pandas as pd

from ser_core.audio import SoundStream, Waveform, parts
from ser_core.core import Parameters, Progress, parameter
from ser_core.core.batches import spared
from ser_core.inference.classify import (
    SHORTEST,
    EnrolledSpeaker,
    InferenceModel,
    at,
    is_silent,
    rows_of,
)
from ser_core.models.predictor import SpeakerStatistics

AT_ONCE = 32

Samples = npt.NDArray[np.float32]


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
    """Predictions along a recording that is in memory; see `timeline_parts`.

    Args:
        model: The model.
        waveform: The recording, at the model's sample rate.
        windows: Their length and step.
        speaker: Statistics of the one speaker, from `enrol`; None without enrolment.
        progress: Called with (windows done, windows in all).
    """
    starts = windows.starts(waveform.duration)
    spans = [(start, min(start + windows.window, waveform.duration)) for start in starts]
    found = predict_spans(model, [waveform.samples], spans, speaker, progress=progress)
    return pd.concat(found, ignore_index=True)


def timeline_parts(
    model: InferenceModel,
    sound: SoundStream,
    windows: Windows = Windows(),
    enrolled: EnrolledSpeaker | None = None,
    progress: Progress | None = None,
) -> Iterator[pd.DataFrame]:
    """Predictions along a recording of any length, some windows at a time.

    Args:
        model: The model.
        sound: The recording, at the model's sample rate.
        windows: Their length and step.
        enrolled: The one speaker, from `enrol_speaker`; None without enrolment.
        progress: Called with (windows done, windows in all).

    Returns:
        Tables of `predict_spans`, a row a window.
    """
    starts = windows.starts(sound.duration)
    spans = [(start, min(start + windows.window, sound.duration)) for start in starts]
    speaker = enrolled.statistics if enrolled else None
    yield from predict_spans(
        model, sound.blocks(), spans, speaker, verify=enrolled, progress=progress
    )


def predict_spans(
    model: InferenceModel,
    blocks: Iterable[Samples],
    spans: Sequence[tuple[float, float]],
    speaker: SpeakerStatistics | None = None,
    *,
    verify: EnrolledSpeaker | None = None,
    progress: Progress | None = None,
) -> Iterator[pd.DataFrame]:
    """Predictions for parts of a sound that comes block by block.

    Args:
        model: The model.
        blocks: Mono samples at the model's sample rate, from the beginning.
        spans: Start and end of each part in seconds, in the order of their starts.
        speaker: Statistics of the one speaker; None without enrolment.
        verify: The enrolled speaker, to say in `other_voice` which parts another one speaks.
        progress: Called with (parts done, parts in all).

    Returns:
        Tables with a row a part: `start` and `end` in seconds, then as `classify.classify`. Silent
        parts have the problem "silent" and no prediction, others that the model fails on say why.
        Parts shorter than `training_domain.LEAST_S` are never `unlike_training`.
    """
    cut = parts(blocks, model.predictor.sample_rate, spans)
    for start in range(0, len(spans), AT_ONCE):
        some = spans[start : start + AT_ONCE]
        yield _predicted(model, some, list(islice(cut, len(some))), speaker, verify)
        if progress:
            progress(start + len(some), len(spans))


def _predicted(
    model: InferenceModel,
    spans: Sequence[tuple[float, float]],
    waves: Sequence[Waveform | None],
    speaker: SpeakerStatistics | None,
    verify: EnrolledSpeaker | None,
) -> pd.DataFrame:
    problems = {number: why for number, wave in enumerate(waves) if (why := _problem(wave))}
    sounding = {n: wave for n, wave in enumerate(waves) if wave and n not in problems}
    numbers = list(sounding)
    found, refused = spared(
        lambda some: model.probabilities(some, speaker), list(sounding.values())
    )
    problems |= {numbers[number]: why for number, why in refused.items()}
    given = np.full((len(waves), len(model.classes)), np.nan)
    for number, probabilities in found.items():
        given[numbers[number]] = probabilities
    about: list[dict[str, object]] = [
        {
            "start": round(start, 3),
            "end": round(start + wave.duration if wave else end, 3),
            "problem": problems.get(number, ""),
        }
        for number, ((start, end), wave) in enumerate(zip(spans, waves, strict=True))
    ]
    table = rows_of(about, given, model, speaker)
    said: dict[str, npt.NDArray[np.bool_]] = {}
    if verify:
        said["other_voice"] = at(numbers, verify.doubts(list(sounding.values())), len(waves))
    if model.domain:
        unlike = model.domain.unlike_parts(list(sounding.values()))
        said["unlike_training"] = at(numbers, unlike, len(waves))
    return table.drop(columns="problem").assign(**said, problem=table["problem"])


def _problem(wave: Waveform | None) -> str:
    if wave is None:
        return "after the end of the recording"
    return "silent" if is_silent(wave) else ""
