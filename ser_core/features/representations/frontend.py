"""Representations put to use: on one clip, and as the first layer of a network."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from ser_core.audio import Waveform
from ser_core.features.representations.analysis import Analysis
from ser_core.features.representations.base import Representation


def represent(
    waveform: Waveform, representations: Sequence[Representation]
) -> list[npt.NDArray[np.float32]]:
    """Feature maps of one clip, sharing all that can be shared.

    Args:
        waveform: Sound at the representations' sample rate.
        representations: What to compute.

    Returns:
        One float32 array of shape (channels, bins, frames) for each representation, in order.

    Raises:
        ParameterError: If the sound has another sample rate than a representation.
    """
    with torch.inference_mode():
        sound = Analysis(torch.from_numpy(waveform.samples)[None], waveform.sample_rate)
        return [rep(sound)[0].contiguous().numpy() for rep in representations]


class FrontEnd(nn.Module):
    """Representation as the first layer of a network, so that models take waveforms.

    Where the representation is computed by layers with weights, these are a submodule: their
    weights are in the state dict. They are not trained; a network of samples trains its own.

    Args:
        representation: Which one, with its parameters.
        pretrained: Whether layers with weights come with them; otherwise a model's own are loaded.
    """

    def __init__(self, representation: Representation, *, pretrained: bool = True) -> None:
        super().__init__()
        self.representation = representation
        self.layers = representation.layers(pretrained=pretrained)
        if self.layers is not None:
            self.layers.requires_grad_(requires_grad=False)

    def forward(self, waveforms: Tensor | Analysis, lengths: Tensor | None = None) -> Tensor:
        """Represent a batch: (batch, samples) -> (batch, channels, bins, frames)."""
        return self.representation(waveforms, lengths, self.layers)
