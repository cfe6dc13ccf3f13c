"""An augmentation, or the whole default chain, on one clip: feature maps and sound."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from ser_core.audio import Waveform
from ser_core.augment.base import Augment, Chain
from ser_core.augment.feature import FEATURE_AUGMENTS, STRATEGIES, make_feature, strategy
from ser_core.augment.waveform import DEFAULT, WAVE_AUGMENTS, WaveAugment, make_wave, wave_chain
from ser_core.core import ParameterError, UnknownNameError, did_you_mean
from ser_core.features.representations import Representation, represent

Values = npt.NDArray[np.float32]

GIVEN = {"probability", "sample_rate", "representation"}
"""Parameters that a preview sets by itself."""


def find(name: str) -> type[Augment]:
    """Augmentation of sound or of feature maps by its name: what it is called, does and takes.

    Raises:
        UnknownNameError: If there is no augmentation of this name.
    """
    if name in WAVE_AUGMENTS:
        return WAVE_AUGMENTS[name]
    if name in FEATURE_AUGMENTS:
        return FEATURE_AUGMENTS[name]
    raise UnknownNameError(
        "no such augmentation",
        subject=name,
        remedy=did_you_mean(name, [*WAVE_AUGMENTS, *FEATURE_AUGMENTS]),
    )


def changes_sound(name: str) -> bool:
    """Whether it changes the sound, and not the feature map alone."""
    return name in WAVE_AUGMENTS


def names_for(representation: Representation) -> dict[str, str]:
    """Titles by name of the augmentations that have a meaning for a representation.

    >>> from ser_core.features.representations import make
    >>> "transposition" in names_for(make("mfcc"))
    False
    """
    found = {name: augment.title for name, augment in WAVE_AUGMENTS.items()}
    for name, augment in FEATURE_AUGMENTS.items():
        try:
            make_feature(name, representation)
        except ParameterError:
            continue
        found[name] = augment.title
    return found


def parameters_of(name: str) -> dict[str, dataclasses.Field[Any]]:
    """Fields by name that one can change in a preview: numbers with bounds, and choices.

    >>> list(parameters_of("time_mask"))
    ['count', 'fill', 'longest']

    Raises:
        UnknownNameError: If there is no augmentation of this name.
    """
    return {
        field.name: field
        for field in dataclasses.fields(find(name))
        if field.name not in GIVEN and {"low", "options"} & set(field.metadata)
    }


def works_alone(name: str) -> bool:
    """Whether it can be previewed without being given more than `parameters_of` lists.

    >>> works_alone("noise"), works_alone("recorded_noise")
    (True, False)

    Raises:
        UnknownNameError: If there is no augmentation of this name.
    """
    return all(
        field.default is not dataclasses.MISSING
        for field in dataclasses.fields(find(name))
        if field.name not in GIVEN
    )


def default_parameters(name: str, representation: Representation) -> dict[str, Any]:
    """Values of its parameters in the default recipe, or its own where the recipe has none.

    >>> from ser_core.features.representations import make
    >>> default_parameters("picture_noise", make("chroma"))
    {'level': 0.03}

    Raises:
        UnknownNameError: If there is no augmentation of this name.
    """
    steps = [*DEFAULT, *STRATEGIES.get(representation.name, ())]
    step = next((step for step in steps if step["name"] == name), {})
    return {key: step.get(key, field.default) for key, field in parameters_of(name).items()}


def preview(
    name: str,
    parameters: Mapping[str, Any],
    waveform: Waveform,
    representation: Representation,
    seed: int = 0,
) -> tuple[Waveform | None, Values]:
    """Augment one clip.

    Args:
        name: Augmentation of sound or of feature maps.
        parameters: Its parameters; the clip is always changed, whatever the probability.
        waveform: The clip, at the representation's sample rate.
        representation: What is shown.
        seed: Another seed shows another draw.

    Returns:
        The sound, or none where only the feature map is changed, and the feature map,
        (channels, bins, frames).

    Raises:
        UnknownNameError: If there is no augmentation of this name.
        ParameterError: If it refuses a parameter, or has no meaning for the representation.
    """
    generator = torch.Generator().manual_seed(seed)
    augment = made(name, parameters, representation)
    if changes_sound(name):
        changed, _ = augment(_batch(waveform.samples), None, generator)
        sound = Waveform(changed[0].numpy(), waveform.sample_rate)
        return sound, represent(sound, [representation])[0]
    feature_map = represent(_writable(waveform), [representation])[0]
    changed, _ = augment(_batch(feature_map), None, generator)
    return None, changed[0].numpy()


def made(name: str, parameters: Mapping[str, Any], representation: Representation) -> Augment:
    """Augmentation that changes every clip, for what a representation is made of or for itself.

    Raises:
        UnknownNameError: If there is no augmentation of this name.
        ParameterError: If it refuses a parameter, or has no meaning for the representation.
    """
    given = {**parameters, "probability": 1.0}
    if issubclass(find(name), WaveAugment):
        return make_wave(name, **{**given, "sample_rate": representation.sample_rate})
    return make_feature(name, representation, **given)


@dataclass(frozen=True)
class Step:
    """A step of a recipe on one clip.

    Attributes:
        augment: What it does, with its parameters.
        happened: Whether the clip was among those that it changes.
    """

    augment: Augment
    happened: bool


def preview_recipe(
    waveform: Waveform, representation: Representation, seed: int = 0
) -> tuple[Waveform, Values, list[Step]]:
    """Augment one clip as the default recipe does in training, each step by its own chance.

    Args:
        waveform: The clip, at the representation's sample rate.
        representation: What is shown.
        seed: Another seed shows another draw.

    Returns:
        The sound after the steps that change it, the feature map of it after all steps,
        (channels, bins, frames), and the steps in their order.

    Raises:
        ParameterError: If there is no strategy for the representation.
    """
    generator = torch.Generator().manual_seed(seed)
    chain = wave_chain(sample_rate=waveform.sample_rate)
    changed, on_sound = _followed(chain, _batch(waveform.samples), generator)
    sound = Waveform(changed[0].numpy(), waveform.sample_rate)
    feature_map = _batch(represent(sound, [representation])[0])
    feature_map, on_features = _followed(strategy(representation), feature_map, generator)
    return sound, feature_map[0].numpy(), on_sound + on_features


def _followed(chain: Chain, x: Tensor, generator: torch.Generator) -> tuple[Tensor, list[Step]]:
    """Batch of one clip after a chain, and which steps changed it: the others hand it on as is."""
    steps, lengths = [], None
    for augment in chain.augments:
        before = x
        x, lengths = augment(x, lengths, generator)
        steps.append(Step(augment, x is not before))
    return x, steps


def _batch(values: npt.NDArray[np.float32]) -> Tensor:
    """Batch of one, copied: the values may be read-only, which torch does not know."""
    return torch.from_numpy(values.copy())[None]


def _writable(waveform: Waveform) -> Waveform:
    return Waveform(waveform.samples.copy(), waveform.sample_rate)
