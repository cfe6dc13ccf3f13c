"""Level over frequency and time: linear, on the mel scale, and its contrast within octaves."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor

from ser_core.core import parameter
from ser_core.features.representations import filters
from ser_core.features.representations.analysis import Analysis, decibels
from ser_core.features.representations.base import Axis, Representation, representation


@representation("spectrogram")
@dataclass(frozen=True, kw_only=True)
class Spectrogram(Representation):
    """Level of each STFT bin in dB: 0 is a full-scale sine, nothing is below -120.

    Shape (batch, 1, n_fft // 2 + 1, frames). Hann window, centred frames, zeros beyond the sound.
    librosa's `power_to_db` takes power 1, or with `ref=np.max` a clip's loudest value, as 0 dB and
    cuts 80 dB below the loudest; its levels differ by that.
    """

    title = "Spectrogram"
    describe = "Level at each frequency over time (STFT): harmonics are lines, noise is diffuse."
    unit = "dB"
    family = "Spectrum"

    def compute(self, sound: Analysis) -> Tensor:
        power = sound.power(self.n_fft, self.hop_length)
        return decibels(power, filters.full_scale_power(self.n_fft)).unsqueeze(1)

    def bin_axis(self) -> Axis:
        return Axis("frequency", "Hz", filters.fft_frequencies(self.sample_rate, self.n_fft))


@dataclass(frozen=True, kw_only=True)
class MelBased(Representation):
    """Parameters of what is computed from mel bands."""

    n_mels: int = parameter(80, 8, 256, "Number of mel bands: more resolve pitch better", "bands")
    fmin: float = parameter(0.0, 0.0, 20_000.0, "Lower edge of the lowest band", "Hz")
    fmax: float = parameter(8_000.0, 100.0, 48_000.0, "Upper edge of the highest band", "Hz")

    def check(self) -> None:
        half = self.sample_rate / 2
        self.require(
            self.fmax <= half, "fmax", f"not exceed half the sample rate, {half:g} Hz", "Lower fmax"
        )
        self.require(
            self.fmin < self.fmax, "fmin", f"lie below fmax = {self.fmax:g} Hz", "Lower it"
        )
        bank = filters.mel(self.sample_rate, self.n_fft, self.n_mels, self.fmin, self.fmax)
        empty = int((bank.sum(dim=1) == 0).sum())
        self.require(
            empty == 0,
            "n_mels",
            f"leave no band without an FFT bin, {empty} have none at n_fft = {self.n_fft}",
            "Use fewer bands or a longer window",
        )

    def mel_db(self, sound: Analysis) -> Tensor:
        """Level in the mel bands, shape (batch, n_mels, frames), shared with its neighbours."""
        return sound.mel_db(self.n_fft, self.hop_length, self.n_mels, self.fmin, self.fmax)

    def bin_axis(self) -> Axis:
        centres = filters.mel_frequencies(self.n_mels, self.fmin, self.fmax)[1:-1]
        return Axis("frequency (mel scale)", "Hz", centres)


@representation("melspectrogram")
@dataclass(frozen=True, kw_only=True)
class MelSpectrogram(MelBased):
    """Level in mel bands of equal area (Slaney's scale) in dB.

    Shape (batch, 1, n_mels, frames). 0 dB is the STFT power of a full-scale sine, nothing is below
    -120 dB. librosa's `power_to_db` takes power 1, or with `ref=np.max` a clip's loudest value, as
    0 dB and cuts 80 dB below the loudest; its levels differ by that. Stevens, Volkmann & Newman
    (1937).
    """

    title = "Log-mel spectrogram"
    describe = (
        "Level over time on the mel scale, the ear's frequency scale; the usual input of networks."
    )
    unit = "dB"
    family = "Spectrum"

    def compute(self, sound: Analysis) -> Tensor:
        return self.mel_db(sound).unsqueeze(1)


@representation("spectral_contrast")
@dataclass(frozen=True, kw_only=True)
class SpectralContrast(Representation):
    """Peaks above valleys of the spectrum within octave bands, in dB.

    Shape (batch, 1, n_bands + 1, frames). Jiang et al. (2002), "Music type classification by
    spectral contrast feature". Values are twice those of librosa, which takes 10 log10 of a
    magnitude; here it is of a power.
    """

    title = "Spectral contrast"
    describe = "Level of peaks above valleys in each octave: high for a clear voice, low for noise."
    unit = "dB"
    family = "Spectrum"

    fmin: float = parameter(200.0, 20.0, 4_000.0, "Upper edge of the lowest band", "Hz")
    n_bands: int = parameter(6, 1, 10, "Octaves above the lowest band", "octaves")
    quantile: float = parameter(
        0.02, 0.001, 0.5, "Share of a band's bins that count as its peak, and as its valley"
    )

    def check(self) -> None:
        top, half = self.fmin * 2 ** (self.n_bands - 1), self.sample_rate / 2
        self.require(
            top < half,
            "n_bands",
            f"start the highest band, {top:g} Hz, below half the sample rate, {half:g} Hz",
            "Use fewer bands or a lower fmin",
        )
        narrow = min(stop - start for start, stop, _ in self.bands())
        self.require(narrow > 0, "fmin", "leave an FFT bin in each band", "Raise fmin or n_fft")

    def edges(self) -> np.ndarray:
        """Edges of the bands in Hz, shape (n_bands + 2,); the last band is open upwards."""
        return np.concatenate([[0], self.fmin * 2.0 ** np.arange(self.n_bands + 1)])

    @lru_cache(maxsize=32)  # noqa: B019 - a frozen value, and few of them
    def bands(self) -> list[tuple[int, int, int]]:
        """First bin, bin behind the last, and bins that count as peak, for each band."""
        hz = filters.fft_frequencies(self.sample_rate, self.n_fft)
        bands = []
        for number, (low, high) in enumerate(pairwise(self.edges())):
            inside = np.flatnonzero((hz >= low) & (hz <= high))
            if not len(inside):
                return [(0, 0, 0)]
            start = inside[0] - (number > 0)
            is_top = number == self.n_bands
            stop = len(hz) if is_top else inside[-1] + 1
            count = max(1, round(self.quantile * (stop - start)))
            bands.append((int(start), int(stop if is_top else stop - 1), count))
        return bands

    def compute(self, sound: Analysis) -> Tensor:
        full_scale = filters.full_scale_power(self.n_fft)
        power = sound.power(self.n_fft, self.hop_length)
        ends = [_ends(power[:, start:stop], count) for start, stop, count in self.bands()]
        peak, valley = (torch.stack(end, dim=1) for end in zip(*ends, strict=True))
        return (decibels(peak, full_scale) - decibels(valley, full_scale)).unsqueeze(1)

    def bin_axis(self) -> Axis:
        edges = [*self.edges()[:-1].round().astype(int), self.sample_rate // 2]
        names = [f"{low}–{high}" for low, high in pairwise(edges)]
        return Axis("octave band", "Hz", np.array(names))


def _ends(band: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """Power of the mean magnitude of the loudest and of the softest bins, each (batch, frames)."""
    if count == 1:
        return band.amax(dim=1), band.amin(dim=1)
    loudest = band.topk(count, dim=1, sorted=False).values
    softest = band.topk(count, dim=1, sorted=False, largest=False).values
    return _mean_magnitude(loudest), _mean_magnitude(softest)


def _mean_magnitude(power: Tensor) -> Tensor:
    # The square root has no slope at zero; the smallest number has, and is as silent.
    return power.clamp(min=torch.finfo(power.dtype).tiny).sqrt().mean(dim=1).square()
