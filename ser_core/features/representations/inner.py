"""What models with a pretrained encoder compute on the way from the sound, and are explained on."""

from __future__ import annotations

from dataclasses import dataclass, field

from torch import Tensor

from ser_core.core import parameter
from ser_core.features.representations import filters
from ser_core.features.representations.analysis import Analysis
from ser_core.features.representations.base import Axis, Representation, inner_input
from ser_core.features.representations.energy import RMS


@inner_input("whisper_log_mel")
@dataclass(frozen=True, kw_only=True)
class WhisperLogMel(Representation):
    """Log-mel that Whisper computes from a sound, in dB.

    Shape (batch, 1, bands, frames). Nothing is more than 80 dB below the clip's loudest value.
    Radford et al. (2022).
    """

    title = "Encoder log-mel"
    describe = "The log-mel that the speech encoder itself computes from the sound."
    unit = "dB"
    family = "Encoder"

    n_fft: int = field(default=400, init=False, repr=False)
    hop_length: int = field(default=160, init=False, repr=False)
    bands: int = parameter(80, 8, 256, "Number of mel bands", "bands")

    def compute(self, sound: Analysis) -> Tensor:
        from ser_core.features.encoders.whisper import log_mel

        frames = 1 + sound.waveforms.shape[-1] // self.hop_length
        return levels(log_mel(sound.waveforms, frames, self.bands)).unsqueeze(1)

    def bin_axis(self) -> Axis:
        centres = filters.mel_frequencies(self.bands, 0.0, self.sample_rate / 2)[1:-1]
        return Axis("frequency (mel scale)", "Hz", centres)


def levels(log_mel: Tensor) -> Tensor:
    """Whisper's own values as levels in dB."""
    return 40 * log_mel - 40


@inner_input("sound_steps")
@dataclass(frozen=True, kw_only=True)
class SoundSteps(RMS):
    """The samples of a sound in steps of 20 ms, shown as the root mean square of each.

    Shape (batch, 1, 1, frames); frame t is centred on t * `hop_length` samples.
    """

    title = "Sound in 20 ms steps"
    describe = "The samples that the speech encoder takes, in steps of 20 ms; drawn as their level."
    family = "Encoder"

    n_fft: int = field(default=640, init=False, repr=False)
    hop_length: int = field(default=320, init=False, repr=False)


__all__ = ["SoundSteps", "WhisperLogMel", "levels"]
