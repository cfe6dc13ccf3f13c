"""Louder, softer, earlier, later."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ser_core.augment import draw
from ser_core.augment.shift import shifted
from ser_core.augment.waveform.base import WaveAugment, wave_augment
from ser_core.core import parameter


@wave_augment("gain")
@dataclass(frozen=True, kw_only=True)
class Gain(WaveAugment):
    """Gain in dB, uniform between two bounds.

    Raises:
        ParameterError: If the bounds are the wrong way round.
    """

    title = "Gain"
    describe = "The whole clip louder or softer, as another distance from the microphone."

    quietest: float = parameter(-6.0, -60.0, 40.0, "Least gain", "dB")
    loudest: float = parameter(6.0, -60.0, 40.0, "Greatest gain", "dB")

    def check(self) -> None:
        """The bounds are in order."""
        self.ordered("quietest", "loudest")

    def _augment(
        self, x: Tensor, lengths: Tensor, generator: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        level = draw.uniform(self.quietest, self.loudest, (len(x), 1), generator).to(x.device)
        return x * 10 ** (level / 20), lengths


@wave_augment("time_shift")
@dataclass(frozen=True, kw_only=True)
class TimeShift(WaveAugment):
    """Sound moved within its clip, by up to a share of the clip's length, either way.

    The length stays; what leaves at one end is lost and silence enters at the other.
    """

    title = "Time shift"
    describe = "The sound begins earlier or later in its clip."

    reach: float = parameter(0.1, 0.0, 0.9, "Farthest shift as a share of the clip's length")

    def _augment(
        self, x: Tensor, lengths: Tensor, generator: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        share = draw.uniform(-self.reach, self.reach, len(x), generator).to(x.device)
        return shifted(x, (share * lengths).round().long(), lengths), lengths
