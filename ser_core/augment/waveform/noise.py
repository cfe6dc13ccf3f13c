"""Noise at a given distance below the sound."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ser_core import audio
from ser_core.augment import draw
from ser_core.augment.base import owned
from ser_core.augment.waveform import fourier
from ser_core.augment.waveform.base import WaveAugment, wave_augment
from ser_core.core import AudioError, files, parameter

MOST_SAMPLES = 2**29
"""Of all recordings of noise together, 2 GiB of memory: nine hours at 16 kHz."""


def mixed(x: Tensor, noise: Tensor, snr: Tensor, lengths: Tensor) -> Tensor:
    """Sound plus noise at a signal-to-noise ratio over each clip's own samples.

    Args:
        x: Shape (batch, samples).
        noise: Of the same shape, at any level.
        snr: In dB, shape (batch, 1). A silent clip stays silent: it has no level to be below.
        lengths: Samples of each clip's own.
    """
    own = owned(x, lengths)
    sound, disturbance = ((each * own).square().sum(1, keepdim=True) for each in (x, noise))
    tiny = torch.finfo(x.dtype).tiny
    return x + noise * (sound / disturbance.clamp(min=tiny) * 10 ** (-snr / 10)).sqrt()


@dataclass(frozen=True, kw_only=True)
class Disturbance(WaveAugment):
    """Parameters of noise: how far below the sound it lies."""

    loudest: float = parameter(10.0, -20.0, 100.0, "Least signal-to-noise ratio", "dB")
    faintest: float = parameter(30.0, -20.0, 100.0, "Greatest signal-to-noise ratio", "dB")

    def check(self) -> None:
        """The bounds are in order."""
        self.ordered("loudest", "faintest")

    def noise(self, x: Tensor, generator: torch.Generator) -> Tensor:
        """Noise for each clip of a batch at any level, of its shape."""
        raise NotImplementedError

    def _augment(
        self, x: Tensor, lengths: Tensor, generator: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        snr = draw.uniform(self.loudest, self.faintest, (len(x), 1), generator).to(x.device)
        return mixed(x, self.noise(x, generator), snr, lengths), lengths


@wave_augment("noise")
@dataclass(frozen=True, kw_only=True)
class Noise(Disturbance):
    """Gaussian noise of a random colour at a random signal-to-noise ratio.

    The ratio is that of the mean powers over the clip's own samples.

    Raises:
        ParameterError: If bounds are the wrong way round.
    """

    title = "Noise"
    describe = "Hiss or rumble behind the voice, from white to pink."

    darkest: float = parameter(
        -3.0, -9.0, 3.0, "Steepest slope of the noise: -3 is pink, -6 is brown", "dB per octave"
    )
    brightest: float = parameter(
        0.0, -9.0, 3.0, "Flattest slope of the noise: 0 is white", "dB per octave"
    )

    def check(self) -> None:
        """The bounds are in order."""
        super().check()
        self.ordered("darkest", "brightest")

    def noise(self, x: Tensor, generator: torch.Generator) -> Tensor:
        """Gaussian noise, each clip's of its own slope; flat below 50 Hz."""
        slope = draw.uniform(self.darkest, self.brightest, (len(x), 1), generator).to(x.device)
        size = fourier.fast_length(x.shape[1])
        octaves = (fourier.frequencies(size, self.sample_rate, x) / 50.0).clamp(min=1).log2()
        white = draw.normal((len(x), len(octaves), 2), generator).to(x.device)
        spectra = torch.view_as_complex(white * 10 ** (slope * octaves / 20).unsqueeze(-1))
        coloured: Tensor = torch.fft.irfft(spectra, size)
        return coloured[:, : x.shape[1]]


@wave_augment("recorded_noise")
@dataclass(frozen=True, kw_only=True)
class RecordedNoise(Disturbance):
    """Noise from a folder of recordings: a random one, from a random offset.

    Recordings shorter than a clip are repeated. They are read once and stay in memory.

    Raises:
        ParameterError: If the folder does not exist, or bounds are the wrong way round.
    """

    title = "Recorded noise"
    describe = "Your own noises behind the voice: street, café, fan."

    folder: str = field(metadata={"help": "Folder of sound files, searched with its subfolders"})

    def check(self) -> None:
        """The folder exists."""
        super().check()
        exists = Path(self.folder).is_dir()
        self.require(exists, "folder", "be a folder that exists", "Give a folder of sound files")

    def noise(self, x: Tensor, generator: torch.Generator) -> Tensor:
        """Stretches of recordings.

        Raises:
            AudioError: If the folder holds no sound that can be read.
        """
        recordings = _recordings(self.folder, self.sample_rate)
        which = draw.integers(len(recordings), len(x), generator).tolist()
        where = draw.uniform(0, 1, len(x), generator).tolist()
        stretches = [
            _stretch(recordings[number], offset, x.shape[1])
            for number, offset in zip(which, where, strict=True)
        ]
        return torch.stack(stretches).to(x.device)


def _stretch(recording: Tensor, offset: float, samples: int) -> Tensor:
    """As many samples as asked from an offset (0 to 1) on, repeated at the end."""
    start = int(offset * len(recording))
    turned = torch.cat([recording[start:], recording[:start]])
    return turned.repeat(-(-samples // len(turned)))[:samples]


@lru_cache(maxsize=4)
def _recordings(folder: str, sample_rate: int) -> list[Tensor]:
    """Sounds in a folder in the order of their names; what cannot be read is not sound.

    Raises:
        AudioError: If there is none, or more than `MOST_SAMPLES`: all are kept in memory.
    """
    found = []
    samples_in_all = 0
    paths = [Path(place, name) for place, _, names in files.walk(folder) for name in names]
    for path in sorted(path for path in paths if files.is_file(path)):
        try:
            samples = audio.load(path, sample_rate=sample_rate).samples
        except AudioError:
            continue
        if np.any(samples):
            found.append(torch.from_numpy(samples))
            samples_in_all += len(samples)
        if samples_in_all > MOST_SAMPLES:
            raise AudioError(
                f"holds more than {MOST_SAMPLES / sample_rate / 3600:.0f} hours of sound",
                subject=folder,
                remedy="Put fewer recordings of noise into it",
            )
    if not found:
        raise AudioError(
            "holds no sound that can be read",
            subject=folder,
            remedy="Put recordings of noise into it (WAV, FLAC, MP3, ...)",
        )
    return found
