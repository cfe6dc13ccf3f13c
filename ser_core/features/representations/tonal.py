"""Pitch classes and their harmony."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from torch import Tensor

from ser_core.features.representations import filters
from ser_core.features.representations.analysis import Analysis, normalised
from ser_core.features.representations.base import Axis, Representation, representation

PITCH_CLASSES = np.array(["C", "C♯", "D", "D♯", "E", "F", "F♯", "G", "G♯", "A", "A♯", "B"])
TONAL_AXES = np.array(
    ["fifths x", "fifths y", "minor thirds x", "minor thirds y", "major thirds x", "major thirds y"]
)


@representation("chroma")
@dataclass(frozen=True, kw_only=True)
class Chroma(Representation):
    """Energy in the twelve pitch classes, relative to the strongest of each frame.

    Shape (batch, 1, 12, frames), 0 to 1; silent frames are 0. Ellis (2007). The tuning is fixed
    at A4 = 440 Hz: librosa estimates one for each clip unless told `tuning=0`, and a voice is not
    tuned.
    """

    title = "Chroma"
    describe = "Which of the twelve pitch classes sound, whatever the octave: melody of the voice."
    unit = "share of the strongest"
    family = "Tonality"

    def compute(self, sound: Analysis) -> Tensor:
        return sound.chroma(self.n_fft, self.hop_length).unsqueeze(1)

    def bin_axis(self) -> Axis:
        return Axis("pitch class", "", PITCH_CLASSES)


@representation("tonnetz")
@dataclass(frozen=True, kw_only=True)
class Tonnetz(Representation):
    """Tonal centroids: where the chroma lies on the circles of fifths and thirds.

    Shape (batch, 1, 6, frames), -1 to 1 (thirds -0.5 to 0.5); silent frames are 0. Harte, Sandler
    & Gasser (2006). Computed from the chroma that all share; librosa's default first separates
    the harmonic part and takes a constant-Q chroma, at a hundred times the cost.
    """

    title = "Tonnetz"
    describe = "Six coordinates of harmony: near each other when pitches are related."
    unit = "position"
    family = "Tonality"

    def compute(self, sound: Analysis) -> Tensor:
        chroma = sound.chroma(self.n_fft, self.hop_length)
        share = normalised(chroma, chroma.sum(dim=-2, keepdim=True))
        return (filters.tonal_centroids().to(share) @ share).unsqueeze(1)

    def bin_axis(self) -> Axis:
        return Axis("tonal axis", "", TONAL_AXES)
