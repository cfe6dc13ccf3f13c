"""Functionals: statistics over time of low-level descriptors, one vector for a clip."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from ser_core.features.representations import filters
from ser_core.features.representations.analysis import Analysis
from ser_core.features.representations.base import Axis, Representation, summary
from ser_core.features.representations.groups import grouped
from ser_core.features.representations.spectral import SpectralContrast
from ser_core.features.representations.voicing import Voicing, voicing

SILENT_DB, VOICED_DB, VOICED = -40.0, -35.0, 0.5
"""A clip is cut at both ends where it is this far below its loudest frame; voiced frames are at
least so loud and so periodic."""

BANDS, FINE_BANDS, COEFFICIENTS = 32, 64, 20
STATISTICS = (
    "mean", "spread", "5 %", "95 %", "median", "quartile range", "slope",
    "mean step", "spread of steps", "95 % of steps", "5 % of steps",
)  # fmt: skip
LOW_LEVEL = ("energy", "harmonics to noise", "centroid", "width", "low to high", "flux", "tilt")
RHYTHM = (
    "jitter", "shimmer", "voiced share", "voiced stretches", "stretch length",
    "stretch length spread", "duration", "rising share", "spread of pitch steps",
)  # fmt: skip
QUARTERS, MODULATIONS, CONTOUR_POINTS, CONTOUR_TERMS = 4, 19, 24, 9
GROUP_RULES = (
    ("pitch", "pitch"), ("rising share", "pitch"), ("spread of pitch steps", "pitch"),
    ("energy modulation", "rhythm"), ("energy", "loudness"),
    ("harmonics to noise", "voice quality"), ("jitter", "voice quality"),
    ("shimmer", "voice quality"), ("low to high", "voice quality"), ("tilt", "voice quality"),
    ("voiced", "rhythm"), ("stretch length", "rhythm"), ("duration", "rhythm"),
)  # fmt: skip
LARGEST_STEP = 4.0
"""Semitones from a frame to the next; a larger step is an octave error of the pitch tracker."""


@summary("functionals")
@dataclass(frozen=True, kw_only=True)
class Functionals(Representation):
    """Statistics over a clip of mel bands, MFCCs, spectral contrast, voice quality and pitch.

    Shape (batch, 1, functionals, 1). The ends below -40 dB of the loudest frame are left out, and
    levels are relative to the mean of the rest: how loud a recording is tells of microphones more
    than of emotions. The way of eGeMAPS and ComParE (Eyben et al. 2016, Schuller et al. 2016):
    low-level descriptors over all frames and over voiced ones, each in eleven statistics, with the
    course of pitch and energy and the rhythm of voicing.
    """

    title = "Functionals"
    describe = "Statistics over the whole clip: pitch, loudness, timbre and their movement."
    unit = "various"
    family = "Summary"
    version = 2

    def frames(self, samples: Tensor) -> Tensor:
        """One each, however long."""
        return torch.ones_like(samples)

    def compute(self, sound: Analysis) -> Tensor:
        mel = sound.mel_db(self.n_fft, self.hop_length, FINE_BANDS, 0.0, self.sample_rate / 2)
        bands = sound.mel_db(self.n_fft, self.hop_length, BANDS, 0.0, self.sample_rate / 2)
        voice = voicing(sound.waveforms, self.sample_rate, self.hop_length)
        counts = sound.frames(self.hop_length).tolist()
        level = torch.stack(
            [_level(energy[:count]) for energy, count in zip(voice.energy, counts, strict=True)]
        )
        mel, bands = mel - level[:, None, None], bands - level[:, None, None]
        voice = voice._replace(energy=voice.energy - level[:, None])
        cepstrum = filters.dct(COEFFICIENTS, FINE_BANDS).to(mel) @ mel
        contrast = self._contrast().compute(sound)[:, 0]
        timbre = torch.cat([bands, cepstrum, contrast, _low_level(mel, voice)], dim=1)
        clips = [
            _functionals(
                timbre[clip, :, :count],
                Voicing(*(values[clip, :count] for values in voice)),
                self.hop_length / self.sample_rate,
            )
            for clip, count in enumerate(counts)
        ]
        return torch.stack(clips)[:, None, :, None]

    def _contrast(self) -> SpectralContrast:
        return SpectralContrast(
            sample_rate=self.sample_rate, n_fft=self.n_fft, hop_length=self.hop_length
        )

    def bin_axis(self) -> Axis:
        return Axis("functional", "", np.array(self._names()))

    def feature_groups(self) -> tuple[str, ...]:
        return grouped(self._names(), GROUP_RULES)

    def _names(self) -> list[str]:
        centres = filters.mel_frequencies(BANDS, 0.0, self.sample_rate / 2)[1:-1]
        timbre = [
            *(f"{hz:.0f} Hz" for hz in centres),
            *(f"MFCC {number}" for number in range(COEFFICIENTS)),
            *(f"contrast {number}" for number in range(len(self._contrast().bin_axis().values))),
            *LOW_LEVEL,
        ]
        voiced = [f"{name} where voiced" for name in (*LOW_LEVEL, "pitch")]
        return [
            *(f"{name}: {statistic}" for statistic in STATISTICS for name in timbre),
            *(f"{name}: {statistic}" for statistic in STATISTICS for name in voiced),
            *RHYTHM,
            *(f"pitch, quarter {number + 1}" for number in range(QUARTERS)),
            *(f"energy, quarter {number + 1}" for number in range(QUARTERS)),
            *(f"energy modulation {number + 1}" for number in range(MODULATIONS)),
            *(f"pitch course {number + 1}" for number in range(CONTOUR_TERMS)),
            *(f"energy course {number + 1}" for number in range(CONTOUR_TERMS)),
        ]


def _low_level(mel: Tensor, voice: Voicing) -> Tensor:
    """Descriptors of `LOW_LEVEL`, (batch, 7, frames), from mel levels in dB and voicing."""
    power = 10 ** (mel / 10)
    index = torch.arange(mel.shape[1], device=mel.device, dtype=mel.dtype)[:, None]
    total = power.sum(1)
    centroid = (power * index).sum(1) / total
    width = ((power * (index - centroid.unsqueeze(1)).square()).sum(1) / total).clamp(min=0).sqrt()
    edges = round(mel.shape[1] * 0.31), round(mel.shape[1] * 0.47)
    balance = 10 * torch.log10(power[:, : edges[0]].sum(1) / power[:, edges[1] :].sum(1))
    flux = torch.cat([torch.zeros_like(total[:, :1]), mel.diff(dim=-1).abs().mean(1)], dim=-1)
    centred = index - index.mean()
    tilt = (mel * centred).sum(1) / centred.square().sum()
    noise = 10 * torch.log10((voice.periodicity + 1e-4) / (1 - voice.periodicity))
    return torch.stack([voice.energy, noise, centroid, width, balance, flux, tilt], dim=1)


def _stretch(energy: Tensor) -> slice:
    """From the first to the last frame that is not silent."""
    loud = (energy >= energy.max() + SILENT_DB).nonzero()[:, 0]
    return slice(int(loud[0]), int(loud[-1]) + 1)


def _level(energy: Tensor) -> Tensor:
    """Mean level of what is not silent, dB."""
    return energy[_stretch(energy)].mean()


def _functionals(timbre: Tensor, voice: Voicing, step: float) -> Tensor:
    """All functionals of one clip, from (descriptors, frames) and its voicing."""
    own = _stretch(voice.energy)
    timbre, voice = timbre[:, own], Voicing(*(values[own] for values in voice))
    voiced = (voice.periodicity > VOICED) & (voice.energy > voice.energy.max() + VOICED_DB)
    spoken = torch.cat([timbre[-len(LOW_LEVEL) :], voice.semitones[None]])[:, voiced]
    return torch.cat(
        [
            _statistics(timbre).flatten(),
            _statistics(spoken).flatten(),
            _rhythm(voice, voiced, step),
            _quarters(voice, voiced),
            _modulation(voice.energy),
            _course(_bridged(voice.semitones, voiced)),
            _course(voice.energy),
        ]
    )


def _statistics(values: Tensor) -> Tensor:
    """Statistics of (rows, frames) over frames, (11, rows); zero where there are no frames."""
    rows, count = values.shape
    if count == 0:
        return values.new_zeros(len(STATISTICS), rows)
    low, quarter, middle, most, high = torch.quantile(
        values, values.new_tensor([0.05, 0.25, 0.5, 0.75, 0.95]), dim=-1
    )
    time = torch.linspace(-1, 1, count, device=values.device) if count > 1 else values.new_ones(1)
    slope = (values * time).mean(-1) / time.square().mean() if count > 1 else 0 * low
    spread = values.std(-1, correction=0)
    moved = values.diff(dim=-1) if count > 1 else 0 * values
    falls, rises = torch.quantile(moved, values.new_tensor([0.05, 0.95]), dim=-1)
    steps = moved.abs().mean(-1), moved.std(-1, correction=0)
    return torch.stack(
        [values.mean(-1), spread, low, high, middle, most - quarter, slope, *steps, rises, falls]
    )


def _rhythm(voice: Voicing, voiced: Tensor, step: float) -> Tensor:
    """Values of `RHYTHM`."""
    both = voiced[1:] & voiced[:-1]
    moves = voice.semitones.diff()[both]
    moves = moves[moves.abs() < LARGEST_STEP]
    shimmer = voice.energy.diff().abs()[both]
    edges = F.pad(voiced.float(), (1, 1)).diff()
    lengths = (edges < 0).nonzero()[:, 0] - (edges > 0).nonzero()[:, 0]
    lengths = lengths.to(voice.energy) * step
    seconds = len(voiced) * step
    return torch.stack(
        [
            _mean(moves.abs()),
            _mean(shimmer),
            voiced.to(voice.energy).mean(),
            voice.energy.new_tensor(len(lengths) / seconds),
            _mean(lengths),
            _spread(lengths),
            voice.energy.new_tensor(seconds),
            _mean((moves > 0).to(voice.energy)),
            _spread(moves),
        ]
    )


def _mean(values: Tensor) -> Tensor:
    return values.mean() if len(values) else values.new_zeros(())


def _spread(values: Tensor) -> Tensor:
    return values.std(correction=0) if len(values) else values.new_zeros(())


def _quarters(voice: Voicing, voiced: Tensor) -> Tensor:
    """Mean pitch and mean energy of each quarter of a clip; the clip's own where one is empty."""
    everywhere = _mean(voice.semitones[voiced])
    parts = torch.arange(len(voiced)).tensor_split(QUARTERS)
    pitch = [
        voice.semitones[part][voiced[part]].mean() if voiced[part].any() else everywhere
        for part in parts
    ]
    energy = [voice.energy[part].mean() if len(part) else voice.energy.mean() for part in parts]
    return torch.stack(pitch + energy)


