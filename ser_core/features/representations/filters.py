"""Fixed matrices of the representations: windows, filter banks and bases, made once each.

All follow librosa's definitions with its default options, so that the two can be compared
number by number; they are computed in double precision and stored as float32 tensors.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

Array = npt.NDArray[np.float64]

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


def _tensor(values: Array) -> Tensor:
    # The first caller may be in inference mode; the cached tensor must serve gradients too.
    with torch.inference_mode(False):
        return torch.from_numpy(np.ascontiguousarray(values, dtype=np.float32))


def _hann(length: int) -> Array:
    return 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(length) / length)


@lru_cache
def hann(length: int) -> Tensor:
    """Periodic Hann window, shape (length,)."""
    return _tensor(_hann(length))


def full_scale_power(n_fft: int) -> float:
    """Power of the STFT bin that a full-scale sine falls on: the 0 dB of every level here."""
    return (n_fft / 4) ** 2  # the Hann window sums to n_fft / 2, a sine puts half of it into +f


@lru_cache
def mel(sample_rate: int, n_fft: int, n_mels: int, fmin: float, fmax: float) -> Tensor:
    """Triangular mel bands of equal area, shape (n_mels, n_fft // 2 + 1)."""
    edges = mel_frequencies(n_mels, fmin, fmax)
    bins = fft_frequencies(sample_rate, n_fft)
    width = np.diff(edges)
    distance = edges[:, None] - bins
    rising = -distance[:-2] / width[:-1, None]
    falling = distance[2:] / width[1:, None]
    area = (edges[2:] - edges[:-2])[:, None] / 2
    return _tensor(np.maximum(0, np.minimum(rising, falling)) / area)


@lru_cache
def chroma(sample_rate: int, n_fft: int) -> Tensor:
    """Gaussian pitch-class filters from C upwards, shape (12, n_fft // 2 + 1).

    Ellis (2007), "Chroma feature analysis and synthesis": each bin's column has unit length, and
    octaves far from the fifth above A0 = 27.5 Hz have less weight.
    """
    hz = np.arange(1, n_fft) * sample_rate / n_fft
    pitch = 12 * np.log2(hz / 27.5)
    pitch = np.concatenate([[pitch[0] - 18], pitch])  # 0 Hz: one and a half octaves below bin 1
    width = np.concatenate([np.maximum(np.diff(pitch), 1), [1]])
    away = (pitch - np.arange(12)[:, None] + 6) % 12 - 6
    bumps = np.exp(-0.5 * (2 * away / width) ** 2)
    bumps /= np.linalg.norm(bumps, axis=0)
    bumps *= np.exp(-0.5 * ((pitch / 12 - 5) / 2) ** 2)
    return _tensor(np.roll(bumps, -3, axis=0)[:, : n_fft // 2 + 1])  # from A to C


@lru_cache
def dct(n_coefficients: int, n_inputs: int) -> Tensor:
    """Orthonormal DCT-II, shape (n_coefficients, n_inputs)."""
    k = np.arange(n_coefficients)[:, None]
    basis = np.cos(np.pi * k * (np.arange(n_inputs) + 0.5) / n_inputs) * np.sqrt(2 / n_inputs)
    basis[0] /= np.sqrt(2)
    return _tensor(basis)


@lru_cache
def cosines(n_fft: int, lags: int) -> Tensor:
    """From a power spectrum to the first lags of its autocorrelation, (n_fft // 2 + 1, lags).

    Columns of the inverse of a real Fourier transform whose imaginary part is zero.
    """
    bins = np.arange(n_fft // 2 + 1)
    twice = np.where((bins == 0) | (bins == n_fft // 2), 1, 2)  # negative frequencies, too
    turns = np.outer(bins, np.arange(lags)) % n_fft / n_fft
    return _tensor(twice[:, None] * np.cos(2 * np.pi * turns) / n_fft)


@lru_cache
def tonal_centroids() -> Tensor:
    """Coordinates of the pitch classes on the circles of fifths and of both thirds, (6, 12).

    Harte, Sandler & Gasser (2006), "Detecting harmonic change in musical audio".
    """
    angle = np.outer([7 / 6, 7 / 6, 3 / 2, 3 / 2, 2 / 3, 2 / 3], np.arange(12))
    angle[::2] -= 0.5  # sine rows
    radius = np.array([1, 1, 1, 1, 0.5, 0.5])[:, None]
    return _tensor(radius * np.cos(np.pi * angle))


def constant_q_lengths(frequencies: Array, sample_rate: float, bins_per_octave: int) -> Array:
    """Lengths in samples of filters whose bandwidth is a constant share of their frequency."""
    ratio = 2 ** (2 / bins_per_octave)
    return (ratio + 1) / (ratio - 1) * sample_rate / frequencies


def constant_q(frequencies: Array, sample_rate: float, bins_per_octave: int) -> Tensor:
    """Real and imaginary parts of windowed complex tones, shape (samples, 2 * filters).

    Each filter is twice a Hann-windowed tone of unit L1 norm, so that a full-scale sine gives
    magnitude one; Schörkhuber & Klapuri (2010). The number of samples is even, and all filters
    are centred on sample `samples // 2`.
    """
    lengths = constant_q_lengths(frequencies, sample_rate, bins_per_octave)
    samples = 2 * int(np.ceil(lengths.max() / 2)) + 2
    kernels = np.zeros((samples, len(frequencies)), dtype=complex)
    for column, (length, hz) in enumerate(zip(lengths, frequencies, strict=True)):
        n = np.arange(-length // 2, length // 2)
        window = _hann(len(n))
        tone = window * np.exp(2j * np.pi * n * hz / sample_rate)
        kernels[samples // 2 - n.astype(int), column] = 2 * tone / window.sum()
    return _tensor(np.concatenate([kernels.real, kernels.imag], axis=1))


@lru_cache
def halver(passed: float) -> Tensor:
    """Low-pass filter for halving a sample rate, odd length, symmetric, sums to one.

    Args:
        passed: Highest frequency to be free of aliases, as a share of the old sample rate,
            below 0.25. Images above `0.5 - passed` fold onto it; they are 100 dB down.
    """
    # Kaiser's formulas (Oppenheim & Schafer, 7.6), for a transition as wide as can be.
    attenuation, transition = 100, 2 * np.pi * (0.5 - 2 * passed)
    reach = int(np.ceil((attenuation - 7.95) / (2.285 * transition) / 2))
    n = np.arange(-reach, reach + 1)
    taps = np.kaiser(len(n), 0.1102 * (attenuation - 8.7)) * np.sinc(n / 2) / 2
    return _tensor(taps / taps.sum())
