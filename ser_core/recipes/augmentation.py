"""Augmentation of a recipe as functions of a batch."""

from __future__ import annotations

from ser_core.augment import Chain
from ser_core.augment.feature import feature_chain, strategy
from ser_core.augment.waveform import DEFAULT, NOISY, wave_chain
from ser_core.features.representations import Representation
from ser_core.recipes.recipe import AugmentChoice

WAVE_STEPS = {"default": DEFAULT, "noise": NOISY}
"""Chains that a recipe can name."""


def waveform_augmentation(choice: AugmentChoice, sample_rate: int) -> Chain | None:
    """Change of waveforms, None where the recipe asks for none.

    Raises:
        UnknownNameError: If there is no augmentation of a name.
        ParameterError: If one refuses a parameter.
    """
    if choice.waveform in ("none", ()):
        return None
    steps = WAVE_STEPS[choice.waveform] if isinstance(choice.waveform, str) else choice.waveform
    return wave_chain(steps, sample_rate=sample_rate)


def feature_augmentation(choice: AugmentChoice, representation: Representation) -> Chain | None:
    """Change of feature maps, None where the recipe asks for none.

    Raises:
        UnknownNameError: If there is no augmentation of a name.
        ParameterError: If one refuses a parameter, or has no meaning for the representation.
    """
    if choice.picture in ("none", ()):
        return None
    if isinstance(choice.picture, str):
        return strategy(representation)
    return feature_chain(representation, choice.picture)
