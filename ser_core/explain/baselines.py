"""Baselines: what replaces a removed part, the same for every method that is compared."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ser_core.core import ModelError, Registry, choice
from ser_core.explain.model_input import NetworkInput
from ser_core.features.representations import SoundSteps

Baseline = Callable[[NetworkInput], Tensor]
"""A whole feature map of the shape of `NetworkInput.seen`, normalised, to take parts from."""

BASELINES: Registry[Baseline] = Registry("fill")

BLUR = 0.1
"""Standard deviation of the blur, as a share of the bins and of the frames."""


@BASELINES.register("mean")
def mean(network_input: NetworkInput) -> Tensor:
    """Zero, where normalisation puts the mean: of the training part, or of the clip or voice.

    Before a speech encoder: the clip's own mean of each band; in steps of the sound, noise of the
    clip's own spectrum.
    """
    return torch.zeros_like(network_input.seen)


@BASELINES.register("silence")
def silence(network_input: NetworkInput) -> Tensor:
    """What digital silence gives.

    Raises:
        ModelError: If the clip is explained in steps of its sound.
    """
    _require_a_level(network_input, "silence")
    return network_input.silence.expand_as(network_input.seen).contiguous()


@BASELINES.register("blurred")
def blurred(network_input: NetworkInput) -> Tensor:
    """The clip itself without its detail in time and frequency: a Gaussian blur.

    Raises:
        ModelError: As `silence`.
    """
    _require_a_level(network_input, "blurred")
    from scipy.ndimage import gaussian_filter

    values = network_input.seen.numpy()
    sigma = (0.0, 0.0, BLUR * values.shape[-2], BLUR * values.shape[-1])
    return torch.from_numpy(np.asarray(gaussian_filter(values, sigma, mode="nearest")))


def _require_a_level(network_input: NetworkInput, baseline: str) -> None:
    if isinstance(network_input.representation, SoundSteps):
        raise ModelError(
            "this speech encoder takes samples and normalises them, so steps of the sound are "
            "compared with noise of the same spectrum alone",
            subject=f"baseline {baseline}",
            remedy="Choose the baseline mean",
        )


def baseline_input(network_input: NetworkInput, fill: str) -> Tensor:
    """Feature map that replaces removed parts, by the name of the baseline.

    Raises:
        UnknownNameError: If there is no such fill.
    """
    return BASELINES[fill](network_input)


def baseline_choice(help: str = "Baseline that the clip is compared with") -> Any:  # noqa: A002
    """Dataclass field of a fill."""
    return choice("mean", tuple(BASELINES), help)