def _modulation(energy: Tensor) -> Tensor:
    """Logarithm of the slowest modulations of the energy, per frame."""
    n_fft = 256
    spectrum = torch.fft.rfft(energy[:n_fft] - energy.mean(), n_fft)[1 : MODULATIONS + 1]
    return torch.log(spectrum.abs() / len(energy) + 1e-3)


def _bridged(pitch: Tensor, voiced: Tensor) -> Tensor:
    """Pitch with straight lines across what is not voiced; zero if nothing is."""
    known = voiced.nonzero()[:, 0]
    if not len(known):
        return torch.zeros_like(pitch)
    index = torch.arange(len(pitch), device=pitch.device)
    after = torch.searchsorted(known, index).clamp(max=len(known) - 1)
    before = (after - 1).clamp(min=0)
    left, right = known[before], known[after]
    share = ((index - left) / (right - left).clamp(min=1)).clamp(0, 1).to(pitch)
    return pitch[left] + share * (pitch[right] - pitch[left])


def _course(values: Tensor) -> Tensor:
    """Shape of a curve: first terms of its cosine transform, after that of the mean."""
    points = F.interpolate(values[None, None], CONTOUR_POINTS, mode="linear", align_corners=True)[
        0, 0
    ]
    basis = filters.dct(CONTOUR_TERMS + 1, CONTOUR_POINTS).to(points)
    return (basis @ points)[1:]
