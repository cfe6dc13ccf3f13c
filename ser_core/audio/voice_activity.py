"""Voice activity: where somebody speaks in a recording, by the model silero-vad (MIT licence).

The model gives the probability of speech for frames of 32 ms and carries its state from one to the
next, so a recording is gone through once, block by block. Source: Silero Team, Silero VAD,
version 6, https://github.com/snakers4/silero-vad.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from ser_core.audio.waveform import SAMPLE_RATE, Samples
from ser_core.core import ModelError, Parameters, files, parameter

FILE = Path(__file__).with_name("silero-vad") / "model.onnx"
DIGEST = "9ccdacc4719d8aa7e45a77536bfabec45a03ba1f2fad5e241ab4060b24238a85"
"""SHA-256 of the model, as it is in the package silero-vad 6.2.3."""

FRAME, CONTEXT = 512, 64
"""Samples of a frame, and of the one before that the model is given with it."""

AT_ONCE = 512
"""Frames in one call: 16 s."""

FRAME_S = FRAME / SAMPLE_RATE


@dataclass(frozen=True, kw_only=True)
class VoiceActivity(Parameters):
    """Which probabilities of speech make a stretch of speech.

    Speech begins at a frame above the threshold, and ends where it stays 0.15 below that for the
    length of a pause. The rule and the threshold are those of silero-vad; its pause of 0.1 s ends a
    stretch within a sentence, so the one here is longer.

    Raises:
        ParameterError: If a value is outside its bounds.
    """

    name: ClassVar[str] = "voice activity"

    threshold: float = parameter(0.5, 0.2, 0.95, "Probability from which on a frame is speech")
    pause: float = parameter(0.5, 0.1, 5.0, "Silence that ends a stretch of speech", "s")
    shortest: float = parameter(0.25, 0.1, 5.0, "Stretches that are shorter are left out", "s")
    longest: float = parameter(15.0, 2.0, 60.0, "Longer stretches are cut at a pause in them", "s")
    pad: float = parameter(0.1, 0.0, 0.5, "Added before and after each stretch", "s")


def speech_probabilities(blocks: Iterable[Samples]) -> npt.NDArray[np.float32]:
    """Probability of speech in each frame of 32 ms, shape (frames,).

    Args:
        blocks: Mono samples at 16 kHz, from the beginning; the last frame is filled with zeros.

    Raises:
        ModelError: If the model is missing or damaged.
    """
    session = _session()
    state = [np.zeros((1, 1, 128), np.float32)] * 2
    before = np.zeros(CONTEXT, np.float32)
    found = []
    for frames in _frames(blocks):
        contexts = np.vstack([before, frames[:-1, -CONTEXT:]])
        before = frames[-1, -CONTEXT:]
        given = {"input": np.hstack([contexts, frames]), "h": state[0], "c": state[1]}
        some, *state = session.run(["speech_probs", "hn", "cn"], given)
        found.append(some.reshape(-1))
    return np.concatenate(found) if found else np.zeros(0, np.float32)


def _frames(blocks: Iterable[Samples]) -> Iterator[Samples]:
    """Frames of shape (up to `AT_ONCE`, 512)."""
    held = np.zeros(0, np.float32)
    for block in blocks:
        held = np.concatenate([held, block])
        while len(held) >= AT_ONCE * FRAME:
            yield held[: AT_ONCE * FRAME].reshape(-1, FRAME)
            held = held[AT_ONCE * FRAME :]
    if len(held):
        yield np.pad(held, (0, -len(held) % FRAME)).reshape(-1, FRAME)


def stretches(
    probabilities: npt.NDArray[np.float32],
    duration: float,
    rule: VoiceActivity = VoiceActivity(),
) -> list[tuple[float, float]]:
    """Stretches of speech: start and end in seconds, in order, none within another.

    Args:
        probabilities: Of speech in each frame, shape (frames,).
        duration: Of the recording in seconds.
        rule: What makes a stretch.

    >>> stretches(np.float32([0] * 10 + [0.9] * 50 + [0] * 30), 90 * FRAME_S)
    [(0.22, 2.02)]
    """
    pieces = [
        piece
        for first, last in _runs(probabilities, rule)
        if (last - first) * FRAME_S >= rule.shortest
        for piece in _short(probabilities, first, last, round(rule.longest / FRAME_S))
    ]
    found: list[tuple[float, float]] = []
    for number, (first, last) in enumerate(pieces):
        # No further than to the middle of the gap to the stretch before and after.
        gap_before = first - pieces[number - 1][1] if number else 2 * first
        after = pieces[number + 1][0] if number + 1 < len(pieces) else None
        gap_after = np.inf if after is None else after - last
        start = first * FRAME_S - min(rule.pad, gap_before * FRAME_S / 2)
        end = last * FRAME_S + min(rule.pad, gap_after * FRAME_S / 2)
        found.append((round(max(0.0, start), 3), round(min(duration, end), 3)))
    return [each for each in found if each[0] < each[1]]


def _runs(probabilities: npt.NDArray[np.float32], rule: VoiceActivity) -> Iterator[tuple[int, int]]:
    """First frame of each run of speech and the one after its last."""
    least, pause = max(rule.threshold - 0.15, 0.01), rule.pause / FRAME_S
    begun: int | None = None
    quiet: int | None = None
    for frame, value in enumerate(probabilities.tolist()):
        if value >= rule.threshold:
            begun = frame if begun is None else begun
            quiet = None
        elif begun is not None and value < least:
            quiet = frame if quiet is None else quiet
            if frame - quiet + 1 >= pause:
                yield begun, quiet
                begun = quiet = None
    if begun is not None:
        yield begun, len(probabilities) if quiet is None else quiet


def _short(
    probabilities: npt.NDArray[np.float32], first: int, last: int, longest: int
) -> Iterator[tuple[int, int]]:
    """A run cut where speech is least probable, in the second half of what may be the longest."""
    while last - first > longest:
        least = first + longest // 2
        cut = least + int(probabilities[least : first + longest].argmin())
        yield first, cut
        first = cut
    yield first, last


@cache
def _session() -> Any:
    import onnxruntime

    try:
        content = files.read_bytes(FILE)
    except OSError as error:
        raise ModelError("the model is missing", subject=str(FILE)) from error
    if hashlib.sha256(content).hexdigest() != DIGEST:
        raise ModelError(
            "the model is damaged", subject=str(FILE), remedy="Install the workbench again"
        )
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
