"""What tutorials compute with librosa: pitch, energy, tempo and MFCCs of a clip in one vector."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ser_core.core import parameter
from ser_core.features.representations import filters
from ser_core.features.representations.analysis import Analysis
from ser_core.features.representations.base import Axis, Representation, summary
from ser_core.features.representations.edges import delta, second_delta
from ser_core.features.representations.energy import RMS
from ser_core.features.representations.groups import grouped
from ser_core.features.representations.rhythm import Tempogram
from ser_core.features.representations.yin import yin

COEFFICIENTS, BANDS, WIDTH = 13, 40, 9
ROWS = (
    "pitch",
    "RMS",
    *(f"MFCC {number}" for number in range(COEFFICIENTS)),
    *(f"delta MFCC {number}" for number in range(COEFFICIENTS)),
    *(f"second delta MFCC {number}" for number in range(COEFFICIENTS)),
)
SHARES = (0.05, 0.25, 0.5, 0.75, 0.95)
STATISTICS = ("mean", "spread", *(f"{100 * share:.0f} %" for share in SHARES))

GROUP_RULES = (("pitch", "pitch"), ("RMS", "loudness"), ("tempo", "rhythm"))

RHYTHM_S = 4.0
"""Longest lag at which the onsets are compared."""

USUAL_BPM, FASTEST_BPM = 120.0, 320.0
"""Centre of the prior of the tempo, one octave wide, and its end (librosa's values)."""


@dataclass(frozen=True, kw_only=True)
class LibrosaRows(Representation):
    """Frames of pitch, energy and cepstrum, and the tempo of a clip."""

    unit = "various"
    family = "Summary"

    def frames(self, samples: Tensor) -> Tensor:
        """One each, however long."""
        return torch.ones_like(samples)

    def feature_groups(self) -> tuple[str, ...]:
        return grouped(self.bin_axis().values, GROUP_RULES)

    def rows(self, sound: Analysis) -> Tensor:
        """Values of `ROWS` over frames, (batch, 41, frames)."""
        shape = {"n_fft": self.n_fft, "hop_length": self.hop_length}
        pitch = yin(sound.waveforms, self.sample_rate, self.hop_length)
        energy = RMS(sample_rate=self.sample_rate, **shape).compute(sound)[:, 0]
        mel = sound.mel_db(self.n_fft, self.hop_length, BANDS, 0.0, self.sample_rate / 2)
        cepstrum = filters.dct(COEFFICIENTS, BANDS).to(mel) @ mel
        own = None if sound.lengths is None else sound.frames(self.hop_length)
        moves, turns = delta(cepstrum, WIDTH, own), second_delta(cepstrum, WIDTH, own)
        return torch.cat([pitch[:, None], energy, cepstrum, moves, turns], dim=1)

    def tempo(self, sound: Analysis) -> Tensor:
        """Beats a minute, (batch,): the lag at which the onsets are most alike.

        Ellis (2007), "Beat tracking by dynamic programming". A lag is chosen, so no gradient
        passes.
        """
        rhythm = Tempogram(
            sample_rate=self.sample_rate,
            n_fft=self.n_fft,
            hop_length=self.hop_length,
            n_mels=BANDS,
            win_length=self._lags(),
        )
        alike = rhythm.correlations(sound)
        counts = sound.frames(self.hop_length)[:, None, None]
        mean = torch.where(_inside(alike, counts), alike, 0.0).sum(-1) / counts[:, 0]
        # librosa has 1e6 here, in double precision: what rounding leaves of nothing would decide.
        score = torch.log1p(1e4 * mean.clamp(min=0)) + self._prior().to(mean)
        lag = 1 + score[:, 1:].argmax(-1)
        bpm: Tensor = (60 * self.sample_rate / self.hop_length) / lag.to(mean)
        return bpm

    def _lags(self) -> int:
        return max(8, min(2_048, round(RHYTHM_S * self.sample_rate / self.hop_length)))

    def _prior(self) -> Tensor:
        """Logarithm of how likely each lag is as a beat, (lags,)."""
        lags = np.arange(1, self._lags())
        bpm = 60 * self.sample_rate / self.hop_length / lags
        prior = -0.5 * np.square(np.log2(bpm) - np.log2(USUAL_BPM))
        prior[bpm >= FASTEST_BPM] = -1e9
        return torch.tensor([-1e9, *prior], dtype=torch.float32)


@summary("librosa_vector")
@dataclass(frozen=True, kw_only=True)
class LibrosaVector(LibrosaRows):
    """YIN pitch, RMS energy, 13 MFCCs with deltas and second deltas in statistics, and the tempo.

    Shape (batch, 1, 288, 1): mean, spread and five percentiles of 41 rows over the frames of the
    clip, and beats a minute. The usual vector of tutorials; the pitch is of all frames, voiced or
    not. `tempo` and the choice of a lag in YIN are steps, through which no gradient passes.
    """

    title = "librosa vector"
    describe = "YIN pitch, energy, MFCCs and tempo, each in a few statistics over the clip."

    def compute(self, sound: Analysis) -> Tensor:
        counts = sound.frames(self.hop_length)
        found = _statistics(self.rows(sound), counts).flatten(1)
        return torch.cat([found, self.tempo(sound)[:, None]], dim=1)[:, None, :, None]

    def bin_axis(self) -> Axis:
        names = [f"{row}: {statistic}" for statistic in STATISTICS for row in ROWS]
        return Axis("feature", "", np.array([*names, "tempo"]))


@summary("librosa_flat")
@dataclass(frozen=True, kw_only=True)
class LibrosaFlat(LibrosaRows):
    """The same rows frame by frame: cut or filled with zeros to a length, one after the other.

    Shape (batch, 1, 41 * frames + 1, 1): 3,855 numbers for 3 s at a step of 512 samples, 13 times
    as many as `librosa_vector`. A value means a moment of the recording, so the same word said a
    little later is another vector.
    """

    title = "librosa vector, flattened"
    describe = "YIN pitch, energy and MFCCs of every frame of a fixed length, and the tempo."

    hop_length: int = parameter(
        512, 16, 4_096, "Step from one frame to the next: shorter gives more numbers", "samples"
    )
    seconds: float = parameter(3.0, 0.1, 30.0, "Length that clips are cut or filled up to", "s")

    @property
    def kept(self) -> int:
        """Frames of each clip that are kept."""
        return 1 + int(self.seconds * self.sample_rate) // self.hop_length

    def check(self) -> None:
        rule = f"keep no more than 20,000 numbers, not {len(ROWS) * self.kept:,}"
        few = len(ROWS) * self.kept <= 20_000
        self.require(few, "seconds", rule, "Cut clips shorter or take a longer step")

    def compute(self, sound: Analysis) -> Tensor:
        rows = self.rows(sound)
        own = torch.where(_inside(rows, sound.frames(self.hop_length)[:, None, None]), rows, 0.0)
        flat = torch.nn.functional.pad(own, (0, self.kept))[..., : self.kept].flatten(1)
        return torch.cat([flat, self.tempo(sound)[:, None]], dim=1)[:, None, :, None]

    def bin_axis(self) -> Axis:
        names = [f"{row}: frame {number}" for row in ROWS for number in range(self.kept)]
        return Axis("feature", "", np.array([*names, "tempo"]))


def _inside(values: Tensor, counts: Tensor) -> Tensor:
    """Whether a frame is of the clip's own; counts are (batch, 1, 1)."""
    return torch.arange(values.shape[-1], device=values.device) < counts


def _statistics(values: Tensor, counts: Tensor) -> Tensor:
    """`STATISTICS` of (batch, rows, frames) over each clip's own frames, (batch, 7, rows)."""
    own = counts[:, None, None]
    inside, number = _inside(values, own), own[..., 0].to(values.dtype)
    mean = torch.where(inside, values, 0.0).sum(-1) / number
    away = torch.where(inside, values - mean[..., None], 0.0)
    spread = (away.square().sum(-1) / number).clamp(min=1e-12).sqrt()
    ordered = torch.where(inside, values, 1e30).sort(dim=-1).values
    place = values.new_tensor(SHARES) * (own - 1).to(values.dtype)
    low = place.floor()
    high = torch.minimum(low + 1, (own - 1).to(values.dtype))
    left, right = (
        ordered.gather(-1, each.long().expand(-1, values.shape[1], -1)) for each in (low, high)
    )
    percentiles = left + (place - low) * (right - left)
    return torch.cat([torch.stack([mean, spread], dim=1), percentiles.transpose(1, 2)], dim=1)
