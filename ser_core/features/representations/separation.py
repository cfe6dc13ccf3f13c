"""Harmonic and percussive parts of a sound."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ser_core.core import parameter
from ser_core.features.representations import filters
from ser_core.features.representations.analysis import Analysis, decibels, slight
from ser_core.features.representations.base import representation
from ser_core.features.representations.edges import mirrored
from ser_core.features.representations.median import running_median
from ser_core.features.representations.spectral import MelBased


@representation("hpss")
@dataclass(frozen=True, kw_only=True)
class HPSS(MelBased):
    """Harmonic-percussive separation, both parts in mel bands in dB.

    Shape (batch, 2, n_mels, frames), channels harmonic and percussive. 0 dB is the STFT power of
    a full-scale sine, nothing is below -120 dB; librosa has another reference and a cut at 80 dB
    below the loudest, unless told. Fitzgerald (2010): medians
    along time keep tones, medians along frequency keep clicks, and soft masks from both (power 2)
    share out the STFT. As `librosa.decompose.hpss`, without going back to a waveform between.

    Raises:
        ParameterError: If a kernel is not one less than a power of two.
    """

    title = "HPSS"
    describe = "Harmonic and percussive parts: steady tones apart from clicks and bursts."
    unit = "dB"
    family = "Spectrum"
    harmonic_kernel: int = parameter(31, 3, 127, "Median filter along time", "frames")
    percussive_kernel: int = parameter(31, 3, 127, "Median filter along frequency", "bins")

    def check(self) -> None:
        super().check()
        for kernel in ("harmonic_kernel", "percussive_kernel"):
            size = getattr(self, kernel) + 1
            rule = "be one less than a power of two (the filter halves its work)"
            self.require(size & (size - 1) == 0, kernel, rule, "Try 7, 15, 31 or 63")

    @property
    def channel_names(self) -> tuple[str, ...]:
        """The two parts."""
        return ("harmonic", "percussive")

    def parts(self, sound: Analysis) -> tuple[Tensor, Tensor]:
        """Power of the harmonic and the percussive part, each (batch, n_fft // 2 + 1, frames)."""
        power = sound.power(self.n_fft, self.hop_length)
        frames = None if sound.lengths is None else sound.frames(self.hop_length)
        along_time = mirrored(power, self.harmonic_kernel // 2, frames)
        along_frequency = mirrored(power.transpose(1, 2), self.percussive_kernel // 2)
        # A median of powers is the power of the median: squaring preserves the order.
        harmonic = running_median(along_time, self.harmonic_kernel)
        percussive = running_median(along_frequency, self.percussive_kernel).transpose(1, 2)
        # Where neither part has anything, each gets half.
        tiny = slight(power, torch.finfo(power.dtype).tiny)
        mask = (harmonic + tiny) / (harmonic + percussive + 2 * tiny)
        return power * mask.square(), power * (1 - mask).square()

    def compute(self, sound: Analysis) -> Tensor:
        bank = filters.mel(self.sample_rate, self.n_fft, self.n_mels, self.fmin, self.fmax)
        bands = bank.to(sound.waveforms) @ torch.stack(self.parts(sound), dim=1)
        return decibels(bands, filters.full_scale_power(self.n_fft))
