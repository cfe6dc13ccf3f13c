"""What a perturbation is, and what it is made from."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from ser_core.audio import Waveform
from ser_core.core import ParameterError, Registry

if TYPE_CHECKING:
    from ser_core.augment.waveform import WaveAugment
    from ser_core.inference.evaluation_clips import EvaluationClips

Samples = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Surroundings:
    """What perturbations are made from, beside the clip itself.

    Attributes:
        clips: Names, one a sound.
        sounds: All clips of the subset, for babble.
        speakers: Of each; empty texts where unknown.
        sample_rate: In Hz.
        noises: Folder of the user's own noises; None where there is none.
        seed: Of everything random.
    """

    clips: Sequence[str]
    sounds: Sequence[Waveform]
    speakers: Sequence[str]
    sample_rate: int
    noises: Path | None = None
    seed: int = 0


@dataclass(frozen=True, eq=False)
class One:
    """A clip to perturb.

    Attributes:
        number: Its index in the surroundings.
        samples: Shape (samples,).
        around: What perturbations are made from.
        kind: Name of the perturbation.
    """

    number: int
    samples: Samples
    around: Surroundings
    kind: str

    @property
    def sample_rate(self) -> int:
        """In Hz."""
        return self.around.sample_rate

    @property
    def seed(self) -> int:
        """Of this clip under this kind, whatever the level and the other clips."""
        name = f"{self.around.seed}/{self.kind}/{self.around.clips[self.number]}"
        return zlib.crc32(name.encode())

    @property
    def draw(self) -> np.random.Generator:
        """Random numbers of this clip under this kind, from the beginning."""
        return np.random.default_rng(self.seed)

    def through(self, augment: WaveAugment) -> Samples:
        """The clip through an augmentation of training."""
        batch: Tensor = torch.from_numpy(np.ascontiguousarray(self.samples))[None]
        generator = torch.Generator().manual_seed(self.seed)
        changed, lengths = augment(batch, None, generator)
        return np.asarray(changed[0, : int(lengths[0])].numpy(), dtype=np.float32)


Apply = Callable[[One, float], Samples]
"""Applies a perturbation at a level: returns the changed samples, of any number."""


@dataclass(frozen=True)
class Perturbation:
    """A perturbation with levels of severity.

    Attributes:
        name: In commands and files.
        title: For people.
        describe: One plain sentence.
        unit: Of the levels.
        levels: From mild to severe; where levels have two signs, ascending.
        axis: What the levels are, for the axis of a figure.
        apply: What it does.
        neutral: Level that changes nothing, between the others; None where there is none.
        group: Heading that pages list it under.
        needs_folder: Whether it needs the user's folder of noises.
    """

    name: str
    title: str
    describe: str
    unit: str
    levels: tuple[float, ...]
    axis: str
    apply: Apply
    neutral: float | None = None
    group: str = ""
    needs_folder: bool = False


PERTURBATIONS: Registry[Perturbation] = Registry("perturbation")


def perturbation(
    name: str,
    title: str,
    *,
    unit: str,
    levels: tuple[float, ...],
    axis: str,
    group: str,
    neutral: float | None = None,
    needs_folder: bool = False,
) -> Callable[[Apply], Apply]:
    """Decorator that registers a perturbation; the first line of its docstring describes it."""

    def register(apply: Apply) -> Apply:
        describe = (apply.__doc__ or "").strip().splitlines()[0]
        kind = Perturbation(
            name, title, describe, unit, levels, axis, apply, neutral, group, needs_folder
        )
        PERTURBATIONS.register(name)(kind)
        return apply

    return register


def surroundings(
    subset: EvaluationClips, *, noises: Path | None = None, seed: int = 0
) -> Surroundings:
    """What the perturbations of a subset are made from."""
    rate = subset.sounds[0].sample_rate
    names = [str(clip) for clip in subset.clips.index]
    return Surroundings(names, subset.sounds, subset.speakers, rate, noises, seed)


def perturbed(
    kind: Perturbation, around: Surroundings, level: float, rows: Sequence[int] | None = None
) -> list[Waveform]:
    """Clips perturbed at one level.

    Args:
        kind: Which perturbation.
        around: The clips, and what perturbations are made from.
        level: In the unit of the kind.
        rows: Numbers of the clips; all when absent.

    Raises:
        ParameterError: If it needs a folder of noises and none is given.
        AudioError: If that folder holds no sound.
    """
    if kind.needs_folder and around.noises is None:
        raise ParameterError(
            "needs a folder of noises", subject=kind.name, remedy="Give one, or leave this kind out"
        )
    chosen = range(len(around.sounds)) if rows is None else rows
    return [_one(kind, around, number, level) for number in chosen]


def _one(kind: Perturbation, around: Surroundings, number: int, level: float) -> Waveform:
    samples = around.sounds[number].samples
    changed = kind.apply(One(number, samples, around, kind.name), level)
    return Waveform(changed.astype(np.float32, copy=False), around.sample_rate)
