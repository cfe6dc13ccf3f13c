"""Limits on size, length and format of audio, enforced while it is decoded."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from ser_core.audio.waveform import Samples, Sound, unusable
from ser_core.core import AudioError, ParameterError

LOUD = 10 ** (60 / 20)
"""Peak above which a recording is not scaled as sound is: 60 dB above full scale. Integers that
were stored as floats without being scaled are; what a model says of them is not about the
speech."""

CANCELLED_DB = 12.0
"""Loss of the mean against the loudest channel from which on channels count as cancelling.

One silent channel of two loses 6 dB, independent channels 3 dB: both stay a mean.
"""


@dataclass(frozen=True)
class Limits:
    """Bounds on memory and time that one file may take.

    Attributes:
        max_bytes: Size of the file, encoded.
        max_seconds: Length of the sound.
        min_rate: Lowest sample rate in Hz; telephone speech is 8000.
        max_rate: Highest sample rate in Hz; studio recorders reach 192000.
        max_channels: Number of channels.
        max_decoded_bytes: Size of the decoded float32 samples.

    Raises:
        ParameterError: If a bound is not positive.
    """

    max_bytes: int = 50 * 2**20
    max_seconds: float = 600.0
    min_rate: int = 1_000
    max_rate: int = 192_000
    max_channels: int = 32
    max_decoded_bytes: int = 512 * 2**20

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if not value > 0:
                raise ParameterError(
                    f"{value!r} is not positive", subject=field.name, remedy="Give a number above 0"
                )

    def check_size(self, size: int, name: str) -> None:
        """Refuse an encoded file of `size` bytes.

        Raises:
            AudioError: If it is empty or too large.
        """
        if size == 0:
            raise AudioError("the file is empty", subject=name, remedy="Copy or record it again")
        if size > self.max_bytes:
            raise AudioError(
                f"the file has {size / 2**20:.1f} MB, more than {self.max_bytes / 2**20:g} MB",
                subject=name,
                remedy="Cut it, or convert it to FLAC or MP3",
            )

    def check_format(self, sample_rate: int, channels: int, name: str) -> None:
        """Refuse a sample rate or a number of channels that no recording of speech has.

        Raises:
            AudioError: If either is outside the bounds; forged headers are.
        """
        if not self.min_rate <= sample_rate <= self.max_rate:
            raise AudioError(
                f"its rate of {sample_rate} Hz is outside {self.min_rate} to {self.max_rate} Hz",
                subject=name,
                remedy="Resample it to 16000 Hz",
            )
        if not 1 <= channels <= self.max_channels:
            raise AudioError(
                f"{channels} channels are outside 1 to {self.max_channels}",
                subject=name,
                remedy="Mix it to one channel",
            )

    def check_seconds(self, seconds: float, name: str) -> None:
        """Refuse a sound of this length.

        Raises:
            AudioError: If it is too long. An unknown length (NaN) passes.
        """
        if seconds > self.max_seconds:
            raise AudioError(
                f"the sound is longer than {self.max_seconds:g} s",
                subject=name,
                remedy="Cut it; of a long recording, predict the timeline: predict --timeline, or "
                "Long recording on the page Predict",
            )


class Intake:
    """Collects decoded blocks and refuses the first one that breaks a bound.

    Args:
        limits: The bounds.
        name: What errors call the file.
        mix: Mix down to the mean of the channels.
        channel: Take this channel alone in place of their mean.
        keep: Whether the blocks are kept; they are only measured otherwise.
    """

    def __init__(
        self,
        limits: Limits,
        name: str,
        *,
        mix: bool,
        channel: int | None = None,
        keep: bool = True,
    ) -> None:
        self.limits = limits
        self.name = name
        self.mix = mix
        self.channel = channel
        self.keep = keep
        self.peak = 0.0
        self._energy: npt.NDArray[np.float64] = np.zeros(0)  # of each channel, then of their mean
        self.sample_rate = 0
        self.channels = 0
        self.frames = 0
        self._blocks: list[Samples] = []
        self._bytes = 0

    @property
    def seconds(self) -> float:
        """Seconds decoded so far."""
        return self.frames / self.sample_rate if self.sample_rate else 0.0

    def open(self, sample_rate: int, channels: int) -> None:
        """Set the format of the blocks that follow.

        Raises:
            AudioError: If it is out of bounds.
        """
        self.limits.check_format(sample_rate, channels, self.name)
        self.sample_rate, self.channels = sample_rate, channels

    def add(self, block: Samples) -> None:
        """Append a block of shape (frames, channels).

        Raises:
            AudioError: If it makes the sound too long or too large, or holds samples that are
                `unusable`.
        """
        self.frames += len(block)
        self.limits.check_seconds(self.seconds, self.name)
        problem = unusable(block)
        if problem:
            raise AudioError(
                f"the sound {problem}",
                subject=self.name,
                remedy="Export it again as 16-bit or 24-bit PCM",
            )
        given = self._mixed(block) if self.mix else block
        self.peak = max(self.peak, float(np.abs(given).max(initial=0)))
        if self.keep:
            self._append(given)

    def _mixed(self, block: Samples) -> Samples:
        mean = mixed(block, self.channel)
        if block.shape[1] == 1 or self.channel is not None:
            return mean
        both = np.hstack([block, mean])
        energy = np.square(both, dtype=np.float64).sum(axis=0)
        self._energy = energy if not self._energy.size else self._energy + energy
        return mean

    @property
    def loudest(self) -> int | None:
        """The loudest channel, where the mean of all has lost most of it; None otherwise."""
        if not self._energy.size or not self._energy[:-1].max() > 0:
            return None
        lost = self._energy[-1] < self._energy[:-1].max() * 10 ** (-CANCELLED_DB / 10)
        return int(self._energy[:-1].argmax()) if lost else None

    def _append(self, block: Samples) -> None:
        self._bytes += block.nbytes
        if self._bytes > self.limits.max_decoded_bytes:
            raise AudioError(
                f"decoded, it exceeds {self.limits.max_decoded_bytes / 2**20:g} MB of memory",
                subject=self.name,
                remedy="Cut it, or lower its sample rate or number of channels",
            )
        self._blocks.append(block)

    def sound(self) -> Sound:
        """All blocks as one array of shape (samples, 1 if mixed else channels), float32."""
        blocks = self._blocks
        return Sound(blocks[0] if len(blocks) == 1 else np.concatenate(blocks), self.sample_rate)


def mixed(block: Samples, channel: int | None = None) -> Samples:
    """Samples of shape (frames, channels) as (frames, 1): their mean, or one channel of them."""
    if block.shape[1] == 1:
        return block
    if channel is not None:
        return block[:, channel : channel + 1]
    # In float64: the sum of many channels would lose digits.
    mean: Samples = block.mean(axis=1, keepdims=True, dtype=np.float64).astype(np.float32)
    return mean
