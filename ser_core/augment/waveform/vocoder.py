"""Scaling the frequency axis of sounds without changing their length."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from ser_core.augment.waveform import fourier
from ser_core.augment.waveform.envelope import power
from ser_core.augment.waveform.resampling import resampled
from ser_core.features.representations import filters

TOGETHER = 2
"""Clips whose spectra are worked on at a time: few enough to stay in a core's cache."""

# Added to every bin so that each has a phase; 200 dB below what 16 bits resolve.
_NOTHING = 1e-12


def window_length(sample_rate: int, seconds: float) -> int:
    """Power of two nearest to a duration, in samples, at least 64."""
    return 1 << max(6, round(math.log2(seconds * sample_rate)))


def analysed(x: Tensor, n_fft: int, hop: int, window: Tensor) -> Tensor:
    """STFT with time before frequency, shape (batch, frames, bins)."""
    spectra: Tensor = torch.stft(
        x, n_fft, hop, window=window, pad_mode="constant", return_complex=True
    )
    return spectra.transpose(1, 2)


def scaled(x: Tensor, factors: Tensor, sample_rate: int) -> Tensor:
    """Sounds of which every frequency is multiplied by a factor, of unchanged length.

    A phase vocoder (Flanagan & Golden 1966, Laroche & Dolson 1999) makes each sound longer by its
    factor, and band-limited resampling makes it as long as before. Where a factor below one
    leaves the top of the frequency axis empty, the sound's own top stays, as the upper segment of
    the piecewise linear warp of VTLP (Jaitly & Hinton 2013) fills it.

    Args:
        x: Shape (batch, samples).
        factors: Shape (batch,).
        sample_rate: In Hz.

    Returns:
        Shape (batch, samples).
    """
    pieces = zip(x.split(TOGETHER), factors.split(TOGETHER), strict=True)
    moved = torch.cat([_moved(clips, factor, sample_rate) for clips, factor in pieces])
    lower = factors < 1
    if lower.any():
        moved[lower] += _top(x[lower], factors[lower], sample_rate)
    return moved


def _moved(x: Tensor, factors: Tensor, sample_rate: int) -> Tensor:
    longer = _stretched(x, factors, sample_rate)
    return resampled(longer, (x.shape[1] * factors).round().long(), factors, x.shape[1])


def _top(x: Tensor, factors: Tensor, sample_rate: int) -> Tensor:
    """What sounds have above the highest frequency that scaling leaves, shape (batch, samples)."""
    size = fourier.fast_length(x.shape[1] + fourier.GUARD)
    hz = fourier.frequencies(size, sample_rate, x)
    return fourier.filtered(x, (hz > factors[:, None] * sample_rate / 2).to(x), size)


def _stretched(x: Tensor, factors: Tensor, sample_rate: int) -> Tensor:
    """Sounds made longer by factors at unchanged pitch, shape (batch, samples)."""
    n_fft = window_length(sample_rate, 0.064)
    hop, window = n_fft // 4, filters.hann(n_fft).to(x)
    spectra = analysed(F.pad(x, (0, n_fft)), n_fft, hop, window)
    samples = math.ceil(x.shape[1] * float(factors.max()))
    at = torch.arange(2 + samples // hop, device=x.device) / factors[:, None]
    longer = _read_at(spectra, at.clamp(max=spectra.shape[1] - 1.001))
    sounds: Tensor = torch.istft(longer.transpose(1, 2), n_fft, hop, window=window, length=samples)
    return sounds


def _read_at(spectra: Tensor, at: Tensor) -> Tensor:
    """Spectra at fractional frames, with phases that advance as they do there.

    Magnitudes are interpolated. From one frame to the next a phase turns by what it turns between
    the two frames around the position; turns are unit numbers, so no angle is ever taken. What a
    phase has then turned away from the frame that is read, neighbouring bins have in common.

    Args:
        spectra: Shape (batch, frames, bins).
        at: Positions in frames, ascending from 0, shape (batch, positions).
    """
    clip = torch.arange(len(spectra), device=spectra.device)[:, None]
    before = at.long()
    spectra = spectra + _NOTHING
    size = power(spectra).sqrt()
    unit = spectra * size.reciprocal()
    turn = (unit[:, 1:] * unit[:, :-1].conj())[clip, before[:, :-1]]
    phase = torch.cumprod(torch.cat([unit[:, :1], turn], dim=1), dim=1)
    level = torch.lerp(size[clip, before], size[clip, before + 1], (at - before).unsqueeze(-1))
    here = unit[clip, before]
    return here * _rotations(phase * here.conj() * level) * level


def _rotations(turned: Tensor) -> Tensor:
    """Rotation of each bin, from those of it and its neighbours by their magnitude.

    Bins of one harmonic that rotate apart cancel each other in the sound; so they follow the
    strongest among them. A soft form of the phase locking of Laroche & Dolson (1999).
    """
    joint = turned.clone()
    joint[..., 1:] += turned[..., :-1]
    joint[..., :-1] += turned[..., 1:]
    return joint * (power(joint) + torch.finfo(joint.dtype).tiny).rsqrt()
