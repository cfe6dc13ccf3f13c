"""One number a frame, from the waveform itself."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from ser_core.features.representations.analysis import Analysis
from ser_core.features.representations.base import Axis, Representation, representation


@representation("zcr")
@dataclass(frozen=True, kw_only=True)
class ZeroCrossingRate(Representation):
    """Zero-crossing rate: share of samples at which the sign changes.

    Shape (batch, 1, 1, frames), 0 to 1, window n_fft samples. A step function: not
    differentiable. Values within 1e-10 of zero count as positive, as in librosa.
    """

    title = "Zero-crossing rate"
    describe = "Rate of sign changes: low in vowels, high in s and sh."
    unit = "share of samples"
    family = "Energy"

    @property
    def differentiable(self) -> bool:
        """No: it counts."""
        return False

    def compute(self, sound: Analysis) -> Tensor:
        x = sound.waveforms
        negative = x < -1e-10
        crossing = negative[:, 1:] ^ negative[:, :-1]
        if sound.lengths is not None:  # from the sound into its padding is no crossing
            own = torch.arange(1, x.shape[1], device=x.device) < sound.lengths.unsqueeze(-1)
            crossing = crossing & own
        # Crossing i is between samples i and i + 1; a frame of n samples sees n - 1 of them.
        reach = self.n_fft // 2
        padded = F.pad(crossing.to(x.dtype), (reach, reach))
        counts = padded.unfold(-1, self.n_fft - 1, self.hop_length).sum(dim=-1)
        frames = 1 + x.shape[1] // self.hop_length
        return counts[:, None, None, :frames] / self.n_fft

    def bin_axis(self) -> Axis:
        return Axis("zero-crossing rate", "", np.zeros(1))


@representation("rms")
@dataclass(frozen=True, kw_only=True)
class RMS(Representation):
    """Root mean square of the samples of each frame.

    Shape (batch, 1, 1, frames), full scale is 1, window n_fft samples, zeros beyond the sound.
    """

    title = "RMS energy"
    describe = "Loudness over time, as amplitude."
    unit = "full scale"
    family = "Energy"

    def compute(self, sound: Analysis) -> Tensor:
        reach = self.n_fft // 2
        windows = F.pad(sound.waveforms, (reach, reach)).unfold(-1, self.n_fft, self.hop_length)
        norm: Tensor = torch.linalg.vector_norm(windows, dim=-1)
        return norm[:, None, None] / math.sqrt(self.n_fft)

    def bin_axis(self) -> Axis:
        return Axis("RMS", "full scale", np.zeros(1))
