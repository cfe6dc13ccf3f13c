"""Level, pace, pitch, and what a careless recorder or editor does."""

from __future__ import annotations

import numpy as np

from ser_core.augment.waveform import make_wave
from ser_core.robustness.perturbations.base import One, Samples, perturbation

GROUP = "Level, pace and damage"


@perturbation(
    "gain", "Gain", unit="dB", levels=(-30.0, -20.0, -10.0, 10.0, 20.0), neutral=0.0, axis="Gain",
    group=GROUP,
)  # fmt: skip
def gain(one: One, level: float) -> Samples:
    """Louder or softer; what exceeds full scale is clipped, as in a file."""
    augment = make_wave("gain", quietest=level, loudest=level, sample_rate=one.sample_rate)
    return one.through(augment).clip(-1, 1)


@perturbation(
    "clipping", "Clipping", unit="dB", levels=(6.0, 12.0, 18.0, 24.0, 30.0), axis="Overdrive",
    group=GROUP,
)  # fmt: skip
def clipping(one: One, level: float) -> Samples:
    """An input driven too hard: the wave is cut so far below its peak, then as loud as before."""
    peak = float(np.abs(one.samples).max())
    cut = peak * 10 ** (-level / 20)
    if cut == 0:
        return one.samples
    return one.samples.clip(-cut, cut) * np.float32(peak / cut)


@perturbation(
    "speed", "Speed", unit="times", levels=(0.7, 0.85, 1.15, 1.3), neutral=1.0, axis="Speed",
    group=GROUP,
)  # fmt: skip
def speed(one: One, level: float) -> Samples:
    """Faster and higher or slower and lower, as a tape."""
    augment = make_wave("speed", slowest=level, fastest=level, sample_rate=one.sample_rate)
    return one.through(augment)


@perturbation(
    "pitch", "Pitch", unit="semitones", levels=(-6.0, -3.0, 3.0, 6.0), neutral=0.0, axis="Pitch",
    group=GROUP,
)  # fmt: skip
def pitch(one: One, level: float) -> Samples:
    """The voice higher or lower at the same pace, by the same vocal tract."""
    augment = make_wave("pitch", lowest=level, highest=level, sample_rate=one.sample_rate)
    return one.through(augment)


@perturbation(
    "truncation", "Truncation", unit="s", levels=(3.0, 2.0, 1.5, 1.0, 0.5),
    axis="Remaining duration",
    group=GROUP,
)  # fmt: skip
def truncation(one: One, level: float) -> Samples:
    """Only the beginning is heard; clips that are shorter stay whole."""
    return one.samples[: max(1, round(level * one.sample_rate))]


@perturbation(
    "dc", "DC offset", unit="% of full scale", levels=(1.0, 3.0, 10.0, 30.0), axis="Offset",
    group=GROUP,
)  # fmt: skip
def dc(one: One, level: float) -> Samples:
    """A constant added to every sample, as by a bad input; clipped at full scale."""
    return (one.samples + np.float32(level / 100)).clip(-1, 1)
