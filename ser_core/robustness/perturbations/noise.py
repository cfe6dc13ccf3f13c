"""Noise behind the voice: hiss, rumble, other people, and the user's own recordings."""

from __future__ import annotations

import numpy as np
import torch

from ser_core.augment.waveform import make_wave
from ser_core.augment.waveform.noise import mixed
from ser_core.robustness.perturbations.base import One, Samples, perturbation

SNRS = (20.0, 15.0, 10.0, 5.0, 0.0, -5.0)
AXIS = "Signal-to-noise ratio"
TALKERS = 5
"""Speakers in a babble: enough that none is understood, few enough to sound like speech."""


def _coloured(one: One, snr: float, slope: float) -> Samples:
    augment = make_wave(
        "noise", loudest=snr, faintest=snr, darkest=slope, brightest=slope,
        sample_rate=one.sample_rate,
    )  # fmt: skip
    return one.through(augment)


@perturbation("white", "White noise", unit="dB", levels=SNRS, axis=AXIS, group="Noise")
def white(one: One, level: float) -> Samples:
    """Hiss of the same strength at every frequency."""
    return _coloured(one, level, 0.0)


@perturbation("pink", "Pink noise", unit="dB", levels=SNRS, axis=AXIS, group="Noise")
def pink(one: One, level: float) -> Samples:
    """Noise that falls by 3 dB an octave, as rain or a busy street."""
    return _coloured(one, level, -3.0)


@perturbation("babble", "Babble", unit="dB", levels=SNRS, axis=AXIS, group="Noise")
def babble(one: One, level: float) -> Samples:
    """Five other clips spoken at once, of other speakers where there are any."""
    noise = np.zeros(len(one.samples), dtype=np.float32)
    for number in _talkers(one):
        speech = one.around.sounds[number].samples
        strength = float(np.sqrt(np.mean(speech**2, dtype=np.float64)))
        if strength > 0:
            noise += np.resize(np.roll(speech, -len(speech) // 3), len(noise)) / strength
    return _at(one, noise, level)


def _talkers(one: One) -> list[int]:
    """Other clips, drawn; of other speakers where there are enough."""
    around, own = one.around, one.around.speakers[one.number]
    every = [number for number in range(len(around.sounds)) if number != one.number]
    others = [number for number in every if own and around.speakers[number] != own]
    chosen = others if len(others) >= TALKERS else every
    return [int(number) for number in one.draw.permutation(chosen)[:TALKERS]]


def _at(one: One, noise: Samples, snr: float) -> Samples:
    x, other = torch.from_numpy(one.samples)[None], torch.from_numpy(noise)[None]
    found = mixed(x, other, torch.tensor([[snr]]), torch.tensor([len(noise)]))
    return np.asarray(found[0].numpy())


@perturbation(
    "recorded", "Your own noises", unit="dB", levels=SNRS, axis=AXIS, group="Noise",
    needs_folder=True,
)  # fmt: skip
def recorded(one: One, level: float) -> Samples:
    """Stretches of the sounds in a folder of yours."""
    augment = make_wave(
        "recorded_noise", folder=str(one.around.noises), loudest=level, faintest=level,
        sample_rate=one.sample_rate,
    )  # fmt: skip
    return one.through(augment)
