"""The thirteen acoustic representations, as one torch implementation for every use.

A `Representation` is a frozen value of parameters that maps a batch of waveforms to feature maps,
`(batch, samples) -> (batch, channels, bins, frames)`; an `Analysis` of the batch shares the STFT
and what follows from it between them. Beside the thirteen, `SUMMARIES` holds what describes a whole
clip in one frame, and `INPUTS` what else a model can be given, such as the samples themselves.

>>> make("mfcc", n_mfcc=13).hash == make("mfcc", n_mfcc=13).hash
True
>>> len(REPRESENTATIONS)
13
"""

# The order of these imports is the order in which pages list the representations.
from ser_core.features.mel import FLOOR_DB
from ser_core.features.representations.analysis import Analysis
from ser_core.features.representations.base import (
    FEATURES,
    INNER,
    INPUTS,
    REPRESENTATIONS,
    SUMMARIES,
    SUMMARY,
    WAVEFORM,
    Axis,
    Representation,
    make,
    model_inputs,
)

# isort: split
from ser_core.features.representations.spectral import (
    MelSpectrogram,
    SpectralContrast,
    Spectrogram,
)

# isort: split
from ser_core.features.representations.constant_q import CQT

# isort: split
from ser_core.features.representations.separation import HPSS

# isort: split
from ser_core.features.representations.cepstral import MFCC, DeltaMFCC

# isort: split
from ser_core.features.representations.tonal import Chroma, Tonnetz

# isort: split
from ser_core.features.representations.energy import RMS, ZeroCrossingRate

# isort: split
from ser_core.features.representations.rhythm import DeltaTempogram, Tempogram

# isort: split
from ser_core.features.representations.functionals import Functionals

# isort: split
from ser_core.features.representations.librosa_vector import LibrosaFlat, LibrosaVector

# isort: split
from ser_core.features.representations.opensmile import ComParE2016, EGeMAPS

# isort: split
from ser_core.features.representations.raw import RawWaveform

# isort: split
from ser_core.features.representations.fusion import Fusion

# isort: split
from ser_core.features.representations.encoder import EncoderStatistics

# isort: split
from ser_core.features.representations.inner import SoundSteps, WhisperLogMel

# isort: split
from ser_core.features.representations.groups import GROUPS

# isort: split
from ser_core.features.representations.frontend import FrontEnd, represent

__all__ = [
    "CQT",
    "FEATURES",
    "FLOOR_DB",
    "GROUPS",
    "HPSS",
    "INNER",
    "INPUTS",
    "MFCC",
    "REPRESENTATIONS",
    "RMS",
    "SUMMARIES",
    "SUMMARY",
    "WAVEFORM",
    "Analysis",
    "Axis",
    "Chroma",
    "ComParE2016",
    "DeltaMFCC",
    "DeltaTempogram",
    "EGeMAPS",
    "EncoderStatistics",
    "FrontEnd",
    "Functionals",
    "Fusion",
    "LibrosaFlat",
    "LibrosaVector",
    "MelSpectrogram",
    "RawWaveform",
    "Representation",
    "SoundSteps",
    "SpectralContrast",
    "Spectrogram",
    "Tempogram",
    "Tonnetz",
    "WhisperLogMel",
    "ZeroCrossingRate",
    "make",
    "model_inputs",
    "represent",
]
