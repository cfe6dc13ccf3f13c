"""Telephone band and lossy codecs."""

from __future__ import annotations

import io
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from ser_core.augment import draw
from ser_core.augment.waveform import fourier
from ser_core.augment.waveform.base import WaveAugment, wave_augment
from ser_core.core import choice, parameter

Samples = npt.NDArray[np.float32]


@wave_augment("telephone")
@dataclass(frozen=True, kw_only=True)
class Telephone(WaveAugment):
    """Narrow band and µ-law companding in 8 bits, as on a telephone line (ITU-T G.711).

    The sample rate stays. What exceeds full scale is clipped, as by the coder.

    Raises:
        ParameterError: If the band is empty.
    """

    title = "Telephone"
    describe = "A telephone line: nothing below 300 Hz or above 3.4 kHz, coarse steps."

    low: float = parameter(300.0, 0.0, 4_000.0, "Lower edge of the band", "Hz")
    high: float = parameter(3_400.0, 200.0, 48_000.0, "Upper edge of the band", "Hz")
    bits: int = parameter(8, 3, 16, "Bits a sample: fewer are rougher", "bits")

    def check(self) -> None:
        """The band is not empty."""
        self.ordered("low", "high")

    def _augment(
        self,
        x: Tensor,
        lengths: Tensor,
        generator: torch.Generator,  # noqa: ARG002 - nothing about it is random
    ) -> tuple[Tensor, Tensor]:
        size = fourier.fast_length(x.shape[1] + fourier.GUARD)
        hz = fourier.frequencies(size, self.sample_rate, x)
        rising, falling = (hz - self.low) / 50 + 0.5, (self.high - hz) / 200 + 0.5
        band = torch.minimum(rising, falling).clamp(0, 1)
        return companded(fourier.filtered(x, band, size), self.bits), lengths


def companded(x: Tensor, bits: int) -> Tensor:
    """Samples rounded to steps that grow with their size: µ-law, µ = 255."""
    steps = 2 ** (bits - 1) - 1
    size = (255 * x.abs().clamp(max=1)).log1p() / math.log(256)
    return torch.expm1((size * steps).round() / steps * math.log(256)) / 255 * x.sign()


@dataclass(frozen=True)
class Format:
    """How FFmpeg's libraries make and read a format.

    Attributes:
        encoder: FFmpeg's name of the encoder.
        container: FFmpeg's name of the container.
        sample_format: FFmpeg's name of the samples that the encoder takes.
        rate: Sample rate in Hz that the format is used at.
        bit_rates: Least and greatest bit rate in use, bit/s.
        delay: Seconds by which the decoded sound lags, beyond what the container makes up for.
    """

    encoder: str
    container: str
    sample_format: str
    rate: int
    bit_rates: tuple[int, int]
    delay: float = 0.0


FORMATS = {
    "mp3": Format("libmp3lame", "mp3", "fltp", 16_000, (16_000, 48_000)),
    "opus": Format("libopus", "ogg", "s16", 16_000, (8_000, 24_000)),
    "amr": Format("libopencore_amrnb", "amr", "s16", 8_000, (4_750, 12_200), delay=0.0047),
}


@wave_augment("codec")
@dataclass(frozen=True, kw_only=True)
class Codec(WaveAugment):
    """Real lossy coding and decoding at a random bit rate.

    MP3 (16 to 48 kbit/s), Opus as in calls over the internet (8 to 24 kbit/s), AMR narrow band
    as in mobile telephones (4.75 to 12.2 kbit/s). Costs 10 to 30 ms a clip, some forty times a
    `telephone`: for robustness tests and small shares of clips.
    """

    title = "Codec"
    describe = "Through MP3, Opus or a mobile telephone's codec and back."

    format: str = choice(
        "any", ("any", *FORMATS), "Which codec; with `any` each clip draws its own"
    )

    def _augment(
        self, x: Tensor, lengths: Tensor, generator: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        names = list(FORMATS) if self.format == "any" else [self.format]
        which = draw.integers(len(names), len(x), generator).tolist()
        quality = draw.uniform(0, 1, len(x), generator).tolist()
        coded = torch.zeros_like(x)
        for clip, sound, own, number, share in zip(
            coded, x, lengths.tolist(), which, quality, strict=True
        ):
            samples = sound[:own].cpu().numpy()
            result = transcoded(samples, self.sample_rate, FORMATS[names[number]], share)
            clip[:own] = torch.from_numpy(result)
        return coded, lengths


def transcoded(samples: Samples, sample_rate: int, how: Format, quality: float) -> Samples:
    """Sound after coding and decoding, of the same length and in time with the original.

    Args:
        samples: Shape (samples,); what exceeds full scale is clipped by the coder.
        sample_rate: In Hz.
        how: The format.
        quality: From 0, the least bit rate, to 1, the greatest.
    """
    low, high = how.bit_rates
    late = round(how.delay * sample_rate)
    # Coders look ahead and want some frames: silence behind the sound lets them finish it.
    extended = np.pad(samples, (0, sample_rate // 5 + late))
    coded = _encoded(extended, sample_rate, how, round(low + quality * (high - low)))
    decoded = _decoded(coded, sample_rate)[late : late + len(samples)]
    return np.pad(decoded, (0, len(samples) - len(decoded)))


def _encoded(samples: Samples, sample_rate: int, how: Format, bit_rate: int) -> bytes:
    import av

    frame = av.AudioFrame.from_ndarray(samples[None], format="fltp", layout="mono")
    frame.sample_rate = sample_rate
    file = io.BytesIO()
    with av.open(file, "w", format=how.container) as container:
        stream: Any = container.add_stream(how.encoder, rate=how.rate, layout="mono")
        stream.bit_rate = bit_rate
        resampler = av.AudioResampler(format=how.sample_format, layout="mono", rate=how.rate)
        for piece in (*resampler.resample(frame), *resampler.resample(None), None):
            container.mux(stream.encode(piece))
    return file.getvalue()


def _decoded(data: bytes, sample_rate: int) -> Samples:
    import av

    with av.open(io.BytesIO(data), "r") as container:
        resampler = av.AudioResampler(format="fltp", layout="mono", rate=sample_rate)
        pieces = [
            piece.to_ndarray()[0]
            for frame in (*container.decode(audio=0), None)
            for piece in resampler.resample(frame)
        ]
    return np.concatenate(pieces)
