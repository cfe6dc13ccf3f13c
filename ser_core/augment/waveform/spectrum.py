"""Other microphones and rooms: random equaliser and reverberation."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from ser_core.augment import draw
from ser_core.augment.curves import smooth_curves
from ser_core.augment.waveform import fourier
from ser_core.augment.waveform.base import WaveAugment, wave_augment
from ser_core.core import parameter

# Points of the gain curve over frequency. Between them the curve is straight, so the filter rings
# for no more than about this many samples, which GUARD leaves room for.
_POINTS = 257


@wave_augment("equaliser")
@dataclass(frozen=True, kw_only=True)
class Equaliser(WaveAugment):
    """Random smooth gain over frequency, without delay (zero phase).

    The gain is drawn at a few frequencies, equally spaced on the mel scale, and has a mean of
    zero over them, so that the clip's level stays about the same.
    """

    title = "Equaliser"
    describe = "Another microphone: some frequencies louder, some softer."

    reach: float = parameter(6.0, 0.0, 40.0, "Largest gain or loss drawn for a frequency", "dB")
    bands: int = parameter(8, 2, 32, "Frequencies at which a gain is drawn", "bands")

    def _augment(
        self, x: Tensor, lengths: Tensor, generator: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        hz = torch.linspace(0, self.sample_rate / 2, _POINTS)
        gains = smooth_curves(hz, len(x), self.bands, self.reach, generator).to(x.device)
        size = fourier.fast_length(x.shape[1] + fourier.GUARD)
        curve = F.interpolate(
            10 ** (gains / 20).unsqueeze(1), size // 2 + 1, mode="linear", align_corners=True
        )
        return fourier.filtered(x, curve[:, 0], size), lengths


@wave_augment("reverb")
@dataclass(frozen=True, kw_only=True)
class Reverb(WaveAugment):
    """Reverberation: the direct sound, unchanged, and behind it noise that decays exponentially.

    Moorer (1979), "About this reverberation business". The impulse response has decayed by 60 dB
    at the reverberation time; what rings on behind the clip's end is cut off.

    Raises:
        ParameterError: If bounds are the wrong way round.
    """

    title = "Reverb"
    describe = "Another room, from a furnished one to a hall."

    shortest: float = parameter(0.1, 0.02, 5.0, "Least reverberation time (RT60)", "s")
    longest: float = parameter(0.5, 0.02, 5.0, "Greatest reverberation time (RT60)", "s")
    nearest: float = parameter(
        15.0, -10.0, 60.0, "Greatest level of the direct sound above the reverberation", "dB"
    )
    farthest: float = parameter(
        3.0, -10.0, 60.0, "Least level of the direct sound above the reverberation", "dB"
    )
    delay: float = parameter(0.003, 0.0, 0.1, "From the direct sound to its first echo", "s")

    def check(self) -> None:
        """The bounds are in order."""
        self.ordered("shortest", "longest")
        self.ordered("farthest", "nearest")

    def responses(self, count: int, generator: torch.Generator) -> Tensor:
        """Impulse responses, shape (count, samples): one at sample 0, then the reverberation."""
        rt60 = draw.uniform(self.shortest, self.longest, (count, 1), generator)
        ratio = draw.uniform(self.farthest, self.nearest, (count, 1), generator)
        start = max(1, round(self.delay * self.sample_rate))
        samples = start + math.ceil(float(rt60.max()) * self.sample_rate)
        seconds = torch.arange(samples - start, device=rt60.device) / self.sample_rate
        tail = draw.normal((count, samples - start), generator) * 10 ** (-3 * seconds / rt60)
        tail *= 10 ** (-ratio / 20) / torch.linalg.vector_norm(tail, dim=1, keepdim=True)
        direct = F.pad(torch.ones(count, 1, device=tail.device), (0, start - 1))
        return torch.cat([direct, tail], dim=1)

    def _augment(
        self, x: Tensor, lengths: Tensor, generator: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        responses = self.responses(len(x), generator).to(x.device)
        size = fourier.fast_length(x.shape[1] + responses.shape[1])
        return fourier.filtered(x, torch.fft.rfft(responses, size), size), lengths
