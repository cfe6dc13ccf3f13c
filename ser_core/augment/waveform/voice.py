"""Changes of the speaker: pitch and vocal tract, together or separately.

In the source-filter model, the frequency of the source is the pitch (melody) and the resonances of
the vocal tract are the formants. `warp` scales both, `vocal_tract` the formants, `pitch` the pitch.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ser_core.augment import draw
from ser_core.augment.waveform.base import WaveAugment, wave_augment
from ser_core.augment.waveform.envelope import moved_envelope
from ser_core.augment.waveform.vocoder import TOGETHER, analysed, scaled, window_length
from ser_core.core import parameter
from ser_core.features.representations import filters


def with_formants_at(x: Tensor, factors: Tensor, sample_rate: int) -> Tensor:
    """Sounds whose formants are multiplied by a factor; harmonics and phases stay.

    Args:
        x: Shape (batch, samples).
        factors: Shape (batch,).
        sample_rate: In Hz.
    """
    pieces = zip(x.split(TOGETHER), factors.split(TOGETHER), strict=True)
    return torch.cat([_with_formants_at(clips, factor, sample_rate) for clips, factor in pieces])


def _with_formants_at(x: Tensor, factors: Tensor, sample_rate: int) -> Tensor:
    n_fft = window_length(sample_rate, 0.032)
    hop, window = n_fft // 2, filters.hann(n_fft).sqrt().to(x)
    spectra = moved_envelope(analysed(x, n_fft, hop, window), factors, sample_rate)
    sound: Tensor = torch.istft(
        spectra.transpose(1, 2), n_fft, hop, window=window, length=x.shape[1]
    )
    return sound


@dataclass(frozen=True, kw_only=True)
class Scaling(WaveAugment):
    """Parameters of what scales frequencies: the bounds of the factor.

    Raises:
        ParameterError: If the bounds are the wrong way round.
    """

    lowest: float = parameter(0.9, 0.5, 2.0, "Least factor of frequencies; 1 is unchanged", "times")
    highest: float = parameter(1.1, 0.5, 2.0, "Greatest factor of frequencies", "times")

    def check(self) -> None:
        """The bounds are in order."""
        self.ordered("lowest", "highest")

    def factors(self, x: Tensor, generator: torch.Generator) -> Tensor:
        """A factor for each clip, equally likely up and down."""
        low, high = torch.tensor([self.lowest, self.highest]).log().tolist()
        return draw.uniform(low, high, len(x), generator).exp().to(x.device)


@wave_augment("vocal_tract")
@dataclass(frozen=True, kw_only=True)
class VocalTract(Scaling):
    """Formants moved along the frequency axis while the melody stays.

    Vocal tract length perturbation (Jaitly & Hinton 2013) on the waveform: in each frame of the
    STFT the spectral envelope is stretched by the factor, and phases stay.
    """

    title = "Vocal tract"
    describe = "A longer or shorter vocal tract with the same melody: another speaker."

    lowest: float = parameter(0.85, 0.5, 2.0, "Least factor of the formants", "times")
    highest: float = parameter(1.18, 0.5, 2.0, "Greatest factor of the formants", "times")

    def _augment(
        self, x: Tensor, lengths: Tensor, generator: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        return with_formants_at(x, self.factors(x, generator), self.sample_rate), lengths


@wave_augment("warp")
@dataclass(frozen=True, kw_only=True)
class Warp(Scaling):
    """The whole frequency axis stretched, melody and formants alike, at unchanged length.

    What the warp of a mel spectrogram does, on the waveform (Jaitly & Hinton 2013).
    """

    title = "Voice warp"
    describe = "All of the voice higher or lower at the same pace: a smaller or larger speaker."

    def _augment(
        self, x: Tensor, lengths: Tensor, generator: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        return scaled(x, self.factors(x, generator), self.sample_rate), lengths


@wave_augment("pitch")
@dataclass(frozen=True, kw_only=True)
class Pitch(WaveAugment):
    """Melody moved by a number of semitones while formants and length stay.

    Raises:
        ParameterError: If the bounds are the wrong way round.
    """

    title = "Pitch"
    describe = "The voice higher or lower at the same pace, by the same vocal tract."

    lowest: float = parameter(-2.0, -12.0, 12.0, "Lowest shift", "semitones")
    highest: float = parameter(2.0, -12.0, 12.0, "Highest shift", "semitones")

    def check(self) -> None:
        """The bounds are in order."""
        self.ordered("lowest", "highest")

    def _augment(
        self, x: Tensor, lengths: Tensor, generator: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        semitones = draw.uniform(self.lowest, self.highest, len(x), generator).to(x.device)
        factors = 2 ** (semitones / 12)
        moved = with_formants_at(x, 1 / factors, self.sample_rate)
        return scaled(moved, factors, self.sample_rate), lengths
