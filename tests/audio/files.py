"""Real sound files of every format, made in memory."""

from __future__ import annotations

import io
from collections.abc import Callable
from functools import cache
from typing import Any

import av
import numpy as np
import numpy.typing as npt
import soundfile

Samples = npt.NDArray[np.float32]


def tone(hertz: float, *, sample_rate: int, seconds: float = 0.5, level: float = 0.5) -> Samples:
    """Sine of this peak level, shape (samples,)."""
    time = np.arange(round(sample_rate * seconds)) / sample_rate
    return (level * np.sin(2 * np.pi * hertz * time)).astype(np.float32)


def by_soundfile(container: str, subtype: str | None = None) -> Callable[[Samples, int], bytes]:
    def encode(samples: Samples, sample_rate: int) -> bytes:
        file = io.BytesIO()
        soundfile.write(file, samples, sample_rate, format=container, subtype=subtype)
        return file.getvalue()

    return encode


def by_pyav(container: str, codec: str, **options: str) -> Callable[[Samples, int], bytes]:
    """Encode mono (samples,) or (samples, channels) of 1, 2 or 8 channels."""

    def encode(samples: Samples, sample_rate: int) -> bytes:
        channels = 1 if samples.ndim == 1 else samples.shape[1]
        layout = {1: "mono", 2: "stereo", 8: "7.1"}[channels]
        file = io.BytesIO()
        with av.open(file, "w", format=container, options=options) as out:
            stream: Any = out.add_stream(codec, rate=sample_rate, layout=layout)
            context = stream.codec_context
            frame = av.AudioFrame.from_ndarray(samples.reshape(1, -1), "flt", layout)
            frame.sample_rate = sample_rate
            cut = av.AudioResampler(context.format, layout, sample_rate, context.frame_size or None)
            for piece in cut.resample(frame) + cut.resample(None):
                out.mux(stream.encode(piece))
            out.mux(stream.encode(None))
        return file.getvalue()

    return encode


ENCODERS = {
    "wav": by_soundfile("WAV"),
    "float.wav": by_soundfile("WAV", "FLOAT"),
    "flac": by_soundfile("FLAC"),
    "mp3": by_soundfile("MP3"),
    "ogg": by_soundfile("OGG"),
    "opus": by_soundfile("OGG", "OPUS"),
    "aiff": by_soundfile("AIFF"),
    "m4a": by_pyav("ipod", "aac"),
    "webm": by_pyav("webm", "libopus"),
    "fragmented.m4a": by_pyav("mp4", "aac", movflags="frag_keyframe+empty_moov"),
    "aac": by_pyav("adts", "aac"),
}


@cache
def encoded(kind: str) -> bytes:
    """A quarter of a second of noise at 48 kHz (a rate that every format knows)."""
    noise = np.random.default_rng(0).normal(0, 0.2, 12_000).clip(-1, 1).astype(np.float32)
    return ENCODERS[kind](noise, 48_000)


def silent_flac(seconds: float, *, sample_rate: int = 8000) -> bytes:
    """A file that is thousands of times smaller than what it decodes to."""
    file = io.BytesIO()
    block = np.zeros(sample_rate * 10, np.int16)
    with soundfile.SoundFile(file, "w", sample_rate, 1, "PCM_16", format="FLAC") as out:
        for _ in range(round(seconds / 10)):
            out.write(block)
    return file.getvalue()


def video_without_sound() -> bytes:
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as out:
        stream = out.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 32, 32, "yuv420p"
        for _ in range(3):
            feature_map = av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), np.uint8), "rgb24")
            out.mux(stream.encode(feature_map))
        out.mux(stream.encode(None))
    return file.getvalue()
