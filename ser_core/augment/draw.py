"""Random numbers from one `torch.Generator`, so that a seed decides everything."""

from __future__ import annotations

import torch
from torch import Tensor


def uniform(
    low: float, high: float, shape: int | tuple[int, ...], generator: torch.Generator
) -> Tensor:
    """Numbers between `low` and `high`, float32, on the generator's device."""
    unit = torch.rand(shape, generator=generator, device=generator.device)
    return low + (high - low) * unit


def normal(shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    """Standard normal numbers, float32, on the generator's device."""
    return torch.randn(shape, generator=generator, device=generator.device)


def chance(probability: float, count: int, generator: torch.Generator) -> Tensor:
    """True with the given probability, shape (count,)."""
    return torch.rand(count, generator=generator, device=generator.device) < probability


def integers(stop: int, count: int, generator: torch.Generator) -> Tensor:
    """Whole numbers from 0 to `stop` - 1, shape (count,)."""
    return torch.randint(stop, (count,), generator=generator, device=generator.device)
