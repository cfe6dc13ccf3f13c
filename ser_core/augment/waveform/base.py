"""What augmentations of sound have in common."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar, cast

from ser_core.augment.base import Augment, build, registered
from ser_core.core import Registry, parameter

WAVE_AUGMENTS: Registry[type[WaveAugment]] = Registry("waveform augmentation")

W = TypeVar("W", bound="type[WaveAugment]")


@dataclass(frozen=True, kw_only=True)
class WaveAugment(Augment):
    """Base of the augmentations of sound, on batches (batch, samples), full scale ±1.

    Nothing is clipped: a result may exceed full scale as far as its gain implies.
    """

    dimensions: ClassVar[tuple[str, ...]] = ("batch", "samples")

    sample_rate: int = parameter(16_000, 4_000, 96_000, "Samples per second of the sound", "Hz")


def wave_augment(name: str) -> Callable[[W], W]:
    """Decorator that registers an augmentation of sound."""
    return registered(WAVE_AUGMENTS, name)


def make_wave(name: str, **parameters: Any) -> WaveAugment:
    """Augmentation of sound by its name.

    >>> make_wave("gain", quietest=-3).describe
    'The whole clip louder or softer, as another distance from the microphone.'

    Raises:
        UnknownNameError: If there is none of this name.
        ParameterError: If it has no such parameter, lacks one, or refuses a value.
    """
    return cast(WaveAugment, build(WAVE_AUGMENTS, name, parameters))
