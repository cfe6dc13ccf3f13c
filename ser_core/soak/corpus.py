"""A made corpus of very many short clips: opened, browsed, split, audited and scanned."""

from __future__ import annotations

import struct
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlencode

import numpy as np

from ser_core.core import EMOTIONS, settings
from ser_core.corpora import (
    Corpus,
    Opening,
    audit,
    audit_split,
    filter_clips,
    known_measures,
    make_split,
    open_corpus,
    scan,
    showcase,
    siblings,
    snapshot,
)
from ser_core.soak.machine import memory_mb
from ser_core.storage.opened import remember_opened

RATE = 16_000
SECONDS = 0.2
"""Of a made clip: 6.4 kB. What is timed here is the work on a clip that does not grow with it."""

SPEAKERS, SENTENCES = 200, 100
PATTERN = r"(?P<speaker>s\d+)/.*/(?P<sentence>t\d+)_"
POLICIES = ("random", "speaker-disjoint", "speaker-and-sentence-disjoint")

Announce = Callable[[str], None]
Result = TypeVar("Result")


@dataclass(frozen=True)
class CorpusSoak:
    """Figures of one made corpus.

    Attributes:
        clips: Sound files, each with samples of its own.
        megabytes: Their size.
        seconds: Wall-clock time of each step.
        memory_mb: Resident memory of the process after each step, of pages that of the server.
        faults: What was not as it must be; empty.
    """

    clips: int
    megabytes: float
    seconds: dict[str, float]
    memory_mb: dict[str, float]
    faults: list[str]

    def as_dict(self) -> dict[str, Any]:
        """Fields as JSON takes them."""
        return asdict(self)


def make(folder: Path, clips: int, seed: int = 0) -> Opening:
    """Write clips of noise as WAV files, a folder a speaker and an emotion in it.

    Args:
        folder: Where to; those that lie there already are kept.
        clips: How many; every speaker says every sentence in every emotion, in several takes
            where they are more than these.
        seed: Of the samples.
    """
    draw = np.random.default_rng(seed)
    count = round(RATE * SECONDS)
    for path in _names(clips):
        samples = draw.integers(-3000, 3000, count, dtype=np.int16)
        file = folder / path
        if file.is_file():
            continue
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(_wav(samples.tobytes()))
    return Opening(folder, "folders", {"pattern": PATTERN})


def _names(clips: int) -> Iterator[str]:
    for number in range(clips):
        rest, speaker = divmod(number, min(SPEAKERS, max(4, clips // 60)))
        rest, emotion = divmod(rest, len(EMOTIONS))
        take, sentence = divmod(rest, SENTENCES)
        yield f"s{speaker:03}/{EMOTIONS[emotion]}/t{sentence:03}_{take}.wav"


def _wav(samples: bytes) -> bytes:
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, RATE, 2 * RATE, 2, 16)
    body = form + struct.pack("<4sI", b"data", len(samples)) + samples
    return struct.pack("<4sI4s", b"RIFF", 4 + len(body), b"WAVE") + body


def try_corpus(
    folder: Path,
    clips: int,
    seed: int = 0,
    workers: int | None = 1,
    *,
    pages: bool = False,
    announce: Announce = lambda _step: None,
) -> CorpusSoak:
    """Make a corpus, and time what pages and commands do with it.

    Args:
        folder: Where the clips are written.
        clips: How many.
        seed: Of the samples and of the splits.
        workers: Processes of the scan; None for all cores.
        pages: Whether the page Corpus is opened too, in Chromium.
        announce: Called with the name of each step as it begins.
    """
    seconds: dict[str, float] = {}
    memory: dict[str, float] = {}

    def timed(step: str, work: Callable[[], Result]) -> Result:
        announce(step)
        begun = time.perf_counter()
        result = work()
        seconds[step] = round(time.perf_counter() - begun, 3)
        memory[step] = round(memory_mb(), 1)
        return result

    opening = timed("make", lambda: make(folder, clips, seed))
    corpus = timed("open", lambda: open_corpus(opening))
    timed("browse", lambda: _browse(corpus))
    splits = [
        timed(f"split {name}", partial(make_split, corpus, name, seed=seed)) for name in POLICIES
    ]
    timed("checks before the scan", lambda: audit(corpus, None))
    measures = timed("scan", lambda: scan(corpus, workers=workers))
    timed("scan again", lambda: scan(corpus, workers=workers))
    known, missing = timed("known measures", lambda: known_measures(corpus))
    timed("checks", lambda: audit(corpus, measures))
    audits = [
        timed(f"leak audit of {split.policy}", partial(audit_split, split, corpus, known))
        for split in splits
    ]
    read = measures["problem"] == ""
    unread = int((~read).sum())
    expected = (
        ("clips opened", len(corpus.usable), clips),
        ("clips measured", len(measures), clips),
        ("clips still to measure", missing, 0),
        ("clips that could not be measured", unread, 0),
        ("different sounds", measures.loc[read, "sha256"].nunique(), clips),
    )
    faults = [f"{what}: {found}, not {right}" for what, found, right in expected if found != right]
    faults += [
        f"{split.policy} shares speakers"
        for split, found in zip(splits, audits, strict=True)
        if "speaker" in split.policy and found.speakers_shared
    ]
    if pages:
        for step, (took, server_mb) in _visited(opening, announce).items():
            seconds[step], memory[step] = took, server_mb
    size = sum(file.stat().st_size for file in folder.rglob("*.wav")) / 1e6
    return CorpusSoak(clips, round(size, 1), seconds, memory, faults)


def _browse(corpus: Corpus) -> None:
    """What a page asks for when a filter is typed and a clip chosen."""
    speaker = corpus.speakers[-1]
    clip = showcase(corpus)
    filter_clips(corpus.clips, emotions=["anger"], speakers=[speaker], text="t00")
    filter_clips(corpus.clips, text="t099")
    siblings(corpus, clip)


VISITS: dict[str, dict[str, str]] = {
    "page Clips, first": {},
    "page Clips": {},
    "page Clips, a speaker": {"speaker": "s001"},
    "page Clips, a search": {"find": "t099"},
    "page Overview": {"view": "Overview"},
    "page Checks": {"view": "Checks"},
    "page Split": {"view": "Split"},
}
"""Views of the page Corpus, by what they are called among the steps."""


def _visited(opening: Opening, announce: Announce) -> dict[str, tuple[float, float]]:
    """Seconds until a view of the page Corpus is at rest, and memory of the server then."""
    from ser_core.bench.browser import AT_REST, STEP_MS, chromium, workbench

    source = snapshot(opening)
    remember_opened(str(source))
    found = {}
    with workbench(home=settings.home()) as server, chromium() as browser:
        tab = browser.new_page()
        tab.set_default_timeout(4 * STEP_MS)
        for step, query in VISITS.items():
            announce(step)
            begun = time.perf_counter()
            tab.goto(f"{server.url}/corpus?{urlencode({'corpus': str(source), **query})}")
            tab.get_by_role("heading", name="Corpus").wait_for()
            tab.wait_for_selector(AT_REST)
            took = round(time.perf_counter() - begun, 2)
            found[step] = took, round(memory_mb(server.pid), 1)
    return found
