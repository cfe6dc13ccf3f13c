"""Functionals of a whole batch at once, as a graph needs them.

What `Functionals` computes clip by clip on frames that it has cut out is computed here on all
frames with masks: frames that count are moved to the front, and how many they are is carried along.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from ser_core.export import fourier
from ser_core.features.representations import Analysis, Functionals, filters
from ser_core.features.representations.functionals import (
    BANDS,
    COEFFICIENTS,
    CONTOUR_POINTS,
    CONTOUR_TERMS,
    FINE_BANDS,
    LARGEST_STEP,
    LOW_LEVEL,
    MODULATIONS,
    QUARTERS,
    SILENT_DB,
    VOICED,
    VOICED_DB,
    _low_level,
)
from ser_core.features.representations.voicing import voicing

_FAR = 1e30
_MODULATED = 256


@dataclass(frozen=True, eq=False)
class Series:
    """Values over time of which only the first ones count.

    Attributes:
        values: Shape (batch, rows, n).
        count: How many frames count, (batch, 1, 1), as a float; 0 for none.
    """

    values: Tensor
    count: Tensor

    @property
    def inside(self) -> Tensor:
        """Whether a frame counts, (batch, 1, n)."""
        return _indices(self.values) < self.count

    def mean(self) -> Tensor:
        """Mean, (batch, rows); zero where nothing counts."""
        kept = torch.where(self.inside, self.values, 0.0)
        return (kept.sum(-1, keepdim=True) / self.count.clamp(min=1))[..., 0]

    def spread(self) -> Tensor:
        """Standard deviation, (batch, rows); zero where nothing counts."""
        away = (self.values - self.mean().unsqueeze(-1)).square()
        return Series(away, self.count).mean().sqrt()

    def quantiles(self, *shares: float) -> tuple[Tensor, ...]:
        """Quantiles between the two nearest values, each (batch, rows); zero where none counts."""
        ordered = torch.where(self.inside, self.values, _FAR).sort(dim=-1).values
        return Series(ordered, self.count).at(shares).unbind(-1)

    def at(self, shares: Sequence[float]) -> Tensor:
        """Values at shares of the way, between the two nearest, (batch, rows, shares).

        Zero where nothing counts.
        """
        last = (self.count - 1).clamp(min=0)
        index = self.values.new_tensor(shares) * last
        low = index.floor()
        high = torch.minimum(low + 1, last)
        left, right = (_picked(self.values, each) for each in (low, high))
        return torch.where(self.count > 0, left + (index - low) * (right - left), 0.0)


def _indices(values: Tensor) -> Tensor:
    return torch.arange(values.shape[-1], device=values.device, dtype=values.dtype)


def _picked(values: Tensor, index: Tensor) -> Tensor:
    """Frames at indices, (batch, rows, n) and (batch, 1, m) -> (batch, rows, m)."""
    return values.gather(-1, index.long().expand(-1, values.shape[1], -1))


def functionals(rep: Functionals, sound: Analysis) -> Tensor:
    """As `Functionals` for sounds of one length, (batch, samples) -> (batch, 1, bins, 1)."""
    mel = sound.mel_db(rep.n_fft, rep.hop_length, FINE_BANDS, 0.0, rep.sample_rate / 2)
    bands = sound.mel_db(rep.n_fft, rep.hop_length, BANDS, 0.0, rep.sample_rate / 2)
    voice = voicing(sound.waveforms, rep.sample_rate, rep.hop_length, fourier.powers)
    level = _cut(voice.energy.unsqueeze(1), voice.energy.unsqueeze(1)).mean()
    mel, bands = mel - level[..., None], bands - level[..., None]
    voice = voice._replace(energy=voice.energy - level)
    cepstrum = filters.dct(COEFFICIENTS, FINE_BANDS).to(mel) @ mel
    contrast = rep._contrast().compute(sound)[:, 0]
    low = _low_level(mel, voice)
    every = torch.cat(
        [bands, cepstrum, contrast, low, torch.stack([voice.semitones, voice.periodicity], 1)], 1
    )
    own = _cut(every, voice.energy.unsqueeze(1))
    return _all(own, rep.hop_length / rep.sample_rate)[:, None, :, None]


def _cut(values: Tensor, energy: Tensor) -> Series:
    """From the first loud frame to the last, moved to the front."""
    loud = energy >= energy.amax(-1, keepdim=True) + SILENT_DB
    index = _indices(energy)
    first = torch.where(loud, index, _FAR).amin(-1, keepdim=True)
    last = torch.where(loud, index, -1.0).amax(-1, keepdim=True)
    moved = torch.minimum(index + first, last)
    return Series(_picked(values, moved), last - first + 1)


def _all(own: Series, step: float) -> Tensor:
    """All functionals, (batch, functionals), of timbre, pitch and periodicity in this order."""
    timbre = Series(own.values[:, :-2], own.count)
    low = own.values[:, -2 - len(LOW_LEVEL) : -2]
    pitch, periodicity = own.values[:, -2:-1], own.values[:, -1:]
    energy = low[:, :1]
    loudest = torch.where(own.inside, energy, -_FAR).amax(-1, keepdim=True)
    voiced = own.inside & (periodicity > VOICED) & (energy > loudest + VOICED_DB)
    order, count = _first(voiced)
    spoken = Series(_picked(torch.cat([low, pitch], 1), order), count)
    course = Series(_bridged(pitch, voiced, order, count), own.count)
    loudness = Series(energy, own.count)
    parts = (
        _statistics(timbre),
        _statistics(spoken),
        _rhythm(pitch, loudness, voiced, step),
        _quarters(pitch, loudness, voiced),
        _modulation(loudness),
        _course(course),
        _course(loudness),
    )
    return torch.cat(parts, dim=1)


def _first(chosen: Tensor) -> tuple[Tensor, Tensor]:
    """Indices of the chosen frames, in order and before all others, and how many they are."""
    index = _indices(chosen.float())
    late = torch.where(chosen, index, index + chosen.shape[-1])
    order = torch.remainder(late.sort(dim=-1).values, chosen.shape[-1])
    return order, chosen.float().sum(-1, keepdim=True)


def _statistics(series: Series) -> Tensor:
    """Statistics over time, (batch, 11 * rows); zero where nothing counts."""
    values, count = series.values, series.count
    low, quarter, middle, most, high = series.quantiles(0.05, 0.25, 0.5, 0.75, 0.95)
    time = 2 * _indices(values) / (count - 1).clamp(min=1) - 1
    slope = Series(values * time, count).mean() / Series(time * time, count).mean().clamp(min=1e-9)
    slope = torch.where(count[..., 0] > 1, slope, 0.0)
    moved = _steps(values, count)
    falls, rises = moved.quantiles(0.05, 0.95)
    steps = Series(moved.values.abs(), moved.count).mean(), moved.spread()
    found = [
        series.mean(), series.spread(), low, high, middle, most - quarter, slope, *steps, rises,
        falls,
    ]  # fmt: skip
    stacked = torch.stack(found, dim=1)
    return torch.where(count > 0, stacked, 0.0).flatten(1)


def _steps(values: Tensor, count: Tensor) -> Series:
    """From each frame to the next; of a single frame, one step of nothing."""
    ahead = torch.cat([values[..., 1:], values[..., -1:]], dim=-1)
    moved = torch.where(_indices(values) < count - 1, ahead - values, 0.0)
    return Series(moved, (count - 1).clamp(min=1))


def _chosen(values: Tensor, chosen: Tensor) -> Series:
    """The chosen frames alone."""
    order, count = _first(chosen)
    return Series(_picked(values, order), count)


def _rhythm(pitch: Tensor, energy: Series, voiced: Tensor, step: float) -> Tensor:
    """Values of `RHYTHM`, (batch, 9)."""
    nothing = torch.zeros_like(voiced[..., :1])
    after = torch.cat([voiced[..., 1:], nothing], dim=-1)
    both = voiced & after
    turns = _steps(pitch, energy.count).values
    moves = _chosen(turns, both & (turns.abs() < LARGEST_STEP))
    shimmer = _chosen(_steps(energy.values, energy.count).values.abs(), both)
    ends = _chosen(voiced.float().cumsum(-1), voiced & ~after)
    before = torch.cat([torch.zeros_like(ends.values[..., :1]), ends.values[..., :-1]], dim=-1)
    lengths = Series((ends.values - before) * step, ends.count)
    seconds = energy.count * step
    return torch.cat(
        [
            Series(moves.values.abs(), moves.count).mean(),
            shimmer.mean(),
            (voiced.float().sum(-1, keepdim=True) / energy.count)[..., 0],
            (ends.count / seconds)[..., 0],
            lengths.mean(),
            lengths.spread(),
            seconds[..., 0],
            Series((moves.values > 0).float(), moves.count).mean(),
            moves.spread(),
        ],
        dim=1,
    )


def _quarters(pitch: Tensor, energy: Series, voiced: Tensor) -> Tensor:
    """Mean pitch and mean energy of each quarter, (batch, 8)."""
    index, count = _indices(pitch), energy.count
    size = (count / QUARTERS).floor()
    number = torch.arange(QUARTERS + 1, device=pitch.device, dtype=pitch.dtype)[:, None]
    edges = number * size + torch.minimum(count - QUARTERS * size, number)
    part = (index >= edges[:, :-1]) & (index < edges[:, 1:])  # (batch, quarters, frames)
    everywhere = _masked_mean(pitch, voiced, torch.zeros_like(count))
    overall = energy.mean().unsqueeze(-1)
    pitches = _masked_mean(pitch, voiced & part, everywhere)
    energies = _masked_mean(energy.values, energy.inside & part, overall)
    return torch.cat([pitches, energies], dim=1)[..., 0]


def _masked_mean(values: Tensor, allowed: Tensor, other: Tensor) -> Tensor:
    """Mean over frames of what is allowed, (batch, ..., 1); the other value where nothing is."""
    count = allowed.float().sum(-1, keepdim=True)
    mean = torch.where(allowed, values, 0.0).sum(-1, keepdim=True) / count.clamp(min=1)
    return torch.where(count > 0, mean, other)


def _modulation(energy: Series) -> Tensor:
    """Logarithm of the slowest modulations of the energy, (batch, 19)."""
    away = torch.where(energy.inside, energy.values - energy.mean().unsqueeze(-1), 0.0)[:, 0]
    window = F.pad(away, (0, _MODULATED))[:, :_MODULATED]
    turn = 2 * torch.pi / _MODULATED
    angle = turn * torch.outer(torch.arange(_MODULATED), torch.arange(1, MODULATIONS + 1)).double()
    real, imaginary = (window @ each.float() for each in (angle.cos(), angle.sin()))
    size = (real.square() + imaginary.square()).sqrt()
    return torch.log(size / energy.count[..., 0] + 1e-3)


def _bridged(pitch: Tensor, voiced: Tensor, order: Tensor, count: Tensor) -> Tensor:
    """Pitch with straight lines across what is not voiced; zero if nothing is."""
    passed = voiced.float().cumsum(-1) - voiced.float()
    after = torch.minimum(passed, (count - 1).clamp(min=0))
    left, right = (_picked(order, each) for each in ((after - 1).clamp(min=0), after))
    share = ((_indices(pitch) - left) / (right - left).clamp(min=1)).clamp(0.0, 1.0)
    low, high = _picked(pitch, left), _picked(pitch, right)
    return torch.where(count > 0, low + share * (high - low), 0.0)


def _course(series: Series) -> Tensor:
    """First terms of the cosine transform of a curve, (batch, 9)."""
    shares = [number / (CONTOUR_POINTS - 1) for number in range(CONTOUR_POINTS)]
    points = series.at(shares)[:, 0]
    basis = filters.dct(CONTOUR_TERMS + 1, CONTOUR_POINTS).to(points)
    return (points @ basis.T)[:, 1:]
