"""Fingerprints of sound, by which copies are found that are not identical.

The fingerprint of Haitsma & Kalker ("A Highly Robust Audio Fingerprinting System", ISMIR 2002): a
word of 32 bits for every 32 ms, each bit the sign of how the difference of two neighbouring bands
changes in time. Another level, another sample rate, a lossy format, or a beginning that is cut off
change few bits; another recording changes nearly half of them, also one of the same sentence by the
same speaker.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

SAMPLE_RATE = 16_000
FRAME, HOP = 4096, 512
"""Samples. Frames are eight times as long as the step, so that a cut between steps changes few."""

BANDS = 33
LOW, HIGH = 200.0, 3400.0
"""Hz: the band of a telephone, which all but the worst copies have."""

MOST_WORDS = 256
"""Words that are kept, from the beginning of the sound: 8 s."""

SILENT_DB = -50.0
"""Frames below the loudest by this much say nothing of the recording; their word is 0."""

LEAST_WORDS = 16
"""Words that two clips must have beside each other: 0.8 s of sound."""

OVERLAP = 0.5
"""Of the words of the shorter one, the least share that must lie beside each other."""

MOST_DIFFERENT = 0.25
"""Largest share of different bits of a copy; `bench copies` measures what it finds and misses."""

MOST_DIFFERENT_SHORT = 0.17
"""The same where `LEAST_WORDS` lie together: fewer words are more often alike by chance. Between
these and `MANY_WORDS` it rises evenly."""

MANY_WORDS = 48

KEYS = (0x00FFFFFF, 0xFFFFFF00, 0xFFF00FFF)
"""Bits by which words are looked up, each time 24: a word with some wrong bits is found by one."""

NEIGHBOURS = 4
"""Words after it with the same key that each word is held against. More share a key where many
clips are one recording, and there the chain of neighbours joins them all."""

CHUNK = 1 << 20
"""Pairs of words that are compared at once."""

BLOCK = 1 << 18
"""Words whose neighbours are looked at, and verified, at once: so memory goes with the words of the
clips, and not with the pairs that have a key in common, of which large corpora have many more."""

Words = npt.NDArray[np.uint32]
Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class NearCopies:
    """Pairs of clips that are one recording, by number in what was searched.

    Attributes:
        first, second: Numbers of the clips, shape (pairs,); first < second.
        different: Share of their bits that differ, 0 to `MOST_DIFFERENT`.
        shift: Words by which the second begins later in the recording; below 0 where earlier.
    """

    first: Numbers
    second: Numbers
    different: npt.NDArray[np.float64]
    shift: Numbers


EDGES = np.round(np.geomspace(LOW, HIGH, BANDS + 1) * FRAME / SAMPLE_RATE).astype(int)
"""Bins of the spectrum at which bands begin, and where the last ends."""


def fingerprint(samples: npt.NDArray[np.float32]) -> bytes:
    """Words of a clip, 4 bytes each, little endian; empty for silence and for clips under 0.3 s.

    Args:
        samples: Mono at 16 kHz, from where the sound begins.
    """
    if len(samples) < FRAME + HOP:
        return b""
    frames = np.lib.stride_tricks.sliding_window_view(samples, FRAME)[::HOP][: MOST_WORDS + 1]
    spectrum = np.abs(np.fft.rfft(frames * np.hanning(FRAME).astype(np.float32), axis=1))
    power = np.add.reduceat(np.square(spectrum[:, : EDGES[-1]]), EDGES[:-1], axis=1)
    bits = np.diff(np.diff(power, axis=1), axis=0) > 0
    words = np.packbits(bits, axis=1, bitorder="little").view("<u4")[:, 0]
    level = power.sum(axis=1)
    heard = level[1:] > level.max() * 10 ** (SILENT_DB / 10)
    return np.trim_zeros(np.where(heard, words, 0), "b").astype("<u4").tobytes()


def near_copies(prints: Sequence[bytes]) -> NearCopies:
    """Pairs of clips whose fingerprints are those of one recording.

    Clips that share one of the `KEYS` of a word are candidates, at the shift of this word; they are
    verified by all words that lie beside each other then. Time and memory go with the number of
    words, not with the number of pairs.

    Args:
        prints: From `fingerprint`, one a clip.
    """
    table = _Table.of(prints)
    blocks = [_verified(table, *candidates) for candidates in _candidates(table)]
    first, second, different, shift = (
        np.concatenate([getattr(block, name) for block in blocks])
        for name in ("first", "second", "different", "shift")
    )
    best = np.lexsort((different, second, first))
    once = np.ones(len(best), bool)
    once[1:] = (np.diff(first[best]) != 0) | (np.diff(second[best]) != 0)
    best = best[once]
    return NearCopies(first[best], second[best], different[best], shift[best])


@dataclass(frozen=True)
class _Table:
    """The words of all clips, one clip after the other.

    Attributes:
        words: Shape (words,).
        clip: Number of the clip of each word.
        starts: Of each clip, its first word, shape (clips,).
        sizes: Of each clip, its words.
        heard: Of each clip, its words that are not silent.
    """

    words: Words
    clip: Numbers
    starts: Numbers
    sizes: Numbers
    heard: Numbers

    @classmethod
    def of(cls, prints: Sequence[bytes]) -> _Table:
        words = np.frombuffer(b"".join(prints), "<u4").astype(np.uint32)
        sizes = np.array([len(each) // 4 for each in prints], np.int64)
        clip = np.repeat(np.arange(len(prints)), sizes)
        heard = np.bincount(clip[words != 0], minlength=len(prints))
        return cls(words, clip, np.cumsum(sizes) - sizes, sizes, heard)


def _candidates(table: _Table) -> Iterator[tuple[Numbers, Numbers, Numbers]]:
    """Pairs of clips with a key in common and the shift of the second, each once a block."""
    heard = np.flatnonzero((table.words != 0) & (table.heard[table.clip] >= LEAST_WORDS))
    place = heard - table.starts[table.clip[heard]]
    clip, words = table.clip[heard], table.words[heard]
    clips, width = len(table.sizes), 2 * MOST_WORDS
    for mask in KEYS:
        keys = words & np.uint32(mask)
        order = np.argsort(keys, kind="stable")
        for begin in range(0, max(1, len(order)), BLOCK):
            codes = [np.zeros(0, np.int64)]
            for step in range(1, NEIGHBOURS + 1):
                # By a stable sort the earlier clip comes first.
                other = order[begin + step : begin + step + BLOCK]
                one = order[begin : begin + len(other)]
                same = (keys[one] == keys[other]) & (clip[one] != clip[other])
                one, other = one[same], other[same]
                shift = place[one] - place[other] + MOST_WORDS
                codes.append((clip[one] * clips + clip[other]) * width + shift)
            pairs, shift = np.divmod(np.unique(np.concatenate(codes)), width)
            yield pairs // clips, pairs % clips, shift - MOST_WORDS


def _verified(table: _Table, first: Numbers, second: Numbers, shift: Numbers) -> NearCopies:
    """Those of the candidates that are copies."""
    different, together = _different(table, first, second, shift)
    found = different <= _most_different(together)
    return NearCopies(first[found], second[found], different[found], shift[found])


def _most_different(together: Numbers) -> npt.NDArray[np.float64]:
    return np.interp(together, [LEAST_WORDS, MANY_WORDS], [MOST_DIFFERENT_SHORT, MOST_DIFFERENT])


def _different(
    table: _Table, first: Numbers, second: Numbers, shift: Numbers
) -> tuple[npt.NDArray[np.float64], Numbers]:
    """Share of different bits of each pair at its shift, and the words that lie together.

    The share is 1 where these are too few.
    """
    begin, other = np.maximum(shift, 0), np.maximum(-shift, 0)
    many = np.minimum(table.sizes[first] - begin, table.sizes[second] - other)
    needed = np.minimum(table.heard[first], table.heard[second]) * OVERLAP
    needed = np.maximum(needed, LEAST_WORDS)
    found, counted = np.ones(len(first)), np.zeros(len(first), np.int64)
    todo = np.flatnonzero(many >= needed)
    for part in np.array_split(todo, 1 + int(many[todo].sum()) // CHUNK):
        size = many[part]
        pair = np.repeat(np.arange(len(part)), size)
        within = np.arange(len(pair)) - np.repeat(np.cumsum(size) - size, size)
        one = table.words[(table.starts[first[part]] + begin[part])[pair] + within]
        two = table.words[(table.starts[second[part]] + other[part])[pair] + within]
        counts = (one != 0) & (two != 0)
        bits = np.where(counts, np.bitwise_count(one ^ two), 0)
        together = np.bincount(pair, counts, len(part)).astype(np.int64)
        enough = together >= needed[part]
        share = np.bincount(pair, bits, len(part)) / (32 * np.maximum(together, 1))
        found[part], counted[part] = np.where(enough, share, 1.0), together
    return found, counted
