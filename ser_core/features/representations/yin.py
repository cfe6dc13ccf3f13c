"""Pitch by YIN: the first dip of the difference between a frame and itself, moved."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from ser_core.features.representations import filters
from ser_core.features.representations.analysis import slight

LOWEST_HZ, HIGHEST_HZ = 65.0, 500.0
WINDOW_S = 0.064
THRESHOLD = 0.1
"""A dip deeper than this is taken, at the shortest lag that has one."""

_TINY = 1e-9


def yin(waveforms: Tensor, sample_rate: int, hop_length: int) -> Tensor:
    """Pitch of each frame in Hz, (batch, samples) -> (batch, frames).

    de Cheveigné & Kawahara (2002), "YIN, a fundamental frequency estimator for speech and music",
    with the steps of librosa: where no dip is deep enough the deepest is taken, so every frame has
    a pitch, and that of a frame without voice means nothing. The lag is chosen, which passes no
    gradient; the parabola through the dip does.

    Args:
        waveforms: Sounds; beyond their ends there is silence.
        sample_rate: In Hz.
        hop_length: Samples from a frame to the next; frame t is centred on sample t * hop_length.
    """
    length = window(sample_rate)
    low, high = int(sample_rate / HIGHEST_HZ), -int(-sample_rate // LOWEST_HZ)
    frames = F.pad(waveforms, (length // 2, length // 2)).unfold(-1, length, hop_length)
    dips = _normalised_differences(frames, high)[..., low - 1 :]
    lag = low + _chosen(dips) + _shift(dips)
    pitch: Tensor = sample_rate / lag[..., 0]
    return pitch


def window(sample_rate: int) -> int:
    """Samples of a frame, even."""
    return 2 * round(WINDOW_S * sample_rate / 2)


def _normalised_differences(frames: Tensor, high: int) -> Tensor:
    """Cumulative mean normalised difference (equation 8) at the lags 1 to high."""
    size = 1 << (frames.shape[-1] + high - 1).bit_length()
    spectrum = torch.fft.rfft(frames, size)
    power = spectrum.real.square() + spectrum.imag.square()
    correlation = power @ filters.cosines(size, high + 1).to(power)
    passed = frames.square()[..., :high].cumsum(-1)
    difference = 2 * (correlation[..., :1] - correlation[..., 1:]) - passed
    lags = torch.arange(1, high + 1, device=frames.device, dtype=frames.dtype)
    mean = difference.cumsum(-1) / lags
    found: Tensor = difference / (mean + slight(mean, _TINY))
    return found


def _chosen(dips: Tensor) -> Tensor:
    """Index of the first dip below the threshold, or of the deepest place; (..., 1)."""
    count = dips.shape[-1]
    ahead = torch.cat([dips[..., 1:], dips[..., -1:]], dim=-1)
    behind = torch.cat([torch.full_like(dips[..., :1], torch.inf), dips[..., :-1]], dim=-1)
    first_rises = torch.cat(
        [dips[..., :1] < dips[..., 1:2], torch.ones_like(dips[..., 1:], dtype=torch.bool)], dim=-1
    )
    deep = (dips < behind) & (dips <= ahead) & first_rises & (dips < THRESHOLD)
    index = torch.arange(count, device=dips.device)
    first = torch.where(deep, index, count).amin(-1, keepdim=True)
    return torch.where(first < count, first, dips.argmin(-1, keepdim=True))


def _shift(dips: Tensor) -> Tensor:
    """From the chosen lag to the bottom of the parabola through it, (..., 1); 0 at the ends."""
    at = _chosen(dips)
    last = dips.shape[-1] - 1
    inner = (at > 0) & (at < last)
    centre = at.clamp(1, last - 1)
    before, here, after = (dips.gather(-1, centre + step) for step in (-1, 0, 1))
    bend, slope = after + before - 2 * here, (after - before) / 2
    usable = inner & (slope.abs() < bend.abs())
    return torch.where(usable, -slope / torch.where(usable, bend, torch.ones_like(bend)), 0.0)
