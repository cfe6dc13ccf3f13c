"""Moving the spectral envelope (formants, the vocal tract) along the frequency axis."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor

# Bands stand at equal steps of asinh(f / 4 kHz): 125 Hz apart at 0, 177 Hz at 4 kHz. Each reaches
# 1.5 steps either way: wide enough to blur the harmonics of a voice, narrow enough for its
# formants. What the blur takes off their peaks is added again, as in CheapTrick (Morise 2015).
_CORNER_HZ = 4000.0
_STEP = 1 / 32
_REACH = 1.5
_SHARPENING = 0.2
_SMALLEST_SHARE = 1e-6  # of a frame's loudest band: what is 60 dB below has no formants to move
_LARGEST_GAIN = 20.0  # dB


def moved_envelope(spectra: Tensor, factors: Tensor, sample_rate: int) -> Tensor:
    """Spectra whose envelope is stretched along frequency while harmonics and phases stay.

    Args:
        spectra: STFT, shape (batch, frames, bins).
        factors: What formant frequencies are multiplied by, shape (batch,).
        sample_rate: In Hz.

    Returns:
        Of the same shape: each bin times envelope(f / factor) / envelope(f).
    """
    analyse, spread = (each.to(spectra.device) for each in _bands(spectra.shape[-1], sample_rate))
    level = _levels(power(spectra) @ analyse)
    gain = (level @ _warping(factors, level.shape[-1]) - level).clamp(-_LARGEST_GAIN, _LARGEST_GAIN)
    return spectra * torch.exp(gain @ spread * (np.log(10) / 20))


def power(spectra: Tensor) -> Tensor:
    """Squared magnitude, without the square root that `abs` would take."""
    return spectra.real.square() + spectra.imag.square()


def _levels(bands: Tensor) -> Tensor:
    """Levels in dB of the power in bands, peaks sharpened, of its shape."""
    quiet = _SMALLEST_SHARE * bands.amax(-1, keepdim=True)
    level = 10 * (bands + quiet + torch.finfo(bands.dtype).tiny).log10()
    curvature = 2 * level[..., 1:-1] - level[..., :-2] - level[..., 2:]
    return level + _SHARPENING * F.pad(curvature, (1, 1))


def _warping(factors: Tensor, bands: int) -> Tensor:
    """Linear interpolation of bands at f / factor, shape (batch, bands, bands): from, to."""
    index = torch.arange(bands, device=factors.device)
    hz = torch.sinh(index * _STEP)
    source = (torch.asinh(hz / factors[:, None]) / _STEP).clamp(max=bands - 1)
    return (1 - (source[:, None, :] - index[:, None]).abs()).clamp(min=0)


@lru_cache(maxsize=8)
def _bands(bins: int, sample_rate: int) -> tuple[Tensor, Tensor]:
    """Mean power of each band, (bins, bands), and band values spread over bins, (bands, bins)."""
    hz = np.linspace(0, sample_rate / 2, bins)
    index = np.arcsinh(hz / _CORNER_HZ) / _STEP
    bands = np.arange(int(np.ceil(index[-1])) + 1)
    away = np.abs(index[:, None] - bands)
    weight = 1 + np.cos(np.pi * (away / _REACH).clip(max=1))
    analyse = weight / weight.sum(axis=0).clip(min=1e-9)
    return _tensor(analyse), _tensor((1 - away).clip(min=0).T)


def _tensor(values: npt.NDArray[np.float64]) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(values, dtype=np.float32))
