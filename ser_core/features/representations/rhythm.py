"""Regularity of onsets: the rhythm of syllables."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from scipy.fft import next_fast_len
from torch import Tensor

from ser_core.core import parameter
from ser_core.features.representations import filters
from ser_core.features.representations.analysis import Analysis, normalised
from ser_core.features.representations.base import Axis, Representation, representation
from ser_core.features.representations.edges import delta


@representation("tempogram")
@dataclass(frozen=True, kw_only=True)
class Tempogram(Representation):
    """Local autocorrelation of the onset strength, relative to lag 0.

    Shape (batch, 1, win_length, frames), -1 to 1, bin k is a lag of k frames. Grosche, Müller &
    Kurth (2010). Beyond the sound there are no onsets; librosa instead draws a ramp from the
    outermost value to zero, which would make a clip's rhythm depend on the padding of its batch.
    Its default of 384 frames is meant for music; 128 frames of 10 ms hold several syllables.
    """

    title = "Tempogram"
    describe = "Autocorrelation of onset strength by lag: the pace of syllables."
    unit = "autocorrelation"
    family = "Rhythm"

    n_mels: int = parameter(80, 8, 256, "Mel bands that onsets are looked for in", "bands")
    win_length: int = parameter(128, 8, 2_048, "Frames that rhythm is looked for in", "frames")

    def correlations(self, sound: Analysis) -> Tensor:
        """Autocorrelation at each lag, shape (batch, win_length, frames)."""
        onsets = sound.onsets(self.n_fft, self.hop_length, self.n_mels)
        length = self.win_length
        padded = F.pad(onsets, (length // 2, length - length // 2 - 1))
        windows = padded.unfold(-1, length, 1) * filters.hann(length).to(onsets)
        spectrum = torch.fft.rfft(windows, n=next_fast_len(2 * length - 1, real=True))
        power = spectrum.real.square() + spectrum.imag.square()
        correlation = torch.fft.irfft(power)[..., :length]
        return normalised(correlation, correlation[..., :1]).transpose(-1, -2)

    def compute(self, sound: Analysis) -> Tensor:
        return self.correlations(sound).unsqueeze(1)

    def bin_axis(self) -> Axis:
        lags = np.arange(self.win_length) * self.hop_length / self.sample_rate
        return Axis("lag", "s", lags)


@representation("delta_tempogram")
@dataclass(frozen=True, kw_only=True)
class DeltaTempogram(Tempogram):
    """Slope of the tempogram over `width` frames: how the pace changes.

    Shape (batch, 1, win_length, frames), per frame.

    Raises:
        ParameterError: If width is even.
    """

    title = "Delta tempogram"
    describe = "Slope of the tempogram over time: changes of pace, pauses."
    unit = "per frame"

    width: int = parameter(9, 3, 51, "Frames that the slope is taken over, odd", "frames")

    def check(self) -> None:
        self.require(self.width % 2 == 1, "width", "be odd", f"Try {self.width + 1}")

    def compute(self, sound: Analysis) -> Tensor:
        frames = None if sound.lengths is None else sound.frames(self.hop_length)
        return delta(self.correlations(sound), self.width, frames).unsqueeze(1)
