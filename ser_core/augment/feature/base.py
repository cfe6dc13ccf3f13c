"""What augmentations of representations have in common."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar, TypeVar, cast

import torch
from torch import Tensor

from ser_core.augment.base import Augment, build, registered
from ser_core.core import ParameterError, Registry
from ser_core.features.representations import Representation

FEATURE_AUGMENTS: Registry[type[FeatureAugment]] = Registry("feature augmentation")

P = TypeVar("P", bound="type[FeatureAugment]")

ANY = (float("-inf"), float("inf"))

RANGES: dict[str, tuple[float, float]] = {
    "spectrogram": (-120.0, float("inf")),
    "melspectrogram": (-120.0, float("inf")),
    "cqt": (-120.0, float("inf")),
    "hpss": (-120.0, float("inf")),
    "spectral_contrast": (0.0, float("inf")),
    "chroma": (0.0, 1.0),
    "tonnetz": (-1.0, 1.0),
    "zcr": (0.0, 1.0),
    "rms": (0.0, 1.0),
    "tempogram": (-1.0, 1.0),
}
"""Values that a representation can have, in its unit; the others know no bounds."""


@dataclass(frozen=True, kw_only=True)
class FeatureAugment(Augment):
    """Base of the augmentations of one representation, in its own unit, before normalisation.

    They take batches (batch, channels, bins, frames) with the frames of each clip's own.

    Raises:
        ParameterError: If the augmentation has no meaning for the representation.
    """

    dimensions: ClassVar[tuple[str, ...]] = ("batch", "channels", "bins", "frames")

    representation: Representation = field(metadata={"help": "Representation of the features"})

    @property
    def silence(self) -> Tensor:
        """What the representation gives for silence, (channels, bins, 1)."""
        return self.representation.silence

    @property
    def range(self) -> tuple[float, float]:
        """Least and greatest value that the representation can have."""
        return RANGES.get(self.representation.name, ANY)

    def suits(self, names: tuple[str, ...] | set[str], kind: str) -> None:
        """Require that the representation is one of those an augmentation has a meaning for."""
        if self.representation.name not in names:
            raise ParameterError(
                f"{self.representation.name} has no {kind}",
                subject=self.name,
                remedy=f"Use it for {', '.join(sorted(names))}",
            )

    def _checked_lengths(self, x: Tensor, lengths: Tensor | None) -> Tensor:
        lengths = super()._checked_lengths(x, lengths)
        channels, bins, _ = self.silence.shape
        if x.shape[2] != bins or channels not in (1, x.shape[1]):
            raise ParameterError(
                f"a batch of shape {tuple(x.shape)} is not one of {self.representation.name}: "
                f"(batch, {channels}, {bins}, frames)",
                subject=self.name,
                remedy="Augment with the strategy of the representation that made the batch",
            )
        return lengths

    def limited(self, x: Tensor) -> Tensor:
        """Values brought back into the representation's range."""
        return x if self.range == ANY else x.clamp(*self.range)


def feature_augment(name: str) -> Callable[[P], P]:
    """Decorator that registers an augmentation of feature maps."""
    return registered(FEATURE_AUGMENTS, name)


def make_feature(name: str, representation: Representation, **parameters: Any) -> FeatureAugment:
    """Augmentation of a representation by its name.

    Raises:
        UnknownNameError: If there is none of this name.
        ParameterError: If it has no meaning for the representation, has no such parameter, or
            refuses a value.
    """
    given = {"representation": representation, **parameters}
    return cast(FeatureAugment, build(FEATURE_AUGMENTS, name, given))


def rows_like(values: Tensor, x: Tensor) -> Tensor:
    """Numbers of each clip, (batch,) or (batch, bins), shaped to meet a batch of feature maps."""
    bins = values.shape[1] if values.ndim > 1 else 1
    return values.to(x).reshape(len(x), 1, bins, 1)


def own_mean(x: Tensor, lengths: Tensor) -> Tensor:
    """Mean of each bin over each clip's own frames, shape (batch, channels, bins, 1)."""
    own = torch.arange(x.shape[-1], device=x.device) < lengths.view(-1, 1, 1, 1)
    return (x * own).sum(-1, keepdim=True) / lengths.view(-1, 1, 1, 1)
