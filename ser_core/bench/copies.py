"""How surely copies of recordings are found that are not identical: made copies of a corpus' clips.

Each kind of copy is made of some clips and searched for among all of the corpus, as
`ser_core.corpora` does. A copy that is not found beside its original is a miss. Every pair of two
different clips that is called a copy is a false alarm; pairs that the corpus has by itself count
as such, too, so true copies in a corpus make the rate look worse than it is.
"""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ser_core.audio import SAMPLE_RATE, Waveform, resampled
from ser_core.augment.waveform.codec import FORMATS, transcoded
from ser_core.corpora.fingerprints import FRAME, HOP, near_copies
from ser_core.corpora.measure import silence, sound_print

Samples = npt.NDArray[np.float32]
Draw = np.random.Generator


def _quieter(samples: Samples, draw: Draw) -> Samples:
    return samples * np.float32(10 ** (draw.uniform(-20, -3) / 20))


def _narrow(samples: Samples, _draw: Draw) -> Samples:
    narrow = resampled(Waveform(samples, SAMPLE_RATE), SAMPLE_RATE // 2)
    return resampled(narrow, SAMPLE_RATE).samples


def _trimmed(samples: Samples, draw: Draw) -> Samples:
    start, end = (draw.uniform(0.05, 0.4, 2) * SAMPLE_RATE).astype(int)
    return samples[start : len(samples) - end]


def _coded(format: str) -> Callable[[Samples, Draw], Samples]:  # noqa: A002 - the field's word
    return lambda samples, _draw: transcoded(samples, SAMPLE_RATE, FORMATS[format], 0.0)


def _all_of_these(samples: Samples, draw: Draw) -> Samples:
    changed = _coded("mp3")(_narrow(_quieter(samples, draw), draw), draw)
    return _trimmed(changed, draw)


def _faster(samples: Samples, _draw: Draw) -> Samples:
    return resampled(Waveform(samples, 51 * SAMPLE_RATE // 50), SAMPLE_RATE).samples


COPIES: dict[str, Callable[[Samples, Draw], Samples]] = {
    "3 to 20 dB quieter": _quieter,
    "resampled to 8 kHz": _narrow,
    "cut by 50 to 400 ms at each end": _trimmed,
    "MP3, 16 kbit/s": _coded("mp3"),
    "Opus, 8 kbit/s": _coded("opus"),
    "quieter, 8 kHz, MP3 and cut": _all_of_these,
    "AMR of a telephone, 4.75 kbit/s": _coded("amr"),
    "2 % faster": _faster,
}
"""Ways to make a copy at 16 kHz; the last two go beyond what fingerprints are made for."""


@dataclass(frozen=True)
class CopySearch:
    """What was found of one kind of copy.

    Attributes:
        kind: Key of `COPIES`.
        copies: How many were made.
        missed: Share of them that was not found beside the original.
        false_alarms: Pairs of different clips that were called copies.
        pairs: Pairs of different clips that were searched.
        seconds: Of the search among all fingerprints.
    """

    kind: str
    copies: int
    missed: float
    false_alarms: int
    pairs: int
    seconds: float

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


@dataclass(frozen=True)
class SearchCost:
    """What the search for copies takes among so many clips.

    Attributes:
        clips: How many.
        words: Words of their fingerprints.
        seconds: Of the search.
        megabytes: Most memory that it held at once, fingerprints included.
        found: Pairs that it called copies.
    """

    clips: int
    words: int
    seconds: float
    megabytes: float
    found: int

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


FLIPPED = 0.1
"""Share of the bits of made words that are flipped."""


def made_prints(prints: Sequence[bytes], count: int, seed: int = 0) -> list[bytes]:
    """Fingerprints of clips that do not exist: lengths and words drawn from real ones.

    Each word is that of some clip, with a tenth of its bits flipped, so words have keys in common
    about as often as real ones, and no two clips are copies of each other.
    """
    draw = np.random.default_rng(seed)
    words = np.frombuffer(b"".join(prints), "<u4")
    sizes = draw.choice([len(each) // 4 for each in prints], count)
    drawn = draw.choice(words, int(sizes.sum()))
    for bit in range(32):
        flips = (draw.random(len(drawn)) < FLIPPED) & (drawn != 0)
        drawn ^= flips.astype(np.uint32) << np.uint32(bit)
    return [each.astype("<u4").tobytes() for each in np.split(drawn, np.cumsum(sizes)[:-1])]


def search_cost(prints: Sequence[bytes]) -> SearchCost:
    """Time and memory of the search among fingerprints."""
    begun = time.perf_counter()
    near_copies(prints)
    seconds = time.perf_counter() - begun
    tracemalloc.start()  # in a search of its own: it slows every allocation down
    found = near_copies(prints)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    size = sum(map(len, prints))
    megabytes = round((most + size) / 1e6, 1)
    return SearchCost(len(prints), size // 4, round(seconds, 2), megabytes, len(found.first))


def search_copies(
    prints: Mapping[str, bytes],
    sounds: Mapping[str, Samples],
    seconds: float = 0.0,
    seed: int = 0,
    announce: Callable[[str], None] = lambda _kind: None,
) -> list[CopySearch]:
    """Make each kind of copy of some clips, and search for it among all.

    Args:
        prints: Fingerprint of every clip of the corpus.
        sounds: Samples at 16 kHz of those of which copies are made.
        seconds: How much of each clip is used, from where its sound begins; all of it when 0.
        seed: Of levels and cuts.
        announce: Called with each kind as it begins.
    """
    if seconds:
        words = max(0, int((seconds * SAMPLE_RATE - FRAME) // HOP))
        prints = {clip: each[: 4 * words] for clip, each in prints.items()}
        sounds = {clip: _beginning(samples, seconds) for clip, samples in sounds.items()}
    place = {clip: number for number, clip in enumerate(prints)}
    found = []
    for kind, make in COPIES.items():
        announce(kind)
        draw = np.random.default_rng(seed)
        made = [
            sound_print(Waveform(make(samples, draw).astype(np.float32), SAMPLE_RATE))
            for samples in sounds.values()
        ]
        begun = time.perf_counter()
        result = near_copies([*prints.values(), *made])
        took = time.perf_counter() - begun
        source = np.array([*range(len(prints)), *(place[clip] for clip in sounds)])
        right = source[result.first] == source[result.second]
        beside = set(result.second[right].tolist())  # a copy comes after its original
        everything = len(source)
        found.append(
            CopySearch(
                kind,
                len(made),
                1 - len(beside) / len(made),
                int((~right).sum()),
                everything * (everything - 1) // 2 - len(made),
                round(took, 2),
            )
        )
    return found


def _beginning(samples: Samples, seconds: float) -> Samples:
    start = round(silence(Waveform(samples, SAMPLE_RATE))[0] * SAMPLE_RATE)
    return samples[start : start + round(seconds * SAMPLE_RATE)]
