"""Stretches of time, bands and pitch classes taken away."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ser_core.augment import draw
from ser_core.augment.feature.base import FeatureAugment, feature_augment, own_mean
from ser_core.core import choice, parameter


@dataclass(frozen=True, kw_only=True)
class Mask(FeatureAugment):
    """Parameters of masks: how many, and the value they fill in."""

    count: int = parameter(2, 1, 20, "Masks per clip", "masks")
    fill: str = choice(
        "mean",
        ("mean", "silence"),
        "What is put in its place: the clip's mean of each bin, or silence",
    )

    def hidden(self, x: Tensor, lengths: Tensor, generator: torch.Generator) -> Tensor:
        """True where a feature map is hidden, broadcastable to the batch."""
        raise NotImplementedError

    def _augment(
        self, x: Tensor, lengths: Tensor, generator: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        hidden = self.hidden(x, lengths, generator).to(x.device)
        instead = own_mean(x, lengths) if self.fill == "mean" else self.silence.to(x)
        return torch.where(hidden, instead, x), lengths


def stretches(
    own: Tensor, size: int, longest: float, count: int, generator: torch.Generator
) -> Tensor:
    """Random stretches of at least one index, (batch, size): True within one of `count`.

    Args:
        own: Length of each clip, within which stretches lie, shape (batch,).
        size: Length of the result.
        longest: Length of the longest stretch as a share of `own`.
        count: Stretches a clip.
        generator: Source of randomness.
    """
    own = own.to(generator.device).float().unsqueeze(1)
    width = (draw.uniform(0, longest, (len(own), count), generator) * own).round().clamp(min=1)
    start = (draw.uniform(0, 1, (len(own), count), generator) * (own - width + 1)).floor()
    index = torch.arange(size, device=own.device)
    within = (index >= start.unsqueeze(-1)) & (index < (start + width).unsqueeze(-1))
    return within.any(dim=1)


@feature_augment("time_mask")
@dataclass(frozen=True, kw_only=True)
class TimeMask(Mask):
    """Stretches of frames hidden in all bins. SpecAugment, Park et al. (2019)."""

    title = "Time mask"
    describe = "Short stretches of time masked, as in SpecAugment."

    longest: float = parameter(0.1, 0.0, 1.0, "Longest stretch as a share of the clip's frames")

    def hidden(self, x: Tensor, lengths: Tensor, generator: torch.Generator) -> Tensor:
        """True in the frames that are hidden."""
        within = stretches(lengths, x.shape[-1], self.longest, self.count, generator)
        return within[:, None, None, :]


@feature_augment("frequency_mask")
@dataclass(frozen=True, kw_only=True)
class FrequencyMask(Mask):
    """Stretches of neighbouring bins hidden at all times. SpecAugment, Park et al. (2019)."""

    title = "Frequency mask"
    describe = "Frequency bands masked, as in SpecAugment."

    widest: float = parameter(0.12, 0.0, 1.0, "Widest band as a share of the bins")

    def hidden(self, x: Tensor, lengths: Tensor, generator: torch.Generator) -> Tensor:
        """True in the bins that are hidden."""
        bins = torch.full_like(lengths, x.shape[2])
        within = stretches(bins, x.shape[2], self.widest, self.count, generator)
        return within[:, None, :, None]


# Bins of each harmonic unit: a pitch class has one, a circle of the tonnetz has two coordinates.
_HARMONIC_UNITS = {"chroma": 1, "tonnetz": 2}


@feature_augment("harmonic_mask")
@dataclass(frozen=True, kw_only=True)
class HarmonicMask(Mask):
    """Pitch classes of a chroma, or circles of a tonnetz, hidden at all times.

    Raises:
        ParameterError: If the representation has neither.
    """

    title = "Harmonic mask"
    describe = "Pitch classes or circles of harmony masked."

    count: int = parameter(2, 1, 11, "Pitch classes or circles masked, but never all", "units")

    def check(self) -> None:
        """The representation has pitch classes or circles."""
        self.suits({*_HARMONIC_UNITS}, "pitch classes or circles")

    def hidden(
        self,
        x: Tensor,
        lengths: Tensor,  # noqa: ARG002 - pitch classes are hidden at all times
        generator: torch.Generator,
    ) -> Tensor:
        """True in the bins that are hidden."""
        bins_each = _HARMONIC_UNITS[self.representation.name]
        units = x.shape[2] // bins_each
        order = draw.uniform(0, 1, (len(x), units), generator).argsort(dim=1).argsort(dim=1)
        chosen = order < min(self.count, units - 1)
        return chosen.repeat_interleave(bins_each, dim=1)[:, None, :, None]
