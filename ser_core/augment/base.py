"""What an augmentation is: frozen parameters and one pure function of a batch and a generator."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar

import torch
import torch.nn.functional as F
from torch import Tensor

from ser_core.augment import draw
from ser_core.core import ParameterError, Parameters, Registry, did_you_mean, parameter

A = TypeVar("A", bound="type[Augment]")


@dataclass(frozen=True, kw_only=True)
class Augment(Parameters):
    """Base of the augmentations: frozen parameters, and `_augment` for a subclass to write.

    Raises:
        ParameterError: If a parameter breaks its bounds or a rule of the subclass.
    """

    title: ClassVar[str]
    describe: ClassVar[str]
    dimensions: ClassVar[tuple[str, ...]]

    probability: float = parameter(1.0, 0.0, 1.0, "Share of the clips that are changed")

    def ordered(self, low: str, high: str) -> None:
        """Require that one parameter does not exceed another."""
        top = getattr(self, high)
        self.require(getattr(self, low) <= top, low, f"not exceed {high} = {top!r}", "Lower it")

    @property
    def silence(self) -> Tensor | float:
        """What stands behind the end of each clip, broadcastable over a batch."""
        return 0.0

    def _augment(
        self, x: Tensor, lengths: Tensor, generator: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        """Change every clip of a batch, into a new one; what it has behind their ends is lost."""
        raise NotImplementedError

    @torch.no_grad()
    def __call__(
        self, x: Tensor, lengths: Tensor | None, generator: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        """Augment a batch; each clip draws its own parameters.

        Args:
            x: Batch in the dimensions of the kind, time last: (batch, samples), or
                (batch, channels, bins, frames). It is not written to.
            lengths: Samples or frames of each clip's own, shape (batch,); all when absent.
            generator: Decides everything: an equal seed gives an equal result.

        Returns:
            The batch, without gradient and with silence behind each clip's own end, and the
            lengths; both may have changed.

        Raises:
            ParameterError: If the batch has other dimensions, is not floating point, or the
                lengths do not fit. A batch that cannot be augmented is never passed through.
        """
        lengths = self._checked_lengths(x, lengths)
        chosen = draw.chance(self.probability, len(x), generator).to(x.device)
        if not chosen.any():
            return x, lengths
        if chosen.all():
            result, new = self._augment(x, lengths, generator)
            result = result.contiguous()
        else:
            rows = chosen.nonzero()[:, 0]
            changed, own = self._augment(x[rows], lengths[rows], generator)
            new = lengths.index_copy(0, rows, own)
            width = x.shape[-1] if changed.shape[-1] == x.shape[-1] else int(new.max())
            result = _of_width(x, width).index_copy_(0, rows, _of_width(changed, width))
        _silence_behind(result, new, torch.as_tensor(self.silence).to(x))
        return result, new

    def _checked_lengths(self, x: Tensor, lengths: Tensor | None) -> Tensor:
        if x.ndim != len(self.dimensions) or not x.is_floating_point() or 0 in x.shape:
            raise ParameterError(
                f"a batch of shape {tuple(x.shape)} and type {x.dtype} must be "
                f"({', '.join(self.dimensions)}), floating point, not empty",
                subject=self.name,
                remedy="Put one clip into a batch with clip[None]",
            )
        if lengths is None:
            return torch.full((len(x),), x.shape[-1], device=x.device)
        if lengths.shape != x.shape[:1] or lengths.min() < 1 or lengths.max() > x.shape[-1]:
            raise ParameterError(
                f"lengths {lengths.tolist()} must be one a clip, from 1 to {x.shape[-1]}",
                subject=self.name,
                remedy=f"Give the {self.dimensions[-1]} of each clip before padding",
            )
        return lengths.to(x.device)


def _of_width(x: Tensor, width: int) -> Tensor:
    """Copy of a batch, cut or padded to a `width`."""
    missing = width - x.shape[-1]
    return F.pad(x, (0, missing)) if missing > 0 else x[..., :width].clone()


def _silence_behind(x: Tensor, lengths: Tensor, silence: Tensor) -> None:
    """Write silence behind each clip's own end; a mask over the whole batch would cost more."""
    for clip, own in zip(x, lengths.tolist(), strict=True):
        if own < x.shape[-1]:
            clip[..., own:] = silence


def owned(x: Tensor, lengths: Tensor) -> Tensor:
    """True within each clip's own length, shape (batch, 1, ..., samples or frames)."""
    index = torch.arange(x.shape[-1], device=x.device)
    return index < lengths.to(x.device).view(-1, *[1] * (x.ndim - 1))


@dataclass(frozen=True)
class Chain:
    """Augmentations one after the other, each with its own probability.

    >>> Chain([]).names
    []
    """

    augments: Sequence[Augment]

    @property
    def names(self) -> list[str]:
        """Names in the order of application."""
        return [each.name for each in self.augments]

    def __call__(
        self, x: Tensor, lengths: Tensor | None, generator: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        """Augment a batch by all in turn; as for `Augment`."""
        own = torch.full((len(x),), x.shape[-1], device=x.device) if lengths is None else lengths
        for augment in self.augments:
            x, own = augment(x, own, generator)
        return x, own


def registered(registry: Registry[Any], name: str) -> Callable[[A], A]:
    """Decorator that files an augmentation under its name."""

    def name_and_register(cls: A) -> A:
        cls.name = name
        return registry.register(name)(cls)  # type: ignore[no-any-return]

    return name_and_register


def build(registry: Registry[Any], name: str, given: Mapping[str, Any]) -> Any:
    """Augmentation by its name, with parameters.

    Raises:
        UnknownNameError: If there is no augmentation of this name.
        ParameterError: If it has no such parameter, lacks one, or refuses a value.
    """
    cls = registry[name]
    fields = dataclasses.fields(cls)
    _refuse_unknown(name, given, [each.name for each in fields])
    for each in fields:
        if each.default is dataclasses.MISSING and each.name not in given:
            raise ParameterError(
                f"needs {each.name}", subject=name, remedy=each.metadata.get("help", "")
            )
    return cls(**given)


def _refuse_unknown(name: str, given: Iterable[str], known: list[str]) -> None:
    for each in given:
        if each not in known:
            raise ParameterError(
                f"there is no parameter {each!r}", subject=name, remedy=did_you_mean(each, known)
            )
