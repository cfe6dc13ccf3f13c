"""What a representation is: parameters, axes, a hash, and waveforms in, feature maps out."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar, TypeVar

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from ser_core.core import ParameterError, Parameters, Registry, did_you_mean, parameter
from ser_core.features.representations.analysis import Analysis

REPRESENTATIONS: Registry[type[Representation]] = Registry("representation")
SUMMARIES: Registry[type[Representation]] = Registry("summary")
"""Representations of a whole clip in one frame; without a time axis."""

INPUTS: Registry[type[Representation]] = Registry("model input")
"""What else a model can be given: samples of the sound, features that an encoder computes."""

INNER: Registry[type[Representation]] = Registry("inner input")
"""What a model computes on its way from the sound, and is explained on; no recipe offers it."""

FEATURES, SUMMARY, WAVEFORM = "features", "summary", "waveform"
"""Kinds of input: features over frames, one frame a clip, samples of the sound."""

R = TypeVar("R", bound="type[Representation]")


def representation(name: str) -> Callable[[R], R]:
    """Decorator that registers a representation under the name the field uses."""

    def name_and_register(cls: R) -> R:
        cls.name = name
        return REPRESENTATIONS.register(name)(cls)  # type: ignore[return-value]

    return name_and_register


def summary(name: str) -> Callable[[R], R]:
    """Decorator that registers a representation of one frame a clip."""

    def name_and_register(cls: R) -> R:
        cls.name = name
        cls.input_kind = SUMMARY
        return SUMMARIES.register(name)(cls)  # type: ignore[return-value]

    return name_and_register


def model_input(name: str, kind: str = FEATURES) -> Callable[[R], R]:
    """Decorator that registers an input of models that is not shown as a feature map.

    Args:
        name: In recipes.
        kind: `FEATURES`, `SUMMARY` or `WAVEFORM`.
    """

    def name_and_register(cls: R) -> R:
        cls.name = name
        cls.input_kind = kind
        return INPUTS.register(name)(cls)  # type: ignore[return-value]

    return name_and_register


def inner_input(name: str) -> Callable[[R], R]:
    """Decorator that registers what models are explained on and recipes do not offer."""

    def name_and_register(cls: R) -> R:
        cls.name = name
        return INNER.register(name)(cls)  # type: ignore[return-value]

    return name_and_register


def model_inputs() -> dict[str, type[Representation]]:
    """All inputs of models by name: representations, summaries and the rest."""
    return dict([*REPRESENTATIONS.items(), *SUMMARIES.items(), *INPUTS.items()])


@dataclass(frozen=True)
class Axis:
    """Vertical axis of a representation.

    Attributes:
        label: What is counted upwards ("frequency").
        unit: Unit of `values`; empty when they are mere numbers or names.
        values: Position of each bin, shape (bins,): numbers, or names as strings.
    """

    label: str
    unit: str
    values: npt.NDArray[Any]


@dataclass(frozen=True, kw_only=True)
class Representation(Parameters):
    """Base of the acoustic representations: frozen parameters and one pure function.

    A subclass says what its numbers mean (`title`, `describe`, `unit`) and implements `compute`
    and `bin_axis`. Two instances with equal parameters are equal and share a `hash`.

    Raises:
        ParameterError: If a parameter breaks its bounds or a rule of the subclass.
    """

    title: ClassVar[str]
    describe: ClassVar[str]
    unit: ClassVar[str] = ""
    family: ClassVar[str]
    # Which networks take it: one of the kinds of input.
    input_kind: ClassVar[str] = FEATURES
    # Whether the store holds it; samples are not stored.
    stored: ClassVar[bool] = True
    # Whether clips that are represented for the store share batches, which pays for an encoder.
    in_batches: ClassVar[bool] = False
    # Number format that it is kept in for training: three digits, or seven and any size.
    dtype: ClassVar[str] = "float16"
    # Name in `ser_core.features.licences` of terms that the user agrees to before its use.
    licence: ClassVar[str] = ""
    # Counted up by whoever changes the numbers that a subclass gives; part of the hash.
    version: ClassVar[int] = 1

    sample_rate: int = parameter(16_000, 4_000, 96_000, "Samples per second of the sound", "Hz")
    n_fft: int = parameter(
        512,
        64,
        8_192,
        "Length of the analysis window: longer separates tones, blurs time",
        "samples",
    )
    hop_length: int = parameter(
        160, 16, 4_096, "Step from one frame to the next: shorter gives more frames", "samples"
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require(self.n_fft % 2 == 0, "n_fft", "be even", f"Try {self.n_fft + 1}")

    def compute(self, sound: Analysis) -> Tensor:
        """Feature map of each sound, (batch, channels, bins, frames), before padding is masked."""
        raise NotImplementedError

    def bin_axis(self) -> Axis:
        """Vertical axis: what each bin stands for."""
        raise NotImplementedError

    def feature_groups(self) -> tuple[str, ...]:
        """Acoustic group of each bin, one of `groups.GROUPS`; empty where bins are no features."""
        return ()

    def layers(self, *, pretrained: bool = True) -> nn.Module | None:  # noqa: ARG002
        """Layers with weights that compute it, a new copy; None for a function without weights.

        A module of ((batch, samples), lengths (batch,) or None) -> (batch, channels, bins, frames).
        It is a submodule of the model, so that its weights are in the state dict. `compute` must
        give what it gives.

        Args:
            pretrained: Whether the weights are those it is computed with; otherwise only the
                architecture counts, since a model's own weights are loaded into it.
        """
        return None

    @property
    def channel_names(self) -> tuple[str, ...]:
        """Name of each channel; one empty name where there is one channel."""
        return ("",)

    @property
    def differentiable(self) -> bool:
        """Whether gradients pass from the feature map to the sound."""
        return True

    @property
    def tunable(self) -> int:
        """Layers of its encoder that can be fine-tuned; 0 where it has none."""
        return 0

    @property
    def summary(self) -> bool:
        """Whether a clip has one frame however long it is."""
        return self.input_kind == SUMMARY

    def __call__(
        self,
        waveforms: Tensor | Analysis,
        lengths: Tensor | None = None,
        layers: nn.Module | None = None,
    ) -> Tensor:
        """Represent a batch of sounds.

        Args:
            waveforms: Shape (batch, samples), full scale ±1, at `sample_rate`, padded with zeros
                behind `lengths`; or an `Analysis` of them, which shares work.
            lengths: Samples of each sound, shape (batch,); all are full-length when absent.
            layers: A model's own copy of `layers`, where there are any.

        Returns:
            Shape (batch, channels, bins, frames) with as many frames as `frames` says, finite.
            Frame t is centred on `frame_times`. Frames behind a sound's own last one hold
            what silence gives, so a padded sound equals the same sound alone.

        Raises:
            ParameterError: If the batch is not of that shape, empty, or at another sample rate.
        """
        sound = (
            waveforms
            if isinstance(waveforms, Analysis)
            else Analysis(waveforms, self.sample_rate, lengths)
        )
        self.require(
            sound.sample_rate == self.sample_rate,
            "sample_rate",
            f"equal that of the sound, {sound.sample_rate} Hz",
            "Resample the sound or set the parameter",
        )
        features = self.compute(sound) if layers is None else layers(sound.waveforms, sound.lengths)
        if sound.lengths is None:
            return features
        frames = self.frames(sound.lengths).unsqueeze(-1)
        beyond = torch.arange(features.shape[-1], device=features.device) >= frames
        return torch.where(beyond[:, None, None, :], self.silence.to(features), features)

    def frames(self, samples: Tensor) -> Tensor:
        """Frames of sounds of so many samples, shape (batch,)."""
        return 1 + samples // self.hop_length

    def samples(self, frames: int) -> int:
        """Least number of samples that have so many frames."""
        return (frames - 1) * self.hop_length

    @property
    def frame_rate(self) -> float:
        """Frames in a second of sound, in Hz."""
        return self.sample_rate / self.hop_length

    @property
    def whole(self) -> Representation:
        """What the store keeps for it: itself, or another one that holds its values as a part."""
        return self

    def part(self, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Its own values among those of `whole`, which the store keeps; a view of them."""
        return values

    @property
    def silence(self) -> Tensor:
        """What digital silence gives, shape (channels, bins, 1): the value of padding."""
        return _silence(self)

    def frame_times(self, frames: int) -> npt.NDArray[np.float64]:
        """Centre of each frame in seconds, shape (frames,)."""
        return np.arange(frames) * self.hop_length / self.sample_rate

    @property
    def parameters(self) -> dict[str, Any]:
        """Parameters by name, in the order of their definition; what a subclass fixes is none."""
        return {
            each.name: getattr(self, each.name) for each in dataclasses.fields(self) if each.init
        }

    @property
    def hash(self) -> str:
        """Sixteen hexadecimal digits that change with name, parameters or code version."""
        return _hash(self)


@lru_cache(maxsize=256)
def _hash(rep: Representation) -> str:
    identity = json.dumps([rep.name, rep.version, rep.parameters], sort_keys=True)
    return hashlib.sha256(identity.encode()).hexdigest()[:16]


@lru_cache(maxsize=256)
def _silence(rep: Representation) -> Tensor:
    with torch.inference_mode(False), torch.no_grad():
        zeros = torch.zeros(1, rep.hop_length)
        return rep.compute(Analysis(zeros, rep.sample_rate))[0, ..., :1]


def make(name: str, **parameters: Any) -> Representation:
    """Representation by its name, with parameters.

    Raises:
        UnknownNameError: If no representation has this name.
        ParameterError: If it has no such parameter, or refuses the value.
    """
    others = next((each for each in (SUMMARIES, INPUTS, INNER) if name in each), REPRESENTATIONS)
    cls = others[name]
    known = [each.name for each in dataclasses.fields(cls) if each.init]
    for given in parameters:
        if given not in known:
            raise ParameterError(
                f"there is no parameter {given!r}", subject=name, remedy=did_you_mean(given, known)
            )
    return cls(**parameters)
