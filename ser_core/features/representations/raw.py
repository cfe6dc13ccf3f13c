"""The sound itself, for networks that learn their own front-end."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from torch import Tensor

from ser_core.features.representations.analysis import Analysis
from ser_core.features.representations.base import WAVEFORM, Axis, Representation, model_input


@model_input("waveform", WAVEFORM)
@dataclass(frozen=True, kw_only=True)
class RawWaveform(Representation):
    """Samples as they are: shape (batch, 1, 1, samples), full scale ±1; a frame is a sample."""

    title = "Waveform"
    describe = "The raw samples: the network learns its own front-end."
    family = "waveform"
    stored = False

    n_fft: int = field(default=2, init=False, repr=False)
    hop_length: int = field(default=1, init=False, repr=False)

    def compute(self, sound: Analysis) -> Tensor:
        return sound.waveforms[:, None, None, :]

    def bin_axis(self) -> Axis:
        return Axis("amplitude", "", np.zeros(1))

    def frames(self, samples: Tensor) -> Tensor:
        """A frame a sample."""
        return samples

    def samples(self, frames: int) -> int:
        """A sample a frame."""
        return frames

    def frame_times(self, frames: int) -> npt.NDArray[np.float64]:
        """Time of each sample in seconds, shape (frames,)."""
        return np.arange(frames) / self.sample_rate
