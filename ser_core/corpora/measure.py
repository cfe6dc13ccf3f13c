"""What is measured of every clip's sound, once."""

from __future__ import annotations

import math
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ser_core import audio
from ser_core.audio import Sound, Waveform
from ser_core.core import AudioError
from ser_core.corpora.fingerprints import fingerprint

# 16-bit files end at 32767 / 32768; nothing quieter than that is at full scale.
FULL_SCALE = 32766.5 / 32768
FLOOR_DB = -120.0
SILENCE_DB = -40.0
"""Below the loudest 10 ms of its clip by this much, sound counts as silence."""
VOICED_DB = -30.0
F0_RANGE = (60.0, 500.0)
F0_SECONDS = 3.0
F0_FRAME = 2048
BAND_DB = -60.0
SPECTRUM_FRAME = 1024
SPECTRUM_SECONDS = 10.0

Samples = npt.NDArray[np.float32]


class Measures(NamedTuple):
    """What was measured of one clip.

    Attributes:
        sha256: Of the mono 16 kHz float32 samples; empty when the clip cannot be decoded.
        duration: In seconds.
        sample_rate: Of the file, in Hz.
        channels: Of the file.
        peak: Largest absolute sample of any channel; full scale is 1.
        rms_db: Level of the mono mix in dB below full scale, at least -120.
        clipped: Share of samples at full scale, 0 to 1.
        silent_start: Seconds before the sound comes within 40 dB of its loudest 10 ms.
        silent_end: Seconds after it last does.
        f0: Median fundamental frequency in Hz of the frames within 30 dB of the loudest (YIN,
            60 to 500 Hz, the middle 3 s); NaN for silence and for clips under 0.13 s.
        mix_loss: Level in dB that the mean of the channels loses against the loudest; 0 for mono.
        bandwidth: Highest frequency in Hz at which the mean spectrum of the middle 10 s, at the
            file's own rate, is within 60 dB of its peak; NaN for silence and for clips under 1,024
            samples.
        fingerprint: Of the first 8 s of the sound, by which copies are found
            (`ser_core.corpora.fingerprints`).
        problem: Empty, or why the clip cannot be decoded.
    """

    sha256: str = ""
    duration: float = math.nan
    sample_rate: int = 0
    channels: int = 0
    peak: float = math.nan
    rms_db: float = math.nan
    clipped: float = math.nan
    silent_start: float = math.nan
    silent_end: float = math.nan
    f0: float = math.nan
    mix_loss: float = 0.0
    bandwidth: float = math.nan
    fingerprint: bytes = b""
    problem: str = ""


def measure(path: Path) -> Measures:
    """Decode a clip and measure it; a clip that cannot be decoded has a `problem`."""
    try:
        sound = audio.decode(path)
        waveform = _mono(sound, path)
    except AudioError as error:
        return Measures(problem=error.problem)
    absolute = np.abs(sound.samples)
    start, end = silence(waveform)
    return Measures(
        sha256=audio.sha256(waveform),
        duration=sound.duration,
        sample_rate=sound.sample_rate,
        channels=sound.channels,
        peak=float(absolute.max()),
        rms_db=level(waveform.samples),
        clipped=float((absolute >= FULL_SCALE).mean()),
        silent_start=start,
        silent_end=end,
        f0=pitch(waveform),
        mix_loss=mix_loss(sound.samples),
        bandwidth=bandwidth(sound.samples.mean(axis=1), sound.sample_rate),
        fingerprint=sound_print(waveform),
    )


def sound_print(waveform: Waveform) -> bytes:
    """Fingerprint of a clip at 16 kHz from where its sound begins."""
    return fingerprint(waveform.samples[round(silence(waveform)[0] * waveform.sample_rate) :])


def _mono(sound: Sound, path: Path) -> Waveform:
    """What `audio.load` gives, without decoding again where nothing has to change."""
    if sound.channels == 1 and sound.sample_rate == audio.SAMPLE_RATE:
        return Waveform(sound.samples[:, 0], sound.sample_rate)
    return audio.load(path)


