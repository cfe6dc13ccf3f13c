"""Values made uncertain, larger or smaller."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ser_core.augment import draw
from ser_core.augment.curves import smooth_curves
from ser_core.augment.feature.base import FeatureAugment, feature_augment, rows_like
from ser_core.core import parameter
from ser_core.features.representations import MFCC, Representation, filters


@feature_augment("picture_noise")
@dataclass(frozen=True, kw_only=True)
class FeatureNoise(FeatureAugment):
    """Gaussian noise in the unit of the representation, within its range."""

    title = "Feature noise"
    describe = "Gaussian noise on every value."

    level: float = parameter(
        1.0, 0.0, 100.0, "Standard deviation, in the unit of the representation"
    )

    def _augment(
        self, x: Tensor, lengths: Tensor, generator: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        return self.limited(x + self.level * draw.normal((*x.shape,), generator).to(x)), lengths


@feature_augment("scale")
@dataclass(frozen=True, kw_only=True)
class Scale(FeatureAugment):
    """All values of a clip multiplied by one factor, within the representation's range."""

    title = "Scale"
    describe = "All values larger or smaller by the same factor."

    reach: float = parameter(3.0, 0.0, 40.0, "Largest gain or loss", "dB")

    def _augment(
        self, x: Tensor, lengths: Tensor, generator: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        factors = 10 ** (draw.uniform(-self.reach, self.reach, len(x), generator) / 20)
        return self.limited(x * rows_like(factors, x)), lengths


@feature_augment("picture_equaliser")
@dataclass(frozen=True, kw_only=True)
class FeatureEqualiser(FeatureAugment):
    """Random smooth gain over frequency, added to levels in dB or, as its DCT, to MFCCs.

    Digital silence stays silent.

    Raises:
        ParameterError: If the representation has no levels over frequency.
    """

    title = "Feature equaliser"
    describe = "Another microphone: some frequencies louder, some softer."

    reach: float = parameter(4.0, 0.0, 40.0, "Largest gain or loss drawn for a frequency", "dB")
    bands: int = parameter(8, 2, 32, "Frequencies at which a gain is drawn", "bands")

    def check(self) -> None:
        """The representation has levels over frequency."""
        self.suits({"spectrogram", "melspectrogram", "cqt", "hpss", "mfcc"}, "levels to equalise")

    def _augment(
        self, x: Tensor, lengths: Tensor, generator: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        hz = torch.from_numpy(level_frequencies(self.representation))
        gains = smooth_curves(hz, len(x), self.bands, self.reach, generator)
        if isinstance(self.representation, MFCC):
            gains = gains @ filters.dct(x.shape[2], self.representation.n_mels).T
        louder = self.limited(x + rows_like(gains, x))
        silent = (x == self.silence.to(x)).all(dim=2, keepdim=True)
        return torch.where(silent, x, louder), lengths


def level_frequencies(representation: Representation) -> filters.Array:
    """Frequency in Hz of each level that a representation holds or is made of."""
    if isinstance(representation, MFCC):
        centres = filters.mel_frequencies(
            representation.n_mels, representation.fmin, representation.fmax
        )
        return centres[1:-1]
    return np.asarray(representation.bin_axis().values, dtype=float)
