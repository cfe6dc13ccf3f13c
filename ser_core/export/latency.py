"""Latency of predictions, candidates by turns in one run."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ser_core.audio import Waveform
from ser_core.models.abilities import SINGLE, can
from ser_core.models.onnx import feeds_of, open_onnx
from ser_core.models.onnx_metadata import FEATURES, PROBABILITIES
from ser_core.models.predictor import Predictor

SECONDS = 2.4
ROUNDS = 50
WARM = 3
THREADS = (1, 2)


@dataclass(frozen=True)
class Speed:
    """How quick a candidate is with so many threads.

    Attributes:
        name: Of the candidate.
        threads: It may use.
        p50: Median latency in milliseconds.
        p95: 95th percentile of the latency in milliseconds.
        real_time: Median time over the length of the sound.
        bytes: Size of the file; None where there is none.
    """

    name: str
    threads: int
    p50: float
    p95: float
    real_time: float
    bytes: int | None


def measure(
    files: Sequence[Path],
    sound: Waveform,
    *,
    model: Predictor | None = None,
    threads: Sequence[int] = THREADS,
    rounds: int = ROUNDS,
    progress: Callable[[int, int], None] | None = None,
) -> list[Speed]:
    """Time files, and the model they come from, on one sound.

    Every round runs each candidate once, in the same order, so that what else the computer does
    falls on all of them alike. Feature maps of files that begin behind the representation are
    computed before the clock starts.

    Args:
        files: Exported.
        sound: To classify.
        model: A bundle or an ensemble to time beside them, as torch runs it.
        threads: Numbers of threads, one after the other.
        rounds: Predictions of each candidate.
        progress: Called with (rounds done, rounds in all).

    Raises:
        ModelError: If a file cannot be opened.
    """
    names = [path.name for path in files]
    named = {path.name if names.count(path.name) == 1 else str(path): path for path in files}
    found = []
    for number, count in enumerate(threads):
        candidates = {name: _file(path, sound, count) for name, path in named.items()}
        if model is not None:
            candidates["torch"] = _torch(model, files, sound, count)
        times = _by_turns(candidates, rounds, progress, number, len(threads))
        for name, seconds in times.items():
            size = named[name].stat().st_size if name in named else None
            found.append(_speed(name, count, seconds, sound.duration, size))
    return found


def _by_turns(
    candidates: dict[str, Callable[[], Any]],
    rounds: int,
    progress: Callable[[int, int], None] | None,
    number: int,
    parts: int,
) -> dict[str, list[float]]:
    times: dict[str, list[float]] = {name: [] for name in candidates}
    for turn in range(WARM + rounds):
        for name, classify in candidates.items():
            begun = time.perf_counter()
            classify()
            times[name].append(time.perf_counter() - begun)
        if progress:
            total = WARM + rounds
            progress(number * total + turn + 1, parts * total)
    return {name: each[WARM:] for name, each in times.items()}


def _speed(
    name: str, threads: int, seconds: list[float], duration: float, size: int | None
) -> Speed:
    middle, most = np.percentile(seconds, [50, 95])
    return Speed(name, threads, 1e3 * middle, 1e3 * most, float(middle / duration), size)


def _file(path: Path, sound: Waveform, threads: int) -> Callable[[], Any]:
    model = open_onnx(path, threads=threads)
    feeds = feeds_of(model.spec, sound)
    return lambda: model.session.run([PROBABILITIES], feeds)


def _torch(
    model: Predictor, files: Sequence[Path], sound: Waveform, threads: int
) -> Callable[[], Any]:
    """The model as the app runs it; from the feature map on, where the files begin there."""
    import torch

    from ser_core.models.onnx import read

    torch.set_num_threads(threads)
    if not (can(model, SINGLE) and files and read(files[0]).of(FEATURES)):
        return lambda: model.predict([sound])
    network = model.members[0][0].model
    with torch.inference_mode():
        feature_map = network.front_end(torch.from_numpy(sound.samples)[None])

    def classify() -> torch.Tensor:
        with torch.inference_mode():
            return network.logits(feature_map).softmax(-1)

    return classify


def of_length(sound: Waveform, seconds: float) -> Waveform:
    """The sound, repeated or cut to so many seconds."""
    return Waveform(np.resize(sound.samples, round(seconds * sound.sample_rate)), sound.sample_rate)