def level(samples: Samples) -> float:
    """Root mean square in dB below full scale, at least -120.

    >>> level(np.ones(100, np.float32))
    0.0
    """
    power = float(np.square(samples, dtype=np.float64).mean())
    return 10 * math.log10(power) if power > 10 ** (FLOOR_DB / 10) else FLOOR_DB


def mix_loss(samples: Samples) -> float:
    """Level of the loudest channel over that of their mean, in dB; 0 for mono and for silence.

    Args:
        samples: Of shape (samples, channels).

    >>> mix_loss(np.ones((100, 2), np.float32))
    0.0
    """
    if samples.shape[1] == 1:
        return 0.0
    loudest = max(level(samples[:, channel]) for channel in range(samples.shape[1]))
    return max(0.0, loudest - level(samples.mean(axis=1, dtype=np.float64).astype(np.float32)))


def bandwidth(samples: Samples, sample_rate: int) -> float:
    """Highest frequency in Hz of the mean spectrum within 60 dB of its peak; NaN where none is.

    >>> bandwidth(np.zeros(4096, np.float32), 16000)
    nan
    """
    middle = _middle(samples, round(SPECTRUM_SECONDS * sample_rate))
    frames = len(middle) // SPECTRUM_FRAME
    if not frames or level(middle) <= FLOOR_DB:
        return math.nan
    cut = middle[: frames * SPECTRUM_FRAME].reshape(frames, SPECTRUM_FRAME)
    power = np.square(np.abs(np.fft.rfft(cut * np.hanning(SPECTRUM_FRAME)))).mean(axis=0)
    highest = int(np.flatnonzero(power >= power.max() * 10 ** (BAND_DB / 10))[-1])
    return highest * sample_rate / SPECTRUM_FRAME


def silence(waveform: Waveform) -> tuple[float, float]:
    """Seconds of silence before and after the sound, to 10 ms; all of it twice for pure silence."""
    hop = waveform.sample_rate // 100
    loud = np.flatnonzero(_near_loudest(_powers(waveform.samples, hop, hop), SILENCE_DB))
    if not loud.size:
        return waveform.duration, waveform.duration
    start, end = loud[0] * hop, min((loud[-1] + 1) * hop, len(waveform.samples))
    return start / waveform.sample_rate, (len(waveform.samples) - end) / waveform.sample_rate


def pitch(waveform: Waveform) -> float:
    """Median fundamental frequency in Hz of the louder frames; NaN where there are none."""
    import librosa  # slow to import, and only a scan needs it

    samples = _middle(waveform.samples, round(F0_SECONDS * waveform.sample_rate))
    hop = F0_FRAME // 4
    voiced = _near_loudest(_powers(samples, F0_FRAME, hop), VOICED_DB)
    if not voiced.any():
        return math.nan
    low, high = F0_RANGE
    f0 = librosa.yin(
        samples, fmin=low, fmax=high, sr=waveform.sample_rate, frame_length=F0_FRAME,
        hop_length=hop, center=False,
    )  # fmt: skip
    return float(np.median(f0[voiced]))


def _middle(samples: Samples, length: int) -> Samples:
    start = max(0, (len(samples) - length) // 2)
    return samples[start : start + length]


def _powers(samples: Samples, frame: int, hop: int) -> npt.NDArray[np.float64]:
    """Mean square of every full frame, shape (frames,); the sum runs over once."""
    sums = np.concatenate([[0.0], np.cumsum(np.square(samples, dtype=np.float64))])
    return np.asarray((sums[frame::hop] - sums[:-frame:hop]) / frame)


def _near_loudest(powers: npt.NDArray[np.float64], decibels: float) -> npt.NDArray[np.bool_]:
    """Frames within some dB of the loudest; none where all is digital silence."""
    if not powers.size or powers.max() < 10 ** (FLOOR_DB / 10):
        return np.zeros(len(powers), bool)
    return np.asarray(powers > powers.max() * 10 ** (decibels / 10))
