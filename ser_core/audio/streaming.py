"""Sounds of hours, decoded block by block: memory does not grow with their length."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
import soxr

from ser_core.audio.limits import Intake, Limits, mixed
from ser_core.audio.loading import check_rate, failure, read_whole, regular_file
from ser_core.audio.readers import Reader
from ser_core.audio.waveform import Samples, Waveform

LIMITS = Limits(max_bytes=4 * 2**30, max_seconds=24 * 3600.0)
"""Of a sound that is streamed."""


@dataclass(frozen=True, eq=False)
class SoundStream:
    """A sound that is decoded anew whenever its blocks are asked for.

    Attributes:
        name: What errors call it.
        duration: In seconds.
        sample_rate: Of its blocks, in Hz.
        peak: Largest magnitude of its samples, before they are resampled.
    """

    name: str
    duration: float
    sample_rate: int
    peak: float
    _source: Path | bytes = field(repr=False)
    _reader: Reader = field(repr=False)
    _rate: int = field(repr=False)
    _channel: int | None = field(repr=False)

    def blocks(self) -> Iterator[Samples]:
        """Mono samples, float32, block by block; resampled by soxr as a stream (HQ).

        Raises:
            AudioError: If the file has changed and cannot be decoded any more.
        """
        stream = soxr.ResampleStream(self._rate, self.sample_rate, 1, "float32", quality="HQ")
        plain = self._rate == self.sample_rate
        done = 0
        try:
            for _, block in self._reader.blocks(self._source, self.name):
                mono = np.ascontiguousarray(mixed(block, self._channel)[:, 0])
                done += len(mono)
                yield mono if plain else stream.resample_chunk(mono)
        except self._reader.errors() as error:
            raise failure(self.name, done / self._rate) from error
        if not plain:
            yield stream.resample_chunk(np.zeros(0, np.float32), last=True)


def stream(
    source: str | Path | bytes, *, sample_rate: int, limits: Limits = LIMITS, name: str = ""
) -> SoundStream:
    """Prepare a sound for being streamed: it is decoded once and nothing of it is kept.

    That finds out its true length, the reader, damage anywhere in it, and the channel where the
    mean of all loses the sound; see `load`, which gives the same samples.

    Args:
        source: Path or content of the file.
        sample_rate: Of the blocks, in Hz.
        limits: Bounds; those of the decoded samples do not count.
        name: What errors call the file; its path when empty.

    Raises:
        AudioError: As `load`.
        ParameterError: If the sample rate is outside the limits.
    """
    check_rate(sample_rate, limits)
    name = name or ("sound" if isinstance(source, bytes) else str(source))
    if isinstance(source, bytes):
        limits.check_size(len(source), name)
        place: Path | bytes = source
    else:
        place = regular_file(source, limits, name)
    reader, intake = read_whole(place, partial(Intake, limits, name, mix=True, keep=False))
    return SoundStream(
        name,
        intake.seconds,
        sample_rate,
        intake.peak,
        place,
        reader,
        intake.sample_rate,
        intake.loudest,
    )


def parts(
    blocks: Iterable[Samples], sample_rate: int, spans: Iterable[tuple[float, float]]
) -> Iterator[Waveform | None]:
    """Parts of a sound that comes block by block; only what a part spans is kept in memory.

    Args:
        blocks: Mono samples from the beginning.
        sample_rate: In Hz.
        spans: Start and end of each part in seconds, in the order of their starts; they may
            overlap.

    Returns:
        The parts; a shorter one where the sound ends within it, None where it ends before it.

    >>> sound = [np.ones(4, np.float32), np.zeros(4, np.float32)]
    >>> [part and part.samples.tolist() for part in parts(sound, 2, [(0, 1), (1.5, 2.5), (9, 10)])]
    [[1.0, 1.0], [1.0, 0.0], None]
    """
    rest, held, at = iter(blocks), np.zeros(0, np.float32), 0
    for start, end in spans:
        first, last = round(start * sample_rate), round(end * sample_rate)
        while at + len(held) < last:
            block = next(rest, None)
            if block is None:
                break
            passed = min(len(held), max(0, first - at))
            at += passed
            held = np.concatenate([held[passed:], block])
        part = held[max(0, first - at) : last - at]
        yield Waveform(part.copy(), sample_rate) if len(part) else None
