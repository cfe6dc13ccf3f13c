"""Decoding audio: `load`, `decode` and `info`."""

from __future__ import annotations

import stat
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import soxr

from ser_core.audio.limits import Intake, Limits
from ser_core.audio.mp3 import guesses_length
from ser_core.audio.ogg import is_chained
from ser_core.audio.readers import READERS, Reader
from ser_core.audio.waveform import SAMPLE_RATE, AudioInfo, Samples, Sound, Waveform
from ser_core.core import AudioError, ParameterError, files

if TYPE_CHECKING:
    from collections.abc import Callable

Source = str | Path | bytes
T = TypeVar("T")

GUESSED = 0.1
"""Seconds by which a guessed length must be wrong to count: readers differ by less."""

GUESSING = ("MP3", "AAC")
"""Formats without a header; the length is in a first frame, if there is one."""

UNREADABLE = "it is not a sound file that can be read"
FORMATS = "Use WAV, FLAC, MP3, OGG, Opus, M4A, WebM or AIFF"


def load(
    source: Source,
    *,
    sample_rate: int | None = SAMPLE_RATE,
    limits: Limits = Limits(),  # noqa: B008 - frozen
    name: str = "",
) -> Waveform:
    """Decode, mix to one channel and resample (soxr, HQ).

    The mix is the mean of the channels. Where that loses more than `limits.CANCELLED_DB` against
    the loudest channel, as of stereo with one channel inverted or of 5.1 with speech in the centre
    alone, it is that channel.

    Args:
        source: Path or content of the file.
        sample_rate: In Hz; None leaves that of the file.
        limits: Bounds, enforced while decoding.
        name: What errors call the file; its path when empty.

    Returns:
        Samples of shape (samples,). A truncated file gives what is there if its format does not
        store the length reliably (WAV, MP3, WebM), and is an error otherwise (FLAC, M4A).

    Raises:
        AudioError: If there is no such file, it is not sound, is empty, damaged, cut short, has no
            sound track, holds NaN or absurdly large samples, or exceeds a limit. It names the file,
            the reason and the remedy.
        ParameterError: If the sample rate is outside the limits.

    >>> import ser_core as ser
    >>> sound = ser.load_audio(ser.demo_corpus() / "samples" / "SM0_anger_48.flac")
    >>> sound.sample_rate, round(sound.duration, 2)
    (16000, 2.16)
    """
    check_rate(sample_rate, limits)
    name = name or _name(source)
    sound = _decode(_content(source, limits, name), limits, name, mix=True)
    samples = _resample(sound.samples[:, 0], sound.sample_rate, sample_rate, name)
    return Waveform(samples, sample_rate or sound.sample_rate)


def resampled(waveform: Waveform, sample_rate: int) -> Waveform:
    """The same sound at another sample rate (soxr, HQ).

    Raises:
        AudioError: If it is shorter than one sample at that rate.
        ParameterError: If the sample rate is outside the limits.
    """
    check_rate(sample_rate, Limits())
    samples = _resample(waveform.samples, waveform.sample_rate, sample_rate, "waveform")
    return Waveform(samples, sample_rate)


def decode(source: Source, *, limits: Limits = Limits(), name: str = "") -> Sound:  # noqa: B008
    """Decode without mixing or resampling.

    Returns:
        Samples of shape (samples, channels).

    Raises:
        AudioError: As for `load`.
    """
    name = name or _name(source)
    return _decode(_content(source, limits, name), limits, name, mix=False)


def info(source: Source, *, limits: Limits = Limits(), name: str = "") -> AudioInfo:  # noqa: B008
    """Read the header only: some 50 µs for a WAV or FLAC file.

    A header that says nothing, or only guesses, is not believed: the file is decoded for its
    length (MP3 without a frame of its length, WAV that a recorder did not close, Ogg files joined
    to one).

    Raises:
        AudioError: If the header already shows why `load` would refuse the file.
    """
    name = name or _name(source)
    if isinstance(source, bytes):
        limits.check_size(len(source), name)
        header = _header(source, name)
    else:
        header = _header(regular_file(source, limits, name), name)
    limits.check_format(header.sample_rate, header.channels, name)
    place = Path(source) if isinstance(source, str) else source
    guessed = header.format in GUESSING and guesses_length(place)
    if header.duration == 0 or guessed or (header.format == "OGG" and is_chained(place)):
        header = replace(header, duration=decode(source, limits=limits, name=name).duration)
    limits.check_seconds(header.duration, name)
    return header


def _decode(data: bytes, limits: Limits, name: str, *, mix: bool) -> Sound:
    """What the samples say, whatever the header does; see `read_whole`."""
    reader, intake = read_whole(data, partial(Intake, limits, name, mix=mix))
    if mix and intake.loudest is not None:
        alone = _tried(reader, data, Intake(limits, name, mix=mix, channel=intake.loudest))
        intake = alone or intake
    return intake.sound()


