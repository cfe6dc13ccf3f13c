"""Statistics over time of hidden states, of sounds of any length.

A sound longer than an encoder takes at once goes through it in consecutive windows of equal length,
each by itself, and the statistics are over the frames of all windows together. Windows do not see
each other.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import NamedTuple, Protocol

import torch
from torch import Tensor

STATISTICS: dict[str, tuple[str, ...]] = {
    "mean, spread": ("mean", "spread"),
    "mean, spread, quantiles": ("mean", "spread", "quantile 0.1", "median", "quantile 0.9"),
}
"""Choices of statistics, and the name of each statistic in them."""

QUANTILES = (0.1, 0.5, 0.9)

WINDOWS_TOGETHER = 2
"""Windows that an encoder is given at once: bounds the memory whatever the length of a sound."""


class Encoder(Protocol):
    """What is asked of an encoder here."""

    @property
    def longest(self) -> int:
        """Samples that it takes at once."""
        ...

    def prepared(self, waveforms: Tensor, lengths: Tensor) -> Tensor:
        """What is done with a sound as a whole before it is cut into windows."""
        ...

    def states(self, prepared: Tensor, lengths: Tensor) -> Tensor:
        """Hidden states of prepared sounds, (batch, layers + 1, frames, size)."""
        ...

    def frames(self, samples: Tensor) -> Tensor:
        """Frames of sounds of so many samples, at most `longest`."""
        ...


class _Window(NamedTuple):
    """Sums over the frames of one window, each of shape (layers, size), and its states."""

    frames: int
    mean: Tensor
    variance: Tensor
    states: Tensor | None


def pooled(
    encoder: Encoder,
    waveforms: Tensor,
    lengths: Tensor | None,
    layers: slice,
    statistics: str = "mean, spread",
) -> Tensor:
    """Statistics over time of the hidden states of a batch of sounds.

    Args:
        encoder: What gives the hidden states.
        waveforms: Shape (batch, samples), full scale ±1, zero behind each sound's own samples.
        lengths: Samples of each sound, shape (batch,); full length when absent.
        layers: Which of the states: 0 is what goes into layer 1.
        statistics: Key of `STATISTICS`.

    Returns:
        Shape (batch, layers, statistics * size), float32.
    """
    if lengths is None:
        lengths = torch.full((len(waveforms),), waveforms.shape[-1], device=waveforms.device)
    quantiles = "quantiles" in statistics
    prepared = encoder.prepared(waveforms, lengths)
    if int(lengths.max()) > encoder.longest:
        rows = [
            _of_windows(encoder, sound[:length], layers, quantiles=quantiles)
            for sound, length in zip(prepared, lengths.tolist(), strict=True)
        ]
        return torch.stack(rows)
    states = encoder.states(prepared, lengths)[:, layers].float()
    own = encoder.frames(lengths)
    mean, variance = moments(states, own)
    found = [mean, _spread(variance)]
    if quantiles:
        own_states = (each[:, :n] for each, n in zip(states, own.tolist(), strict=True))
        found.append(torch.stack([_quantiles(each) for each in own_states]))
    return torch.cat(found, dim=-1)


def moments(states: Tensor, frames: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and variance over each sound's own frames.

    Args:
        states: Shape (batch, layers, n, size).
        frames: Own frames of each, shape (batch,).

    Returns:
        Both of shape (batch, layers, size).
    """
    numbers = torch.arange(states.shape[2], device=states.device)
    inside = (numbers < frames[:, None])[:, None, :, None]
    count = frames[:, None, None].to(states.dtype)
    mean = (states * inside).sum(2) / count
    return mean, ((states - mean.unsqueeze(2)) * inside).square().sum(2) / count


def windows(samples: int, longest: int) -> list[tuple[int, int]]:
    """Beginning and end of the fewest equal parts of a sound that are no longer than `longest`.

    >>> windows(70, 30)
    [(0, 23), (23, 47), (47, 70)]
    """
    count = max(1, -(-samples // longest))
    edges = [round(number * samples / count) for number in range(count + 1)]
    return list(itertools.pairwise(edges))


def _of_windows(encoder: Encoder, sound: Tensor, layers: slice, *, quantiles: bool) -> Tensor:
    """Statistics of one prepared sound, (samples,) -> (layers, statistics * size)."""
    edges = windows(len(sound), encoder.longest)
    found: list[_Window] = []
    for first in range(0, len(edges), WINDOWS_TOGETHER):
        parts = [sound[start:end] for start, end in edges[first : first + WINDOWS_TOGETHER]]
        lengths = torch.tensor([len(part) for part in parts], device=sound.device)
        batch = torch.nn.utils.rnn.pad_sequence(parts, batch_first=True)
        states = encoder.states(batch, lengths)[:, layers].float()
        own = encoder.frames(lengths)
        mean, variance = moments(states, own)
        for number, count in enumerate(own.tolist()):
            kept = states[number, :, :count] if quantiles else None
            found.append(_Window(count, mean[number], variance[number], kept))
    return _together(found)


def _together(parts: Sequence[_Window]) -> Tensor:
    """Statistics over all frames of windows, by the law of total variance."""
    total = sum(part.frames for part in parts)
    mean = torch.stack([part.mean * (part.frames / total) for part in parts]).sum(0)
    variance = torch.stack(
        [
            (part.variance + (part.mean - mean).square()) * (part.frames / total)
            for part in parts
        ]
    ).sum(0)  # fmt: skip
    found = [mean, _spread(variance)]
    states = [part.states for part in parts if part.states is not None]
    if states:
        found.append(_quantiles(torch.cat(states, dim=1)))
    return torch.cat(found, dim=-1)


def _spread(variance: Tensor) -> Tensor:
    """Standard deviation; of what does not change a little above 0, for its gradient."""
    return variance.clamp(min=1e-10).sqrt()


def _quantiles(states: Tensor) -> Tensor:
    """Quantiles over the frames of one sound, (layers, frames, size) -> (layers, 3 * size)."""
    levels = torch.tensor(QUANTILES, device=states.device, dtype=states.dtype)
    return torch.cat(list(states.quantile(levels, dim=1)), dim=-1)
