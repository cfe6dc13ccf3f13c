"""Cost against the size of a corpus: every step on corpora of growing size, and its exponent."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from ser_core import audio
from ser_core.audio import Waveform
from ser_core.core import demo_corpus
from ser_core.corpora import Corpus, Opening, open_corpus, scan
from ser_core.features.extraction import extract
from ser_core.features.representations import make as make_representation
from ser_core.recipes.recipe import Recipe, opened_as, parse
from ser_core.runs import catalogue
from ser_core.runs.execute import run
from ser_core.storage.feature_store import FeatureStore

RATE = 16_000
SPEAKERS, SENTENCES = 200, 100
PATTERN = r"(?P<speaker>s\d+)/.*/(?P<sentence>t\d+)_"
STEPS = ("open", "scan", "store", "train, an epoch", "whole run", "results")


@dataclass(frozen=True)
class Scale:
    """Seconds of each step by the number of clips.

    Attributes:
        clips: Numbers of clips, rising.
        seconds: Of each step, one a number.
        memory_mb: Resident memory of the process after each number.
        disk_mb: Of the feature store after each number.
        exponents: Slope of log time over log clips between the two largest numbers, where what a
            step costs by itself counts least: 1 where twice the clips take twice the time.
    """

    clips: list[int]
    seconds: dict[str, list[float]]
    memory_mb: list[float]
    disk_mb: list[float]
    exponents: dict[str, float]

    def as_dict(self) -> dict[str, Any]:
        """Fields as JSON takes them."""
        return asdict(self)


def measure(
    sizes: Sequence[int],
    place: Path,
    seconds: float = 1.0,
    announce: Callable[[str], None] = lambda _step: None,
) -> Scale:
    """Make corpora of these sizes and time what is done with them, in one process.

    Opening (list and read every header), scanning (decode and measure every clip), the feature
    store (functionals of every clip), one epoch of a linear network on them, the whole run around
    it (split, audit, reading the store, predictions), and its report with intervals.

    Args:
        sizes: Numbers of clips.
        place: Folder for the clips, the stores and the runs; `SER_HOME` must be one of its own too.
        seconds: Length of a clip.
        announce: Called with the name of each step as it begins.
    """
    sizes = sorted(sizes)
    found = [_steps(place / str(clips), clips, seconds, announce) for clips in sizes]
    times = {step: [round(each[step], 3) for each, _, _ in found] for step in STEPS}
    return Scale(
        list(sizes),
        times,
        [memory for _, memory, _ in found],
        [disk for _, _, disk in found],
        {step: round(exponent(sizes[-2:], times[step][-2:]), 2) for step in STEPS},
    )


def exponent(sizes: Sequence[int], times: Sequence[float]) -> float:
    """Slope of log time over log size, by least squares; NaN of one size.

    >>> round(exponent([10, 100, 1000], [0.2, 2.0, 20.0]), 6)
    1.0
    >>> round(exponent([10, 100], [1.0, 100.0]), 6)
    2.0
    """
    if len(sizes) < 2:
        return math.nan
    logs = np.log(np.asarray(sizes, float)), np.log(np.maximum(times, 1e-4))
    return float(np.polyfit(*logs, 1)[0])


def make(folder: Path, clips: int, seconds: float, seed: int = 0) -> Opening:
    """Write clips that are the bundled ones again and again, each changed.

    Each has a level, a beginning and a little noise of its own; labels are those of the clip that
    it is made of, speakers and sentences are made up.

    Args:
        folder: Where to.
        clips: How many.
        seconds: Length of each.
        seed: Of the changes.
    """
    draw = np.random.default_rng(seed)
    demo = open_corpus(demo_corpus())
    labels = demo.usable["emotion"]
    sounds = [
        (str(label), audio.load(demo.path(str(clip)), sample_rate=RATE).samples)
        for clip, label in labels.items()
    ]
    length = round(seconds * RATE)
    speakers = min(SPEAKERS, max(4, clips // 60))
    for number in range(clips):
        label, samples = sounds[number % len(sounds)]
        start = int(draw.integers(0, len(samples)))
        cut = np.resize(np.roll(samples, -start), length) * draw.uniform(0.3, 1.0)
        noisy = np.clip(cut + draw.normal(0, 0.002, length), -1, 1).astype(np.float32)
        take = number // speakers
        name = f"t{take % SENTENCES:03}_{take // SENTENCES}_{number}.wav"
        file = folder / f"s{number % speakers:03}" / label / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(audio.to_wav(Waveform(noisy, RATE)))
    return Opening(folder, "folders", {"pattern": PATTERN})


def _steps(
    place: Path, clips: int, seconds: float, announce: Callable[[str], None]
) -> tuple[Mapping[str, float], float, float]:
    """Seconds of every step on a corpus of this size, then memory and disk in MB."""
    took: dict[str, float] = {}

    def timed(step: str, work: Callable[[], Any]) -> Any:
        announce(f"{clips:,} clips: {step}")
        begun = time.perf_counter()
        found = work()
        took[step] = time.perf_counter() - begun
        return found

    announce(f"{clips:,} clips: made")
    opening = make(place / "corpus", clips, seconds)
    corpus = timed("open", lambda: open_corpus(opening))
    timed("scan", lambda: scan(corpus, workers=1))
    store = place / "store"
    timed("store", lambda: _store(corpus, store))
    outcome = timed("whole run", lambda: run(recipe(opening), place / "runs" / "run"))
    (course,) = catalogue.learning_curves(outcome.folder)
    took["train, an epoch"] = course.history[0]["seconds"]
    info = catalogue.open_run(outcome.folder)
    assert info is not None  # noqa: S101  (it has just been made)
    timed("results", lambda: catalogue.report_of(info))
    size = sum(file.stat().st_size for file in store.rglob("*") if file.is_file()) / 1e6
    memory = psutil.Process().memory_info().rss / 1e6
    return took, round(memory, 1), round(size, 3)


def _store(corpus: Corpus, folder: Path) -> None:
    """Functionals of every clip."""
    files = {str(clip): corpus.path(str(clip)) for clip in corpus.usable.index}
    extract(files, [make_representation("functionals")], store=FeatureStore(folder), workers=1)


def recipe(opening: Opening) -> Recipe:
    """Functionals and one linear layer on the random split, one epoch."""
    asked = parse(
        {
            "name": "scale",
            "corpus": str(opening.path),
            "split": {"policy": "random"},
            "representation": {"name": "functionals"},
            "network": {"name": "linear"},
            "train": {"epochs": 1, "batch": 64, "crop_s": None, "parts": 1, "threads": 1},
        }
    )
    return opened_as(asked, opening)
