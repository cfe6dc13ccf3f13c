"""Several representations of one sound as the channels of one feature map: early fusion."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ser_core.core import ParameterError, did_you_mean
from ser_core.features.representations.analysis import Analysis
from ser_core.features.representations.base import (
    REPRESENTATIONS,
    Axis,
    Representation,
    make,
    model_input,
    model_inputs,
)

_PART = re.compile(r"\s*([a-z_]+)\s*(?:\(([^()]*)\))?\s*(?:,|$)")
SHARED = ("sample_rate", "hop_length")
"""Parameters that all parts have in common, so that their frames lie on each other."""


@model_input("fusion")
@dataclass(frozen=True, kw_only=True)
class Fusion(Representation):
    """Representations stacked as channels, frame upon frame.

    Shape (batch, channels of all parts, bins, frames). All parts have the same step from frame to
    frame, so that frame t of each is centred on the same moment. `bins` is that of the part with
    most of them; the rows of the others are repeated to fill as many, since a row of an MFCC or a
    chroma is no frequency between which one could interpolate. Each part keeps its own unit: a
    normaliser by speaker or corpus works on each channel and bin by itself.

    Raises:
        ParameterError: If a part is no representation over frames, or has another step.

    >>> Fusion(parts="melspectrogram(n_mels=40), chroma").channel_names
    ('melspectrogram', 'chroma')
    """

    title = "Early fusion"
    describe = "Several representations as channels of one network, aligned in time."
    family = "Fusion"

    n_fft: int = field(default=512, init=False, repr=False)
    parts: str = field(
        default="melspectrogram, mfcc, chroma",
        metadata={
            "help": "Representations by name, with commas between, parameters in brackets: "
            "melspectrogram(n_mels=64), mfcc, chroma"
        },
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        words = [_text(part) for part in self.members]
        self.require(len(words) > 1, "parts", "name two representations or more", "Add another")
        self.require(
            len(set(words)) == len(words), "parts", "name each part once", "Drop the second"
        )
        object.__setattr__(self, "parts", ", ".join(words))

    @property
    def members(self) -> tuple[Representation, ...]:
        """The parts, in the order of their channels."""
        return _members(self.parts, self.sample_rate, self.hop_length)

    @property
    def channel_names(self) -> tuple[str, ...]:
        """Name of the part, and of its own channel where it has several."""
        return tuple(
            f"{part.name} {channel}".strip()
            for part in self.members
            for channel in part.channel_names
        )

    @property
    def differentiable(self) -> bool:
        """Whether gradients pass through each part."""
        return all(part.differentiable for part in self.members)

    @property
    def hash(self) -> str:
        """Of the parts, each with its own version."""
        identity = json.dumps([self.name, self.version, [part.hash for part in self.members]])
        return hashlib.sha256(identity.encode()).hexdigest()[:16]

    def compute(self, sound: Analysis) -> Tensor:
        bins = max(_bins(part) for part in self.members)
        return torch.cat([stretched(part.compute(sound), bins) for part in self.members], dim=1)

    def bin_axis(self) -> Axis:
        bins = max(_bins(part) for part in self.members)
        return Axis("bin", "", np.arange(bins))


def stretched(features: Tensor, bins: int) -> Tensor:
    """Rows repeated, as evenly as can be, until there are so many; (..., rows, frames)."""
    rows = features.shape[-2]
    return features[..., torch.arange(bins, device=features.device) * rows // bins, :]


@lru_cache(maxsize=64)
def _members(parts: str, sample_rate: int, hop_length: int) -> tuple[Representation, ...]:
    shared = {"sample_rate": sample_rate, "hop_length": hop_length}
    return tuple(_made(name, given, shared) for name, given in _named(parts))


def _named(parts: str) -> list[tuple[str, str]]:
    """Name and parameters of each part, as written."""
    found, place = [], 0
    while place < len(parts):
        match = _PART.match(parts, place)
        if match is None:
            raise ParameterError(
                f"parts = {parts!r} cannot be read from {parts[place:]!r} on",
                subject="fusion",
                remedy="Write names with commas between: melspectrogram(n_mels=64), mfcc",
            )
        found.append((match[1], match[2] or ""))
        place = match.end()
    return found


def _bins(part: Representation) -> int:
    return len(part.bin_axis().values)


def _made(name: str, given: str, shared: dict[str, int]) -> Representation:
    """A part with its parameters, at the step and rate of all."""
    if name not in REPRESENTATIONS:
        raise ParameterError(
            f"{name} {_why_not(name)}",
            subject="fusion",
            remedy=did_you_mean(name, list(REPRESENTATIONS)),
        )
    values = dict(_value(name, each) for each in given.split(",") if each.strip())
    for key, value in shared.items():
        if values.get(key, value) != value:
            raise ParameterError(
                f"{name} has {key} = {values[key]}, the others {value}, so that its frames cannot "
                "be aligned with theirs",
                subject="fusion",
                remedy=f"Leave {key} out of the brackets, and set that of the fusion",
            )
    return make(name, **{**values, **shared})


def _why_not(name: str) -> str:
    other = model_inputs().get(name)
    if other is None:
        return "is no representation"
    if other.input_kind == "summary":
        return "has one frame for a whole clip, which cannot be aligned with frames in time"
    return "has no frames that could be aligned with those of the others"


def _value(name: str, text: str) -> tuple[str, Any]:
    """A parameter and its value from "n_mels=64"."""
    key, _, value = (each.strip() for each in text.partition("="))
    for kind in (int, float):
        try:
            return key, kind(value)
        except ValueError:
            continue
    if not key or not value:
        raise ParameterError(
            f"{text.strip()!r} is no parameter of {name}",
            subject="fusion",
            remedy="Write a name, = and a value: n_mels=64",
        )
    return key, value


def _text(part: Representation) -> str:
    """A part as it is written: its name, and the parameters that differ from the default."""
    usual = make(part.name).parameters
    own = {
        key: value
        for key, value in part.parameters.items()
        if key not in SHARED and value != usual[key]
    }
    inside = ", ".join(f"{key}={value}" for key, value in own.items())
    return f"{part.name}({inside})" if inside else part.name
