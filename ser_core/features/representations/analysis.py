"""What several representations need of the same sounds, computed once."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar, cast

import torch
from torch import Tensor

from ser_core.core import ParameterError
from ser_core.features.mel import FLOOR_DB
from ser_core.features.representations import filters

Method = TypeVar("Method", bound="Callable[..., Tensor]")


def shared(method: Method) -> Method:
    """Remember what a method gave for these arguments, for as long as the analysis lives."""

    @functools.wraps(method)
    def once(self: Analysis, *args: Any) -> Tensor:
        key = (method.__name__, *args)
        if key not in self._memo:
            self._memo[key] = method(self, *args)
        return self._memo[key]

    return cast(Method, once)


def slight(values: Tensor, summand: float) -> Tensor:
    """A summand that keeps a logarithm or a quotient finite, shape (1,).

    torch's exporter takes a single number below 1e-8 for zero and leaves the sum out of the graph;
    one in a row it keeps.
    """
    return values.new_full((1,), summand)


def decibels(power: Tensor, full_scale: float) -> Tensor:
    """Level of a power in dB relative to `full_scale`, not below `FLOOR_DB`.

    The reference is fixed, unlike the loudest value of a clip: so silence stays silent and a
    quiet clip stays quieter than a loud one.
    """
    floor = full_scale * 10 ** (FLOOR_DB / 10)
    return 10 * torch.log10(power.clamp(min=floor) / full_scale)


class Analysis:
    """Batch of sounds with everything that was computed from them so far.

    Args:
        waveforms: Shape (batch, samples), floating point, padded with zeros behind `lengths`.
        sample_rate: In Hz.
        lengths: Samples of each sound, shape (batch,); full length when absent.

    Raises:
        ParameterError: If the shape is another, a dimension is empty, or a length does not fit.
    """

    def __init__(self, waveforms: Tensor, sample_rate: int, lengths: Tensor | None = None) -> None:
        if waveforms.ndim != 2 or 0 in waveforms.shape:
            raise ParameterError(
                f"waveforms of shape {tuple(waveforms.shape)} must be (batch, samples), not empty",
                remedy="Put one sound into a batch with waveform[None]",
            )
        if lengths is not None and (
            lengths.shape != waveforms.shape[:1]
            or lengths.min() < 1
            or lengths.max() > waveforms.shape[1]
        ):
            raise ParameterError(
                f"lengths {lengths.tolist()} must be one a sound, from 1 to {waveforms.shape[1]}",
                remedy="Give the number of samples of each sound before padding",
            )
        self.waveforms = waveforms
        self.sample_rate = sample_rate
        self.lengths = lengths
        self._memo: dict[tuple[Any, ...], Tensor] = {}

    def frames(self, hop_length: int) -> Tensor:
        """Frames of each sound's own, without those of its padding, shape (batch,)."""
        if self.lengths is None:
            count = 1 + self.waveforms.shape[1] // hop_length
            return torch.full(
                self.waveforms.shape[:1], count, device=self.waveforms.device, dtype=torch.long
            )
        return 1 + self.lengths // hop_length

    @shared
    def power(self, n_fft: int, hop_length: int) -> Tensor:
        """Power spectrum of the Hann-windowed STFT, shape (batch, n_fft // 2 + 1, frames).

        The signal is extended by zeros on both sides, so a frame never sees beyond the sound.
        """
        window = filters.hann(n_fft).to(self.waveforms)
        spectrum = torch.stft(
            self.waveforms,
            n_fft,
            hop_length,
            window=window,
            pad_mode="constant",
            return_complex=True,
        )
        return spectrum.real.square() + spectrum.imag.square()

    @shared
    def mel(self, n_fft: int, hop_length: int, n_mels: int, fmin: float, fmax: float) -> Tensor:
        """Power in mel bands of equal area (Slaney), shape (batch, n_mels, frames)."""
        bank = filters.mel(self.sample_rate, n_fft, n_mels, fmin, fmax).to(self.waveforms)
        return bank @ self.power(n_fft, hop_length)

    @shared
    def mel_db(self, n_fft: int, hop_length: int, n_mels: int, fmin: float, fmax: float) -> Tensor:
        """Level in mel bands in dB, shape (batch, n_mels, frames)."""
        bands = self.mel(n_fft, hop_length, n_mels, fmin, fmax)
        return decibels(bands, filters.full_scale_power(n_fft))

    @shared
    def chroma(self, n_fft: int, hop_length: int) -> Tensor:
        """Share of the strongest pitch class in each of the twelve, shape (batch, 12, frames).

        Silent frames are zero. The tuning is fixed at A4 = 440 Hz.
        """
        classes = filters.chroma(self.sample_rate, n_fft).to(self.waveforms) @ self.power(
            n_fft, hop_length
        )
        return normalised(classes, classes.amax(dim=-2, keepdim=True))

    @shared
    def onsets(self, n_fft: int, hop_length: int, n_mels: int) -> Tensor:
        """Onset strength: mean rise of the mel level from frame to frame, dB, (batch, frames).

        Spectral flux of Böck & Widmer (2013) without the maximum filter, moved by half a window
        so that a rise stands at the moment it happens; zero behind each sound's own frames.
        """
        level = self.mel_db(n_fft, hop_length, n_mels, 0.0, self.sample_rate / 2)
        rise = (level[..., 1:] - level[..., :-1]).clamp(min=0).mean(dim=-2)
        delay = 1 + n_fft // (2 * hop_length)
        before = rise.new_zeros(rise.shape[0], delay)
        onsets = torch.cat([before, rise], dim=-1)[..., : level.shape[-1]]
        own = torch.arange(onsets.shape[-1], device=onsets.device) < self.frames(
            hop_length
        ).unsqueeze(-1)
        return onsets * own


def normalised(values: Tensor, size: Tensor) -> Tensor:
    """Values divided by their size; where the size is nothing, zero."""
    tiny = torch.finfo(values.dtype).tiny
    return values * torch.where(size > tiny, 1 / size.clamp(min=tiny), torch.zeros_like(size))
