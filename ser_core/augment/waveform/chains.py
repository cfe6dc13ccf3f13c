"""Several augmentations of sound in a row, as a recipe lists them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ser_core.augment.base import Chain
from ser_core.augment.waveform.base import make_wave
from ser_core.core import ParameterError

Steps = Iterable[Mapping[str, Any]]

DEFAULT: tuple[Mapping[str, Any], ...] = (
    {"name": "speed", "probability": 0.3, "slowest": 0.92, "fastest": 1.08},
    {"name": "warp", "probability": 0.2},
    {"name": "vocal_tract", "probability": 0.5},
    {"name": "equaliser", "probability": 0.5},
    {"name": "reverb", "probability": 0.2},
    {"name": "noise", "probability": 0.3},
    {"name": "gain", "probability": 1.0},
)
"""In the order of the recording chain: voice, microphone, room, noise, level."""

NOISY: tuple[Mapping[str, Any], ...] = (
    {"name": "reverb", "probability": 0.3, "longest": 1.0},
    {"name": "noise", "probability": 0.6, "loudest": 0.0, "faintest": 30.0},
    {"name": "telephone", "probability": 0.15},
    {"name": "codec", "probability": 0.05},
    {"name": "gain", "probability": 1.0, "quietest": -20.0, "loudest": 6.0},
)
"""Of the room, the noise and the line, far worse than in `DEFAULT`: for bad recordings."""


def wave_chain(steps: Steps = DEFAULT, *, sample_rate: int = 16_000) -> Chain:
    """Chain of augmentations from a list of names with parameters.

    Args:
        steps: A mapping for each, in order of application, with its `name` and parameters.
        sample_rate: Of the sound, in Hz.

    Raises:
        UnknownNameError: If there is no augmentation of a name.
        ParameterError: If a step has no name, or an augmentation refuses a parameter.
    """
    return Chain(tuple(_made({"sample_rate": sample_rate, **step}) for step in steps))


def _made(step: dict[str, Any]) -> Any:
    if "name" not in step:
        given = {key: value for key, value in step.items() if key != "sample_rate"}
        raise ParameterError(f"{given} has no name", remedy="Say which augmentation it is")
    name = step.pop("name")
    return make_wave(name, **step)
