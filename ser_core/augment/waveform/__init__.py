"""Augmentations of sound, before the representation.

Each takes a batch (batch, samples) with the samples of each clip's own and a generator, and
returns both anew: `augment(x, lengths, generator) -> (x, lengths)`. Clips draw their parameters
each for itself; behind each clip's own end is silence.

>>> import torch
>>> x = torch.ones(1, 4)
>>> make_wave("gain", quietest=20, loudest=20)(x, None, torch.Generator())[0].tolist()
[[10.0, 10.0, 10.0, 10.0]]
"""

# The order of these imports is the order in which pages list the augmentations.
from ser_core.augment.waveform.base import WAVE_AUGMENTS, WaveAugment, make_wave, wave_augment

# isort: split
from ser_core.augment.waveform.voice import Pitch, VocalTract, Warp

# isort: split
from ser_core.augment.waveform.speed import Speed

# isort: split
from ser_core.augment.waveform.level import Gain, TimeShift

# isort: split
from ser_core.augment.waveform.spectrum import Equaliser, Reverb

# isort: split
from ser_core.augment.waveform.noise import Noise, RecordedNoise

# isort: split
from ser_core.augment.waveform.codec import Codec, Telephone

# isort: split
from ser_core.augment.waveform.chains import DEFAULT, NOISY, wave_chain

__all__ = [
    "DEFAULT",
    "NOISY",
    "WAVE_AUGMENTS",
    "Codec",
    "Equaliser",
    "Gain",
    "Noise",
    "Pitch",
    "RecordedNoise",
    "Reverb",
    "Speed",
    "Telephone",
    "TimeShift",
    "VocalTract",
    "Warp",
    "WaveAugment",
    "make_wave",
    "wave_augment",
    "wave_chain",
]
