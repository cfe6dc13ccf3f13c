"""Pitch, periodicity and energy of each frame, from the autocorrelation of the waveform."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from ser_core.features.representations import filters
from ser_core.features.representations.analysis import slight

LOWEST_HZ, HIGHEST_HZ = 60.0, 500.0
WINDOW_S = 0.04
REFERENCE_HZ = 100.0
# Of two lags that fit about equally the shorter is taken: this much of the height is lost by the
# longest lag. Without it, tones are estimated an octave too low.
_PREFERENCE = 0.21
_TINY = 1e-9
_SILENT = 1e-6
"""Energy of a frame under which it has no period: what rounding leaves of nothing is noise."""


class Voicing(NamedTuple):
    """Pitch, periodicity and energy of each frame.

    Attributes:
        semitones: Pitch above 100 Hz, (batch, frames); meaningless where nothing is periodic.
        periodicity: Height of the autocorrelation at the pitch's lag, 0 to 1, (batch, frames).
        energy: Level of the windowed frame in dB, (batch, frames).
    """

    semitones: Tensor
    periodicity: Tensor
    energy: Tensor


def powers(waveforms: Tensor, length: int, least: int, hop_length: int) -> Tensor:
    """Power spectra of Hann-windowed frames, (batch, samples) -> (batch, frames, bins).

    Args:
        waveforms: Sounds.
        length: Samples of a frame, even; frame t is centred on sample t * hop_length.
        least: Samples that a frame is filled up to with zeros, or more.
        hop_length: Samples from a frame to the next.
    """
    frames = F.pad(waveforms, (length // 2, length // 2)).unfold(-1, length, hop_length)
    return _power(frames * filters.hann(length).to(waveforms), least)


def voicing(
    waveforms: Tensor,
    sample_rate: int,
    hop_length: int,
    powers: Callable[[Tensor, int, int, int], Tensor] = powers,
) -> Voicing:
    """Pitch by the autocorrelation of windowed frames, freed from that of the window.

    Boersma (1993), "Accurate short-term analysis of the fundamental frequency and the
    harmonics-to-noise ratio of a sampled sound", without its path search: between 60 and 500 Hz the
    highest peak is taken, refined by a parabola.

    Args:
        waveforms: Shape (batch, samples).
        sample_rate: In Hz.
        hop_length: Samples from a frame to the next; frame t is centred on sample t * hop_length.
        powers: What computes power spectra, where another way than the Fourier transform is faster.
    """
    length = 2 * round(WINDOW_S * sample_rate / 2)
    low, high = int(sample_rate / HIGHEST_HZ), int(sample_rate / LOWEST_HZ) + 1
    correlation = _autocorrelation(powers(waveforms, length, length + high, hop_length), high + 1)
    power = correlation[..., :1]
    tiny = slight(power, _TINY)
    shape = _autocorrelation(_power(filters.hann(length).to(waveforms), length + high), high + 1)
    heights = correlation / (power + tiny) / (shape / shape[0])
    heights = torch.where(power > _SILENT, heights, torch.zeros_like(heights))
    lag, height = _peak(heights, low, high)
    periodicity = height.clamp(0.0, 1 - 1e-4)
    semitones = 12 * torch.log2(sample_rate / lag / REFERENCE_HZ)
    return Voicing(semitones, periodicity, 10 * torch.log10(power[..., 0].clamp(min=0) + tiny))


def _power(frames: Tensor, least: int) -> Tensor:
    spectrum = torch.fft.rfft(frames, 1 << (least - 1).bit_length())
    power: Tensor = spectrum.real.square() + spectrum.imag.square()
    return power


def _autocorrelation(power: Tensor, lags: int) -> Tensor:
    """Autocorrelation at the first lags only, from power spectra: (..., bins) -> (..., lags).

    The way back is one matrix product, which an exported graph computes ten times faster than an
    inverse Fourier transform, and torch as fast.
    """
    correlation: Tensor = power @ filters.cosines(2 * (power.shape[-1] - 1), lags).to(power)
    return correlation


def _peak(heights: Tensor, low: int, high: int) -> tuple[Tensor, Tensor]:
    """Lag in samples, between the whole ones, and height of the highest peak from low to high."""
    count = high - low
    preferred = heights[..., low:high] * torch.linspace(
        1, 1 - _PREFERENCE, count, device=heights.device
    )
    found = preferred.argmax(dim=-1, keepdim=True) + low
    left, middle, right = (heights.gather(-1, found + step) for step in (-1, 0, 1))
    bend = left - 2 * middle + right
    shift = torch.where(bend < -_TINY, 0.5 * (left - right) / bend.clamp(max=-_TINY), 0 * bend)
    return (found + shift.clamp(-1, 1))[..., 0], middle[..., 0]
