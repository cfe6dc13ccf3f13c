"""The two libraries that decode: soundfile (libsndfile), then PyAV (the FFmpeg libraries)."""

from __future__ import annotations

import io
from abc import ABC, abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, ClassVar

import numpy as np
import soundfile

from ser_core.audio.waveform import AudioInfo
from ser_core.core import AudioError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ser_core.audio.limits import Intake
    from ser_core.audio.waveform import Samples

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
    def blocks(self, source: Path | bytes, name: str) -> Iterator[tuple[int, Samples]]:
        """Decode block by block: the sample rate in Hz with samples of shape (frames, channels).

        A path is not loaded into memory. The first block may be empty, to tell the format.
        """

    def read(self, source: Path | bytes, intake: Intake) -> None:
        """Decode into the intake, block by block."""
        for rate, block in self.blocks(source, intake.name):
            if not intake.sample_rate:
                intake.open(rate, block.shape[1])
            if len(block):
                intake.add(block)

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


class _Straight(soundfile.SoundFile):  # type: ignore[misc]  # it has no types
    """A file that is read from the beginning to the end, block by block.

    soundfile seeks after each block of a file that can be sought, to where it is already. In an MP3
    that throws away what frames keep for later ones (the bit reservoir), so the sound at the
    beginning of each block would be wrong, by up to a quarter of full scale at 16 kbit/s.
    """

    def seekable(self) -> bool:
        return False


def _file(source: Path | bytes) -> Any:
    return _Memory(source) if isinstance(source, bytes) else str(source)


class SoundFileReader(Reader):
    """WAV, FLAC, MP3, OGG (Vorbis, Opus), AIFF and libsndfile's rarer formats, found by content."""

    def errors(self) -> tuple[type[Exception], ...]:
        """Those of soundfile itself, and what its checks of a forged header raise.

        TypeError: a path that ends in `.raw`, a format without a header. ValueError: a forged
        header that makes the file look unseekable. MemoryError: a forged number of frames.
        """
        return (soundfile.SoundFileError, OSError, ValueError, TypeError, MemoryError)

    def blocks(self, source: Path | bytes, name: str) -> Iterator[tuple[int, Samples]]:  # noqa: ARG002
        """Decode block by block, after an empty block."""
        with _Straight(_file(source)) as file:
            yield file.samplerate, np.zeros((0, file.channels), np.float32)
            while len(block := file.read(BLOCK, dtype="float32", always_2d=True)):
                # A short one is a view of memory for a long one, all of which would stay.
                yield file.samplerate, block if len(block) == BLOCK else block.copy()

    def info(self, source: Path | bytes) -> AudioInfo:
        """Read the header only; a path is not loaded into memory."""
        with soundfile.SoundFile(_file(source)) as header:
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

    def blocks(self, source: Path | bytes, name: str) -> Iterator[tuple[int, Samples]]:
        """Decode the first sound track frame by frame."""
        import av

        # Packed float32, one plane: PyAV looks for the end of a list of planes that FFmpeg does not
        # terminate from 8 channels on, and crashes the process there.
        pack = av.AudioResampler(format="flt")
        first = None
        with self._file(source) as file, self._open(file, name) as container:
            for frame in container.decode(audio=0):
                shape = frame.sample_rate, frame.layout.nb_channels
                first = first or shape
                if shape != first:
                    raise ValueError("the format changes in the middle")
                for packed in pack.resample(frame):
                    block: Any = packed.to_ndarray()  # (1, frames * channels)
                    yield frame.sample_rate, block.reshape(-1, shape[1])

    def info(self, source: Path | bytes) -> AudioInfo:
        """Read the header only."""
        name = str(source) if isinstance(source, Path) else ""
        with self._file(source) as file, self._open(file, name) as container:
            codec = container.streams.audio[0].codec_context
            if codec is None:
                raise ValueError("no decoder for the sound track")
            # FFmpeg counts in microseconds and has None or nonsense below zero for "unknown".
            known = (container.duration or 0) > 0
            duration = container.duration / 1e6 if known else float("nan")
            kind = self.NAMES.get(container.format.name, container.format.name.upper())
            return AudioInfo(duration, codec.sample_rate or 0, codec.channels or 0, kind)

    def _file(self, source: Path | bytes) -> BinaryIO:
        return source.open("rb") if isinstance(source, Path) else io.BytesIO(source)

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
