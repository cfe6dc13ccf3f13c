"""Rooms and lines: reverberation, telephone, lossy codecs, packet loss."""

from __future__ import annotations

import numpy as np

from ser_core.augment.waveform import make_wave
from ser_core.augment.waveform.codec import FORMATS, transcoded
from ser_core.robustness.perturbations.base import One, Samples, perturbation

PACKET = 0.02
"""Seconds of speech in a packet, as usual in calls over the internet."""

BIT_RATE = "Bit rate"
NEAR = 3.0
"""Level of the direct sound above its reverberation in dB: a talker a few steps away."""


@perturbation(
    "reverb", "Reverberation", unit="s", levels=(0.2, 0.4, 0.8, 1.5, 3.0),
    axis="Reverberation time (RT60)", group="Room and line",
)  # fmt: skip
def reverb(one: One, level: float) -> Samples:
    """A room's impulse response, the direct sound 3 dB above the rest: from a den to a church."""
    augment = make_wave(
        "reverb", shortest=level, longest=level, nearest=NEAR, farthest=NEAR,
        sample_rate=one.sample_rate,
    )  # fmt: skip
    return one.through(augment)


@perturbation(
    "telephone", "Telephone band", unit="Hz", levels=(3400.0, 2700.0, 2000.0),
    axis="Highest frequency", group="Room and line",
)  # fmt: skip
def telephone(one: One, level: float) -> Samples:
    """Nothing below 300 Hz and above the level, 8 bits in µ-law (G.711)."""
    augment = make_wave("telephone", low=300.0, high=level, sample_rate=one.sample_rate)
    return one.through(augment)


def _coded(one: One, format_name: str, kilobits: float) -> Samples:
    how = FORMATS[format_name]
    low, high = how.bit_rates
    quality = (kilobits * 1000 - low) / (high - low)
    return transcoded(np.ascontiguousarray(one.samples), one.sample_rate, how, quality)


@perturbation(
    "mp3", "MP3", unit="kbit/s", levels=(48.0, 32.0, 24.0, 16.0, 8.0), axis=BIT_RATE,
    group="Room and line",
)  # fmt: skip
def mp3(one: One, level: float) -> Samples:
    """Coded to MP3 at 16 kHz and back."""
    return _coded(one, "mp3", level)


@perturbation(
    "opus", "Opus", unit="kbit/s", levels=(24.0, 16.0, 12.0, 8.0, 6.0), axis=BIT_RATE,
    group="Room and line",
)  # fmt: skip
def opus(one: One, level: float) -> Samples:
    """Coded to Opus, as in calls over the internet, and back."""
    return _coded(one, "opus", level)


@perturbation(
    "gsm", "Mobile telephone (AMR)", unit="kbit/s", levels=(12.2, 7.95, 5.9, 4.75), axis=BIT_RATE,
    group="Room and line",
)  # fmt: skip
def gsm(one: One, level: float) -> Samples:
    """AMR narrow band, the codec of GSM telephones: 8 kHz, and a model of the vocal tract."""
    return _coded(one, "amr", level)


@perturbation(
    "packets", "Lost packets", unit="%", levels=(2.0, 5.0, 10.0, 20.0, 40.0),
    axis="Packet loss", group="Room and line",
)  # fmt: skip
def packets(one: One, level: float) -> Samples:
    """Stretches of 20 ms that do not arrive, heard as silence."""
    length = max(1, round(PACKET * one.sample_rate))
    count = -(-len(one.samples) // length)
    lost = one.draw.random(count) < level / 100
    return np.where(np.repeat(lost, length)[: len(one.samples)], 0, one.samples).astype(np.float32)
