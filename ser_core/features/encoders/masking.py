"""SpecAugment: bands and stretches of time that an encoder does not get to see in training."""

from __future__ import annotations

import torch
from torch import Tensor, nn

WIDEST_BAND = 0.2
"""Share of the bands that one mask covers at most."""

LONGEST = 0.125
"""Share of a clip's own frames that one mask covers at most."""

MASKS = 2
"""Masks of bands that each clip gets; of stretches of time it gets half as many."""


class SpecAugment(nn.Module):
    """Masks of random bands and stretches of time, in training alone: Park et al. (2019).

    Attributes:
        enabled: Whether anything is masked; set by a training.
        generator: What is drawn from; torch's global one when None.
    """

    def __init__(self) -> None:
        super().__init__()
        self.enabled = False
        self.generator: torch.Generator | None = None

    def forward(self, features: Tensor, frames: Tensor) -> Tensor:
        """Features with their mean in place of what is masked.

        Args:
            features: Shape (batch, bands, n).
            frames: Own frames of each clip, shape (batch,).
        """
        if not (self.training and self.enabled):
            return features
        _, bands, count = features.shape
        own = torch.arange(count, device=features.device) < frames[:, None]
        shares = own / frames[:, None].to(features.dtype)
        mean = (features * shares[:, None]).sum((1, 2), keepdim=True) / bands
        hidden = torch.zeros_like(features, dtype=torch.bool)
        for _ in range(MASKS):
            hidden |= self._stretches(torch.full_like(frames, bands), bands, WIDEST_BAND)[..., None]
        for _ in range(MASKS // 2):
            hidden |= self._stretches(frames, count, LONGEST)[:, None]
        return torch.where(hidden, mean, features)

    def times(self, frames: Tensor, count: int) -> Tensor | None:
        """Stretches of time alone, true where masked, (batch, count); None when nothing is."""
        if not (self.training and self.enabled):
            return None
        return self._stretches(frames, count, LONGEST)

    def _stretches(self, lengths: Tensor, count: int, share: float) -> Tensor:
        """One stretch of up to a share of each length, true within it, (batch, count)."""
        drawn = torch.rand(2, len(lengths), generator=self.generator).to(lengths.device)
        width = drawn[0] * share * lengths
        start = drawn[1] * (lengths - width)
        places = torch.arange(count, device=lengths.device)
        low, high = start.round()[:, None], (start + width).round()[:, None]
        return (places >= low) & (places < high)
