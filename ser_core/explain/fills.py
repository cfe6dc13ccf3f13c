"""What takes the place of a part that is removed: the same for every method that is compared."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ser_core.explain.view import Sight
from ser_core.parameters import choice
from ser_core.registry import Registry

Fill = Callable[[Sight], Tensor]
"""A whole picture of the shape of `Sight.seen`, normalised, to take parts from."""

FILLS: Registry[Fill] = Registry("fill")

BLUR = 0.1
"""Standard deviation of the blur, as a share of the bins and of the frames."""


@FILLS.register("mean")
def mean(sight: Sight) -> Tensor:
    """Zero, where normalisation puts the mean: of the training part, or of the clip or voice."""
    return torch.zeros_like(sight.seen)


@FILLS.register("silence")
def silence(sight: Sight) -> Tensor:
    """What digital silence gives."""
    return sight.silence.expand_as(sight.seen).contiguous()


@FILLS.register("blurred")
def blurred(sight: Sight) -> Tensor:
    """The clip itself without its detail in time and frequency: a Gaussian blur."""
    from scipy.ndimage import gaussian_filter

    values = sight.seen.numpy()
    sigma = (0.0, 0.0, BLUR * values.shape[-2], BLUR * values.shape[-1])
    return torch.from_numpy(np.asarray(gaussian_filter(values, sigma, mode="nearest")))


def filled(sight: Sight, fill: str) -> Tensor:
    """Picture to take the place of removed parts, by the name of the fill.

    Raises:
        UnknownNameError: If there is no such fill.
    """
    return FILLS[fill](sight)


def fill_choice(help: str = "What the clip is compared with") -> Any:  # noqa: A002
    """Dataclass field of a fill."""
    return choice("mean", tuple(FILLS), help)
