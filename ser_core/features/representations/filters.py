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

from ser_core.features.mel import (
    dct_basis,
    fft_frequencies,
    full_scale_power,
    hann_window,
    hz_to_mel,
    mel_bank,
    mel_frequencies,
    mel_to_hz,
)

Array = npt.NDArray[np.float64]

__all__ = [
    "chroma",
    "constant_q",
    "constant_q_lengths",
    "cosines",
    "dct",
    "fft_frequencies",
    "full_scale_power",
    "halver",
    "hann",
    "hz_to_mel",
    "mel",
    "mel_frequencies",
    "mel_to_hz",
    "tonal_centroids",
]


def _tensor(values: Array) -> Tensor:
    # The first caller may be in inference mode; the cached tensor must serve gradients too.
    with torch.inference_mode(False):
        return torch.from_numpy(np.ascontiguousarray(values, dtype=np.float32))


@lru_cache
def hann(length: int) -> Tensor:
    """Periodic Hann window, shape (length,)."""
    return _tensor(hann_window(length))


@lru_cache
def mel(sample_rate: int, n_fft: int, n_mels: int, fmin: float, fmax: float) -> Tensor:
    """Triangular mel bands of equal area, shape (n_mels, n_fft // 2 + 1)."""
    return _tensor(mel_bank(sample_rate, n_fft, n_mels, fmin, fmax))


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
    return _tensor(dct_basis(n_coefficients, n_inputs))


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
        window = hann_window(len(n))
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
