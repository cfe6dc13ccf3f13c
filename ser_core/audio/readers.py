"""The two libraries that decode: soundfile (libsndfile), then PyAV (the FFmpeg libraries)."""

from __future__ import annotations

import io
from abc import ABC, abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import soundfile

from ser_core.audio.waveform import AudioInfo
from ser_core.core import AudioError

if TYPE_CHECKING:
    from ser_core.audio.limits import Intake

# Frames read at a time: 4 s at 16 kHz, so that most clips come in one piece and a long one is
# stopped at most 64 s (at 1 kHz) after its bound.
BLOCK = 65_536


class Reader(ABC):
    """One decoding library.

    `errors()` are what it raises on files it cannot read; `AudioError` is never among them, so a
    refusal by the limits goes straight to the caller.
    """

    @abstractmethod
    def errors(self) -> tuple[type[Exception], ...]:
        """Exceptions that mean "this library cannot read this file"."""

    @abstractmethod
    def read(self, data: bytes, intake: Intake) -> None:
        """Decode into the intake, block by block."""

    @abstractmethod
    def info(self, source: Path | bytes) -> AudioInfo:
        """Read the header only."""


class _Memory(io.BytesIO):
    """Bytes whose position stays put when a forged header asks for one before the start.

    libsndfile then finds the file damaged; an exception in its callback would be printed instead.
    """

    def seek(self, offset: int, whence: int = 0, /) -> int:
        try:
            return super().seek(offset, whence)
        except ValueError:
            return self.tell()


class SoundFileReader(Reader):
    """WAV, FLAC, MP3, OGG (Vorbis, Opus), AIFF and libsndfile's rarer formats, found by content."""

    def errors(self) -> tuple[type[Exception], ...]:
        """Those of soundfile itself, and what its checks of a forged header raise.

        TypeError: a path that ends in `.raw`, a format without a header. ValueError: a forged
        header that makes the file look unseekable. MemoryError: a forged number of frames.
        """
        return (soundfile.SoundFileError, OSError, ValueError, TypeError, MemoryError)

    def read(self, data: bytes, intake: Intake) -> None:
        """Decode into the intake, block by block."""
        with soundfile.SoundFile(_Memory(data)) as file:
            intake.open(file.samplerate, file.channels)
            while len(block := file.read(BLOCK, dtype="float32", always_2d=True)):
                intake.add(block)

    def info(self, source: Path | bytes) -> AudioInfo:
        """Read the header only; a path is not loaded into memory."""
        file = _Memory(source) if isinstance(source, bytes) else str(source)
        with soundfile.SoundFile(file) as header:
            # A FLAC encoded from a pipe has no length; libsndfile then reports the largest.
            known = header.frames < 2**62 and header.samplerate > 0
            duration = header.frames / header.samplerate if known else float("nan")
            return AudioInfo(duration, header.samplerate, header.channels, header.format)


class PyAVReader(Reader):
    """M4A, WebM, MP4, AAC, WMA: what libsndfile does not know."""

    # FFmpeg also opens playlists and scripts that name other files and addresses. These containers
    # hold their sound themselves.
    FORMATS: ClassVar[dict[str, str]] = {
        "format_whitelist": "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,ogg,mp3,aac,flac,wav,w64,aiff,"
        "caf,au,amr,ac3,asf,avi,mpegts,wv"
    }

    # Where FFmpeg has one name for a family of containers.
    NAMES: ClassVar[dict[str, str]] = {
        "mov,mp4,m4a,3gp,3g2,mj2": "MP4",
        "matroska,webm": "WEBM",
    }

    def errors(self) -> tuple[type[Exception], ...]:
        """Those of FFmpeg, and what PyAV raises on files that FFmpeg half understands.

        LookupError: a stream that is listed but absent. ValueError (with UnicodeDecodeError):
        unknown sample formats, unreadable tags, a codec without decoder. RuntimeError,
        ArithmeticError, MemoryError: forged time bases and sizes.
        """
        from av.error import FFmpegError

        return (
            FFmpegError,
            OSError,
            ValueError,
            LookupError,
            RuntimeError,
            ArithmeticError,
            MemoryError,
        )

    def read(self, data: bytes, intake: Intake) -> None:
        """Decode the first sound track into the intake, frame by frame."""
        import av

        # Packed float32, one plane: PyAV looks for the end of a list of planes that FFmpeg does not
        # terminate from 8 channels on, and crashes the process there.
        pack = av.AudioResampler(format="flt")
        with self._open(io.BytesIO(data), intake.name) as container:
            for frame in container.decode(audio=0):
                shape = frame.sample_rate, frame.layout.nb_channels
                if not intake.sample_rate:
                    intake.open(*shape)
                if shape != (intake.sample_rate, intake.channels):
                    raise ValueError("the format changes in the middle")
                for packed in pack.resample(frame):
                    block: Any = packed.to_ndarray()  # (1, frames * channels)
                    intake.add(block.reshape(-1, intake.channels))

    def info(self, source: Path | bytes) -> AudioInfo:
        """Read the header only."""
        if isinstance(source, Path):
            with source.open("rb") as file:
                return self._info(file, str(source))
        return self._info(io.BytesIO(source), "")

    def _info(self, file: Any, name: str) -> AudioInfo:
        with self._open(file, name) as container:
            codec = container.streams.audio[0].codec_context
            if codec is None:
                raise ValueError("no decoder for the sound track")
            # FFmpeg counts in microseconds and has None or nonsense below zero for "unknown".
            known = (container.duration or 0) > 0
            duration = container.duration / 1e6 if known else float("nan")
            kind = self.NAMES.get(container.format.name, container.format.name.upper())
            return AudioInfo(duration, codec.sample_rate or 0, codec.channels or 0, kind)

    def _open(self, file: Any, name: str) -> Any:
        import av

        container = av.open(
            file, mode="r", metadata_errors="ignore", container_options=self.FORMATS
        )
        if container.streams and not container.streams.audio:
            container.close()
            raise AudioError(
                "it has no sound track", subject=name, remedy="Choose a file with sound"
            )
        return container


READERS: tuple[Reader, ...] = (SoundFileReader(), PyAVReader())
