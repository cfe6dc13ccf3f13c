"""Decode audio files to a mono `Waveform` within limits; refusals are `AudioError`.

WAV, FLAC, MP3, OGG, Opus and AIFF are read by libsndfile, M4A, WebM, MP4 and the like by the FFmpeg
libraries inside PyAV's wheel; a system ffmpeg is never called. The content decides, not the name.
"""

from ser_core.audio.endings import ENDINGS, UNREAD
from ser_core.audio.limits import CANCELLED_DB, LOUD, Limits
from ser_core.audio.loading import decode, info, load, resampled
from ser_core.audio.streaming import SoundStream, parts, stream
from ser_core.audio.waveform import (
    SAMPLE_RATE,
    AudioInfo,
    Sound,
    Waveform,
    sha256,
    to_wav,
)

__all__ = [
    "CANCELLED_DB",
    "ENDINGS",
    "LOUD",
    "SAMPLE_RATE",
    "UNREAD",
    "AudioInfo",
    "Limits",
    "Sound",
    "SoundStream",
    "Waveform",
    "decode",
    "info",
    "load",
    "parts",
    "resampled",
    "sha256",
    "stream",
    "to_wav",
]
