"""Augmentation of a recipe as functions of a batch."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from ser_core.representations import Representation
from ser_core.training.data import WaveChange
from ser_core.training.recipe import AugmentChoice

PictureChange = Callable[[Tensor, Tensor, torch.Generator], Tensor]


def wave_change(choice: AugmentChoice) -> WaveChange | None:
    """Change of waveforms, None where the recipe asks for none.

    Raises:
        UnknownNameError: If there is no augmentation of a name.
        ParameterError: If one refuses a parameter.
    """
    if not choice.waveform:
        return None
    from ser_core.augment import Chain
    from ser_core.augment.waveform import make_wave

    return Chain(tuple(make_wave(**step) for step in choice.waveform))


def picture_change(choice: AugmentChoice, representation: Representation) -> PictureChange | None:
    """Change of pictures, None where the recipe asks for none.

    Raises:
        UnknownNameError: If there is no augmentation of a name.
        ParameterError: If one refuses a parameter, or does not suit the representation.
    """
    if not choice.picture:
        return None
    from ser_core.augment import Chain
    from ser_core.augment.picture import make_picture

    chain = Chain(tuple(make_picture(representation=representation, **s) for s in choice.picture))
    return lambda pictures, frames, draw: chain(pictures, frames, draw)[0]
