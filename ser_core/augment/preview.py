"""One augmentation on one clip, to see and to hear."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from ser_core.audio import Waveform
from ser_core.augment.picture import PICTURE_AUGMENTS, make_picture
from ser_core.augment.waveform import WAVE_AUGMENTS, make_wave
from ser_core.errors import ParameterError, UnknownNameError
from ser_core.registry import did_you_mean
from ser_core.representations import Representation, represent

Picture = npt.NDArray[np.float32]


def names_for(representation: Representation) -> dict[str, str]:
    """Titles by name of the augmentations that have a meaning for a representation.

    >>> from ser_core.representations import make
    >>> "transposition" in names_for(make("mfcc"))
    False
    """
    found = {name: augment.title for name, augment in WAVE_AUGMENTS.items()}
    for name, augment in PICTURE_AUGMENTS.items():
        try:
            make_picture(name, representation)
        except ParameterError:
            continue
        found[name] = augment.title
    return found


def preview(
    name: str,
    parameters: Mapping[str, Any],
    waveform: Waveform,
    representation: Representation,
    seed: int = 0,
) -> tuple[Waveform | None, Picture]:
    """Augment one clip.

    Args:
        name: Augmentation of sound or of pictures.
        parameters: Its parameters; the clip is always changed, whatever the probability.
        waveform: The clip, at the representation's sample rate.
        representation: What is shown.
        seed: Another seed shows another draw.

    Returns:
        The sound, or none where only the picture is changed, and the picture,
        (channels, bins, frames).

    Raises:
        UnknownNameError: If there is no augmentation of this name.
        ParameterError: If it refuses a parameter, or has no meaning for the representation.
    """
    generator = torch.Generator().manual_seed(seed)
    clip = Waveform(waveform.samples.copy(), waveform.sample_rate)  # it may be read-only
    given = {**parameters, "probability": 1.0}
    if name in WAVE_AUGMENTS:
        augment = make_wave(name, **{**given, "sample_rate": waveform.sample_rate})
        changed, _ = augment(torch.from_numpy(clip.samples)[None], None, generator)
        sound = Waveform(changed[0].numpy(), clip.sample_rate)
        return sound, represent(sound, [representation])[0]
    if name in PICTURE_AUGMENTS:
        picture = torch.from_numpy(represent(clip, [representation])[0])[None]
        changed, _ = make_picture(name, representation, **given)(picture, None, generator)
        return None, changed[0].numpy()
    raise UnknownNameError(
        "no such augmentation",
        subject=name,
        remedy=did_you_mean(name, [*WAVE_AUGMENTS, *PICTURE_AUGMENTS]),
    )
