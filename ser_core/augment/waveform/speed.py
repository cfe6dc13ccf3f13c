"""Faster and slower, as a tape."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ser_core.augment import draw
from ser_core.augment.waveform.base import WaveAugment, wave_augment
from ser_core.augment.waveform.resampling import resampled
from ser_core.core import parameter


@wave_augment("speed")
@dataclass(frozen=True, kw_only=True)
class Speed(WaveAugment):
    """Speed perturbation by resampling: length, pitch and formants change together.

    Ko et al. (2015), "Audio augmentation for speech recognition". Band-limited.

    Raises:
        ParameterError: If the bounds are the wrong way round.
    """

    title = "Speed"
    describe = "Faster and higher or slower and lower, like a tape: the clip's length changes."

    slowest: float = parameter(0.9, 0.5, 2.0, "Least speed; 1 is unchanged", "times")
    fastest: float = parameter(1.1, 0.5, 2.0, "Greatest speed", "times")

    def check(self) -> None:
        """The bounds are in order."""
        self.ordered("slowest", "fastest")

    def _augment(
        self, x: Tensor, lengths: Tensor, generator: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        speeds = draw.uniform(self.slowest, self.fastest, len(x), generator).to(x.device)
        new = (lengths / speeds).round().clamp(min=1).to(lengths.dtype)
        return resampled(x, lengths, speeds, int(new.max())), new
