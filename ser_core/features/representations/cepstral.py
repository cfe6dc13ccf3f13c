"""Shape of the spectrum in a few numbers, and how it moves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from torch import Tensor

from ser_core.core import parameter
from ser_core.features.representations import filters
from ser_core.features.representations.analysis import Analysis
from ser_core.features.representations.base import Axis, representation
from ser_core.features.representations.edges import delta
from ser_core.features.representations.spectral import MelBased


@representation("mfcc")
@dataclass(frozen=True, kw_only=True)
class MFCC(MelBased):
    """Mel-frequency cepstral coefficients: orthonormal DCT-II of the mel spectrum in dB.

    Shape (batch, 1, n_mfcc, frames), dimensionless. 0 dB of the mel spectrogram is the STFT power
    of a full-scale sine, its floor is -120 dB. librosa's default takes power 1 as 0 dB, which moves
    coefficient 0, and cuts 80 dB below the loudest, which moves all. Davis & Mermelstein (1980).

    Raises:
        ParameterError: If n_mfcc exceeds n_mels.
    """

    title = "MFCC"
    describe = "Spectral envelope as a few coefficients: the vocal tract more than the pitch."
    family = "Cepstrum"

    n_mfcc: int = parameter(40, 2, 256, "Coefficients kept: the first are the broad shape", "")

    def check(self) -> None:
        super().check()
        rule = f"not exceed n_mels = {self.n_mels}"
        self.require(self.n_mfcc <= self.n_mels, "n_mfcc", rule, "Keep fewer coefficients")

    def coefficients(self, sound: Analysis) -> Tensor:
        """Coefficients over time, shape (batch, n_mfcc, frames)."""
        level = self.mel_db(sound)
        return filters.dct(self.n_mfcc, self.n_mels).to(level) @ level

    def compute(self, sound: Analysis) -> Tensor:
        return self.coefficients(sound).unsqueeze(1)

    def bin_axis(self) -> Axis:
        return Axis("coefficient", "", np.arange(self.n_mfcc))


@representation("delta_mfcc")
@dataclass(frozen=True, kw_only=True)
class DeltaMFCC(MFCC):
    """Slope of the MFCCs over `width` frames.

    Shape (batch, 1, n_mfcc, frames), per frame. Their levels reach down to -120 dB; librosa's
    default cuts them 80 dB below the loudest. Furui (1981).

    Raises:
        ParameterError: If width is even.
    """

    title = "Delta MFCC"
    describe = "Slope of each MFCC over time: the movement of articulation."
    unit = "per frame"

    width: int = parameter(9, 3, 51, "Frames that the slope is taken over, odd", "frames")

    def check(self) -> None:
        super().check()
        self.require(self.width % 2 == 1, "width", "be odd", f"Try {self.width + 1}")

    def compute(self, sound: Analysis) -> Tensor:
        frames = None if sound.lengths is None else sound.frames(self.hop_length)
        return delta(self.coefficients(sound), self.width, frames).unsqueeze(1)
