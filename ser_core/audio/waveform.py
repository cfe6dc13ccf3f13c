"""The values that sound is passed around in."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import soundfile

from ser_core.core import AudioError

SAMPLE_RATE = 16_000

Samples = npt.NDArray[np.float32]

LOUDEST = 2.0**31
"""Largest magnitude of a sample, full scale being 1: integers of 32 bits that were stored as floats
without being scaled reach it. What is above is damage, and its square may exceed float32."""


def unusable(samples: Samples) -> str:
    """Why samples cannot be used, as what follows "the sound"; empty where they can.

    Every sample that enters is checked by this: while it is decoded, and in every `Waveform`.

    >>> unusable(np.float32([0, np.nan])), unusable(np.float32([0.5]))
    ('contains NaN or infinite values', '')
    """
    peak = float(np.abs(samples).max(initial=0))  # NaN if a sample is
    if not np.isfinite(peak):
        return "contains NaN or infinite values"
    if peak > LOUDEST:
        return f"has a peak of {peak:.1e}, too far above full scale (which is 1)"
    return ""


@dataclass(frozen=True, eq=False)
class Waveform:
    """Mono sound.

    Attributes:
        samples: float32, shape (samples,), at least one sample, finite, full scale is ±1. Sound
            decoded from floating-point files may exceed full scale and is kept as it is, up to
            `LOUDEST`.
        sample_rate: In Hz.

    Raises:
        AudioError: If the samples are not one row, are none, are not all finite or above `LOUDEST`,
            or the rate is not positive.
    """

    samples: Samples
    sample_rate: int = SAMPLE_RATE

    def __post_init__(self) -> None:
        samples = np.ascontiguousarray(self.samples, dtype=np.float32)
        if samples.ndim != 1:
            raise AudioError(
                f"has the shape {samples.shape}, not (samples,)",
                subject="waveform",
                remedy="Mix the channels to one first",
            )
        if not len(samples):
            raise AudioError(
                "holds no sound", subject="waveform", remedy="Give at least one sample"
            )
        if self.sample_rate <= 0:
            raise AudioError(
                f"has the sample rate {self.sample_rate} Hz",
                subject="waveform",
                remedy="Give a rate above 0",
            )
        problem = unusable(samples)
        if problem:
            raise AudioError(problem, subject="waveform", remedy="Scale the samples to ±1")
        object.__setattr__(self, "samples", samples)

    @property
    def nbytes(self) -> int:
        """Size of the samples in bytes."""
        return self.samples.nbytes

    @property
    def duration(self) -> float:
        """Length in seconds."""
        return len(self.samples) / self.sample_rate


@dataclass(frozen=True, eq=False)
class Sound:
    """Sound as its file holds it.

    Attributes:
        samples: float32, shape (samples, channels), at least one sample, finite.
        sample_rate: In Hz, the file's own.
    """

    samples: Samples
    sample_rate: int

    @property
    def channels(self) -> int:
        """Number of channels."""
        return int(self.samples.shape[1])

    @property
    def duration(self) -> float:
        """Length in seconds."""
        return len(self.samples) / self.sample_rate


@dataclass(frozen=True)
class AudioInfo:
    """What a file's header says, before anything is decoded.

    Attributes:
        duration: In seconds; NaN when the header does not say (WebM recorded by a browser).
        sample_rate: In Hz.
        channels: Number of channels.
        format: Name of the container, in capitals ("WAV", "FLAC", "WEBM").
    """

    duration: float
    sample_rate: int
    channels: int
    format: str


def to_wav(waveform: Waveform) -> bytes:
    """The waveform as a 16-bit PCM WAV file; what exceeds full scale is clipped.

    A sample is a multiple of 1/32768 as decoders have it, so 16-bit sound survives the round trip
    through `load` unchanged.
    """
    steps = np.rint(waveform.samples * np.float32(32768)).clip(-32768, 32767).astype(np.int16)
    file = io.BytesIO()
    soundfile.write(file, steps, waveform.sample_rate, format="WAV", subtype="PCM_16")
    return file.getvalue()


def sha256(waveform: Waveform) -> str:
    """Content address of sound: SHA-256 of its float32 samples, little-endian, and nothing else.

    Two files that decode to the same samples have one address, whatever their format, name or tags.
    """
    return hashlib.sha256(waveform.samples.astype("<f4", copy=False).data).hexdigest()
