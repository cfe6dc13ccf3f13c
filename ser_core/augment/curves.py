"""Random smooth curves over frequency."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from ser_core.augment import draw
from ser_core.features.representations import filters


def smooth_curves(
    hz: Tensor, count: int, bands: int, reach: float, generator: torch.Generator
) -> Tensor:
    """Random curves that are smooth on the mel scale.

    Values are drawn uniformly at equal steps of mel from the lowest to the highest frequency,
    their mean is taken off, and half cosines join them.

    Args:
        hz: Frequencies, ascending, shape (bins,).
        count: Number of curves.
        bands: Number of drawn values a curve.
        reach: Largest size of a drawn value.
        generator: Source of randomness.

    Returns:
        Shape (count, bins).
    """
    drawn = draw.uniform(-reach, reach, (count, bands), generator)
    drawn = drawn - drawn.mean(dim=1, keepdim=True)
    return drawn @ _half_cosines(hz, bands).to(drawn)


def _half_cosines(hz: Tensor, bands: int) -> Tensor:
    """Weight of each drawn value at each frequency, (bands, bins); columns sum to one."""
    mel = filters.hz_to_mel(hz.cpu().numpy())
    index = (mel - mel[0]) / max(mel[-1] - mel[0], 1e-9) * (bands - 1)
    away = np.abs(index - np.arange(bands)[:, None]).clip(max=1)
    return torch.from_numpy((1 + np.cos(np.pi * away)) / 2).float()