def read_whole(source: Path | bytes, make: Callable[[], Intake]) -> tuple[Reader, Intake]:
    """Decode all of a sound into a new intake, by the reader that reads the most of it.

    A length that was only guessed is not believed, nor one of the first of several sounds in one
    Ogg file: the other reader reads on.

    Raises:
        AudioError: If no reader can, or a limit is exceeded.
    """
    reader, intake = _first(source, make)
    if guesses_length(source) or is_chained(source):
        for other in READERS:
            found = None if other is reader else _tried(other, source, make())
            if found and found.seconds > intake.seconds + GUESSED:
                reader, intake = other, found
    return reader, intake


def _first(source: Path | bytes, make: Callable[[], Intake]) -> tuple[Reader, Intake]:
    """Try each reader in turn; the first that reads the file to its end is used."""
    furthest = 0.0
    opened = False
    for reader in READERS:
        intake = make()
        if _tried(reader, source, intake) is None:
            furthest = max(furthest, intake.seconds)
            continue
        opened = opened or bool(intake.sample_rate)
        if intake.frames:
            return reader, intake
    if not (opened or furthest):
        raise _unreadable(source, intake.name)
    raise failure(intake.name, furthest)


def _unreadable(source: Path | bytes, name: str) -> AudioError:
    """Why a file is no sound: Git LFS left a pointer to it, or it is something else."""
    if isinstance(source, Path):
        with source.open("rb") as file:
            begins = file.read(len(files.LFS_POINTER))
    else:
        begins = source[: len(files.LFS_POINTER)]
    if begins == files.LFS_POINTER:
        return AudioError(files.LFS_PROBLEM, subject=name, remedy=files.LFS_REMEDY)
    return AudioError(UNREADABLE, subject=name, remedy=FORMATS)


def _tried(reader: Reader, source: Path | bytes, intake: Intake) -> Intake | None:
    """The intake with all of a file in it; None where the reader cannot read the file."""
    try:
        reader.read(source, intake)
    except reader.errors():
        return None
    return intake


def failure(name: str, seconds: float) -> AudioError:
    """Why a file cannot be decoded, of which so many seconds could."""
    if seconds:
        return AudioError(
            f"the file is damaged or cut short: nothing can be read after {seconds:.2f} s",
            subject=name,
            remedy="Copy or record it again",
        )
    return _no_sound(name)


def _no_sound(name: str) -> AudioError:
    return AudioError(
        "the file holds no sound, its length is zero",
        subject=name,
        remedy="Copy or record it again",
    )


def _header(source: Path | bytes, name: str) -> AudioInfo:
    for reader in READERS:
        try:
            return reader.info(source)
        except reader.errors():
            continue
    raise _unreadable(source, name)


def _name(source: Source) -> str:
    return "sound" if isinstance(source, bytes) else str(source)


def _content(source: Source, limits: Limits, name: str) -> bytes:
    if isinstance(source, bytes):
        limits.check_size(len(source), name)
        return source
    path = regular_file(source, limits, name)
    # One byte more than allowed: a file that grows meanwhile is noticed without reading it all.
    data = _or_audio_error(lambda: _read(path, limits.max_bytes + 1), name)
    limits.check_size(len(data), name)
    return data


def _read(path: Path, size: int) -> bytes:
    with path.open("rb") as file:
        return file.read(size)


def regular_file(source: str | Path, limits: Limits, name: str) -> Path:
    """The path, once it is known to be a file of allowed size; opening a pipe would block."""
    path = Path(source)
    status = _or_audio_error(path.stat, name)
    if not stat.S_ISREG(status.st_mode):
        raise AudioError("it is not a file", subject=name, remedy="Give the path of a sound file")
    limits.check_size(status.st_size, name)
    return path


def _or_audio_error(call: Callable[[], T], name: str) -> T:
    try:
        return call()
    except FileNotFoundError:
        raise AudioError("there is no such file", subject=name, remedy="Check the path") from None
    except OSError as error:
        reason = f"it cannot be read ({error.strerror})"
        raise AudioError(reason, subject=name, remedy="Check the path and its rights") from error
    except ValueError as error:  # a path with a null character
        raise AudioError(f"not a path ({error})", subject=name, remedy="Check the path") from error


def check_rate(sample_rate: int | None, limits: Limits) -> None:
    """Refuse a sample rate that sound is to be resampled to.

    Raises:
        ParameterError: If it is outside the limits.
    """
    if sample_rate is not None and not limits.min_rate <= sample_rate <= limits.max_rate:
        raise ParameterError(
            f"{sample_rate} Hz is outside {limits.min_rate} to {limits.max_rate} Hz",
            subject="sample_rate",
            remedy=f"{SAMPLE_RATE} is usual for speech",
        )


def _resample(samples: Samples, source_rate: int, rate: int | None, name: str) -> Samples:
    if rate is None or rate == source_rate:
        return samples
    resampled: Samples = soxr.resample(samples, source_rate, rate, quality="HQ")
    if not len(resampled):
        raise AudioError(
            f"the sound is shorter than one sample at {rate} Hz",
            subject=name,
            remedy="Record a longer one",
        )
    return resampled
