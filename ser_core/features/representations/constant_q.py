"""Constant-Q transform: the scale of pitch."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from ser_core.core import parameter
from ser_core.features.representations import filters
from ser_core.features.representations.analysis import Analysis, decibels
from ser_core.features.representations.base import Axis, Representation, representation


@representation("cqt")
@dataclass(frozen=True, kw_only=True)
class CQT(Representation):
    """Constant-Q transform: level in bands of equal musical width, in dB.

    Shape (batch, 1, n_bins, frames). 0 dB is a full-scale sine, nothing is below -120 dB;
    librosa's `amplitude_to_db` has another reference and cuts 80 dB below the loudest.
    Brown (1991), computed octave by octave at halved sample rates after Schörkhuber & Klapuri
    (2010). The tuning is fixed at A4 = 440 Hz. librosa's magnitude is half of this one times the
    square root of the filter's length. `n_fft` plays no part: each band has a window of its own.

    Raises:
        ParameterError: If the highest band reaches beyond half the sample rate.
    """

    title = "Constant-Q"
    describe = "Level on the scale of pitch, equal steps for equal intervals: intonation as a line."
    unit = "dB"
    family = "Spectrum"

    fmin: float = parameter(32.703196, 16.0, 2_000.0, "Lowest band; 32.7 is the note C1", "Hz")
    n_bins: int = parameter(84, 12, 480, "Number of bands", "bands")
    bins_per_octave: int = parameter(12, 4, 60, "Bands in an octave; 12 are semitones", "bands")

    def check(self) -> None:
        top, half = self.cutoff(self.frequencies()[-1]), self.sample_rate / 2
        self.require(
            top <= half,
            "n_bins",
            f"keep the highest band's upper edge, {top:.0f} Hz, within half the sample rate, "
            f"{half:g} Hz",
            "Use fewer bands or a lower fmin",
        )

    def frequencies(self) -> np.ndarray:
        """Centre of each band in Hz, shape (n_bins,)."""
        return self.fmin * 2.0 ** (np.arange(self.n_bins) / self.bins_per_octave)

    def cutoff(self, hz: float) -> float:
        """Frequency in Hz up to which the band around `hz` still responds."""
        bandwidths_of_hann = 1.50018310546875 / 2
        relative = hz / filters.constant_q_lengths(np.array([hz]), hz, self.bins_per_octave)[0]
        return float(hz + bandwidths_of_hann * relative)

    def compute(self, sound: Analysis) -> Tensor:
        frames = 1 + sound.waveforms.shape[1] // self.hop_length
        signal, hop, octaves = sound.waveforms, self.hop_length, []
        for kernels, taps in _plan(self):
            if taps is not None:
                signal, hop = _halved(signal, taps.to(signal)), hop // 2
            octaves.append(_response(signal, kernels.to(signal), hop, frames))
        power = torch.cat(octaves[::-1], dim=-1).transpose(1, 2)
        return decibels(power, 1.0).unsqueeze(1)

    def bin_axis(self) -> Axis:
        return Axis("frequency (pitch scale)", "Hz", self.frequencies())


@lru_cache(maxsize=32)
def _plan(cqt: CQT) -> list[tuple[Tensor, Tensor | None]]:
    """Kernels of each octave from the top, and the filter that halves the rate before it.

    The rate is halved for as long as the hop stays a whole number of samples.
    """
    plan: list[tuple[Tensor, Tensor | None]] = []
    rate, hop, per = float(cqt.sample_rate), cqt.hop_length, cqt.bins_per_octave
    frequencies = cqt.frequencies()
    for end in range(cqt.n_bins, 0, -per):
        octave = frequencies[max(0, end - per) : end]
        taps = None
        if plan and hop % 2 == 0:
            taps = filters.halver(min(cqt.cutoff(octave[-1]) / rate, 0.24))
            rate, hop = rate / 2, hop // 2
        plan.append((filters.constant_q(octave, rate, per), taps))
    return plan


def _halved(signal: Tensor, taps: Tensor) -> Tensor:
    """Every second sample of the filtered signal, with what rings on behind its end.

    A clip in a padded batch rings into its padding; so must the same clip alone.
    """
    reach = len(taps) // 2
    extended = F.pad(signal, (reach, 2 * reach))
    return F.conv1d(extended[:, None], taps[None, None], stride=2)[:, 0]


def _response(signal: Tensor, kernels: Tensor, hop: int, frames: int) -> Tensor:
    """Power of each kernel centred on every hop-th sample, (batch, frames, kernels)."""
    size, columns = kernels.shape
    behind = max(0, (frames - 1) * hop + size // 2 - signal.shape[1])
    windows = F.pad(signal, (size // 2, behind)).unfold(-1, size, hop)[:, :frames]
    parts = (windows @ kernels).square()
    return parts[..., : columns // 2] + parts[..., columns // 2 :]
