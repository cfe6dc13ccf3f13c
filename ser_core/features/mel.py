"""Mel scale, windows and bases in numpy, by librosa's definitions; torch is not loaded."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

FLOOR_DB = -120.0
"""Level in dB that stands for silence; nothing is shown or learned below it."""

# Slaney's mel scale: linear below 1 kHz (200/3 Hz a mel), logarithmic above.
_LINEAR_HZ_PER_MEL = 200 / 3
_BREAK_HZ = 1000.0
_BREAK_MEL = _BREAK_HZ / _LINEAR_HZ_PER_MEL
_LOG_STEP = np.log(6.4) / 27


def hz_to_mel(hz: npt.ArrayLike) -> Array:
    """Mel number of frequencies in Hz (Slaney's Auditory Toolbox, 1998)."""
    hz = np.asarray(hz, dtype=float)
    above = np.maximum(hz, _BREAK_HZ)
    return np.where(
        hz < _BREAK_HZ, hz / _LINEAR_HZ_PER_MEL, _BREAK_MEL + np.log(above / _BREAK_HZ) / _LOG_STEP
    )


def mel_to_hz(mel: npt.ArrayLike) -> Array:
    """Frequency in Hz of mel numbers."""
    mel = np.asarray(mel, dtype=float)
    return np.where(
        mel < _BREAK_MEL,
        mel * _LINEAR_HZ_PER_MEL,
        _BREAK_HZ * np.exp(_LOG_STEP * (mel - _BREAK_MEL)),
    )


def mel_frequencies(n_mels: int, fmin: float, fmax: float) -> Array:
    """Centres of mel bands in Hz, with the lower edge before and the upper edge behind them."""
    low, high = hz_to_mel([fmin, fmax])
    return mel_to_hz(np.linspace(low, high, n_mels + 2))


def fft_frequencies(sample_rate: int, n_fft: int) -> Array:
    """Frequency of each FFT bin in Hz, shape (n_fft // 2 + 1,)."""
    return np.arange(n_fft // 2 + 1) * sample_rate / n_fft


def hann_window(length: int) -> Array:
    """Periodic Hann window, shape (length,)."""
    return 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(length) / length)


def full_scale_power(n_fft: int) -> float:
    """Power of the STFT bin that a full-scale sine falls on: the 0 dB of every level here."""
    return (n_fft / 4) ** 2  # the Hann window sums to n_fft / 2, a sine puts half of it into +f


def mel_bank(sample_rate: int, n_fft: int, n_mels: int, fmin: float, fmax: float) -> Array:
    """Triangular mel bands of equal area, shape (n_mels, n_fft // 2 + 1)."""
    edges = mel_frequencies(n_mels, fmin, fmax)
    bins = fft_frequencies(sample_rate, n_fft)
    width = np.diff(edges)
    distance = edges[:, None] - bins
    rising = -distance[:-2] / width[:-1, None]
    falling = distance[2:] / width[1:, None]
    area = (edges[2:] - edges[:-2])[:, None] / 2
    bands: Array = np.maximum(0, np.minimum(rising, falling)) / area
    return bands


def dct_basis(n_coefficients: int, n_inputs: int) -> Array:
    """Orthonormal DCT-II, shape (n_coefficients, n_inputs)."""
    k = np.arange(n_coefficients)[:, None]
    basis = np.cos(np.pi * k * (np.arange(n_inputs) + 0.5) / n_inputs) * np.sqrt(2 / n_inputs)
    basis[0] /= np.sqrt(2)
    found: Array = basis
    return found


def log_mel(samples: Array, sample_rate: int, n_fft: int, hop_length: int, n_mels: int) -> Array:
    """Level of mel bands up to half the sample rate in dB; 0 dB is a full-scale sine.

    The numbers of the representation `melspectrogram`, in double precision.

    Args:
        samples: Shape (samples,), full scale ±1.
        sample_rate: In Hz.
        n_fft: Samples of a frame.
        hop_length: Samples from one frame to the next.
        n_mels: Bands.

    Returns:
        Shape (n_mels, frames).
    """
    padded = np.pad(samples, n_fft // 2)
    frames = np.lib.stride_tricks.sliding_window_view(padded, n_fft)[::hop_length]
    power = np.square(np.abs(np.fft.rfft(frames * hann_window(n_fft)))) / full_scale_power(n_fft)
    bands = mel_bank(sample_rate, n_fft, n_mels, 0.0, sample_rate / 2) @ power.T
    level: Array = 10 * np.log10(bands.clip(min=10 ** (FLOOR_DB / 10)))
    return level
