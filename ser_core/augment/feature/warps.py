"""Feature maps moved and stretched along their axes."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ser_core.augment import draw
from ser_core.augment.feature.base import FeatureAugment, feature_augment
from ser_core.augment.feature.values import level_frequencies
from ser_core.augment.shift import shifted
from ser_core.core import parameter
from ser_core.features.representations import MFCC, filters

# Share of half the sample rate up to which frequencies are multiplied; beyond, what is left of the
# axis is stretched to its end, so that nothing falls off and nothing is missing.
_KNEE = 0.8

# Turn of each circle of the tonnetz for a semitone, in half turns (Harte, Sandler & Gasser 2006).
_HALF_TURNS = (7 / 6, 3 / 2, 2 / 3)


@feature_augment("picture_shift")
@dataclass(frozen=True, kw_only=True)
class FeatureShift(FeatureAugment):
    """Frames moved earlier or later within the clip; silence enters at the other end."""

    title = "Feature time shift"
    describe = "The sound begins earlier or later in its clip."

    reach: float = parameter(0.1, 0.0, 0.9, "Farthest shift as a share of the clip's frames")

    def _augment(
        self, x: Tensor, lengths: Tensor, generator: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        share = draw.uniform(-self.reach, self.reach, len(x), generator).to(x.device)
        steps = (share * lengths).round().long()
        return shifted(x, steps, lengths, self.silence), lengths


@dataclass(frozen=True, kw_only=True)
class Stretch(FeatureAugment):
    """Parameters of what stretches the vertical axis."""

    lowest: float = parameter(0.9, 0.5, 2.0, "Least factor; 1 is unchanged", "times")
    highest: float = parameter(1.1, 0.5, 2.0, "Greatest factor", "times")

    def check(self) -> None:
        """The bounds are in order."""
        self.ordered("lowest", "highest")

    def factors(self, count: int, generator: torch.Generator) -> filters.Array:
        """A factor for each clip, equally likely up and down."""
        low, high = math.log(self.lowest), math.log(self.highest)
        drawn = draw.uniform(low, high, count, generator).cpu().numpy()
        return np.asarray(np.exp(drawn), dtype=float)


@feature_augment("frequency_warp")
@dataclass(frozen=True, kw_only=True)
class FrequencyWarp(Stretch):
    """Vocal tract length perturbation: the frequency axis stretched, piecewise linearly.

    Jaitly & Hinton (2013). Levels are interpolated between bins. MFCCs are warped by the matrix
    that undoes the DCT, warps the mel axis and applies it again; slopes of MFCCs likewise.

    Raises:
        ParameterError: If the representation has no frequency axis, or a bound is wrong.
    """

    title = "Frequency warp"
    describe = "All frequencies higher or lower: a smaller or larger speaker."

    def check(self) -> None:
        """The representation has a frequency axis."""
        super().check()
        axes = {"spectrogram", "melspectrogram", "cqt", "hpss", "mfcc", "delta_mfcc"}
        self.suits(axes, "frequency axis")

    def sources(self, factors: filters.Array) -> Tensor:
        """Bins, as fractions, that each bin of the result comes from, (batch, bins)."""
        hz, top = level_frequencies(self.representation), self.representation.sample_rate / 2
        moved = [
            np.interp(hz, [0, end, top], [0, end / factor, top])
            for factor, end in zip(factors, _KNEE * top * np.minimum(factors, 1), strict=True)
        ]
        index = np.interp(np.stack(moved), hz, np.arange(len(hz)))
        return torch.from_numpy(index).float()

    def _augment(
        self, x: Tensor, lengths: Tensor, generator: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        sources = self.sources(self.factors(len(x), generator)).to(x)
        if not isinstance(self.representation, MFCC):
            return interpolated(x, sources), lengths
        basis = filters.dct(x.shape[2], sources.shape[1]).to(x)
        index = torch.arange(sources.shape[1], device=x.device)
        warp = (1 - (sources.unsqueeze(-1) - index).abs()).clamp(min=0)
        return (basis @ warp @ basis.T).unsqueeze(1) @ x, lengths


@feature_augment("tempo_warp")
@dataclass(frozen=True, kw_only=True)
class TempoWarp(Stretch):
    """The lag axis of a tempogram stretched: the same rhythm at another pace.

    Raises:
        ParameterError: If the representation has no lag axis, or a bound is wrong.
    """

    title = "Tempo warp"
    describe = "The same rhythm faster or slower."

    def check(self) -> None:
        """The representation has a lag axis."""
        super().check()
        self.suits({"tempogram", "delta_tempogram"}, "lag axis")

    def _augment(
        self, x: Tensor, lengths: Tensor, generator: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        factors = torch.from_numpy(self.factors(len(x), generator)).to(x)
        lags = torch.arange(x.shape[2], device=x.device)
        sources = (lags / factors[:, None]).clamp(max=x.shape[2] - 1)
        return interpolated(x, sources), lengths


def interpolated(x: Tensor, sources: Tensor) -> Tensor:
    """Feature maps whose bins come from fractional bins, (batch, bins), by linear interpolation."""
    sources = sources[:, None, :, None]
    below = sources.long()
    above = (below + 1).clamp(max=x.shape[2] - 1)
    low, high = (torch.take_along_dim(x, bins, dim=2) for bins in (below, above))
    return torch.lerp(low, high, sources - below)


@feature_augment("transposition")
@dataclass(frozen=True, kw_only=True)
class Transposition(FeatureAugment):
    """All pitch classes moved round the octave by whole semitones.

    A chroma turns by as many bins. The circles of a tonnetz turn by the angles that this means
    for them: a turned tonnetz is exactly the tonnetz of the turned chroma.

    Raises:
        ParameterError: If the representation is neither.
    """

    title = "Transposition"
    describe = "The melody in another key."

    reach: int = parameter(3, 1, 6, "Farthest transposition, up or down", "semitones")

    def check(self) -> None:
        """The representation has pitch classes or circles."""
        self.suits({"chroma", "tonnetz"}, "pitch classes or circles")

    def _augment(
        self, x: Tensor, lengths: Tensor, generator: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        size = draw.integers(self.reach, len(x), generator) + 1
        semitones = torch.where(draw.chance(0.5, len(x), generator), size, -size).to(x.device)
        turned = turned_chroma if self.representation.name == "chroma" else turned_tonnetz
        return turned(x, semitones), lengths


def turned_chroma(x: Tensor, semitones: Tensor) -> Tensor:
    """Chroma, (batch, channels, 12, frames), transposed up by semitones, (batch,)."""
    sources = (torch.arange(12, device=x.device) - semitones[:, None]) % 12
    return torch.take_along_dim(x, sources[:, None, :, None], dim=2)


def turned_tonnetz(x: Tensor, semitones: Tensor) -> Tensor:
    """Tonnetz, (batch, channels, 6, frames), transposed up by semitones, (batch,)."""
    angle = math.pi * semitones[:, None] * torch.tensor(_HALF_TURNS, device=x.device)
    sine, cosine = (part.to(x)[:, None, :, None] for part in (angle.sin(), angle.cos()))
    across, along = x[:, :, 0::2], x[:, :, 1::2]  # of each circle: its sine and its cosine
    turned = torch.stack([across * cosine + along * sine, along * cosine - across * sine], dim=3)
    return turned.flatten(2, 3)
