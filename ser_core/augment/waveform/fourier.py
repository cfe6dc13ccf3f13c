"""Fourier transforms of whole clips, at lengths that are fast to transform."""

from __future__ import annotations

import torch
from scipy.fft import next_fast_len
from torch import Tensor

GUARD = 1024
"""Zeros behind a clip, in samples, into which filters ring instead of round to its start."""


def fast_length(at_least: int) -> int:
    """Smallest even length that is fast to transform.

    >>> fast_length(41_000)
    41472
    """
    return 2 * int(next_fast_len(-(-at_least // 2), real=True))


def frequencies(size: int, sample_rate: int, like: Tensor) -> Tensor:
    """Frequency in Hz of each bin of a real transform of `size` samples, (size // 2 + 1,)."""
    return torch.arange(size // 2 + 1, device=like.device) * (sample_rate / size)


def filtered(x: Tensor, response: Tensor, size: int) -> Tensor:
    """Sound through a filter given by its response.

    Args:
        x: Shape (batch, samples).
        response: Real or complex, shape (batch, size // 2 + 1) or (size // 2 + 1,).
        size: Length of the transform, no less than `samples` and what the filter rings.

    Returns:
        Shape (batch, samples).
    """
    sound: Tensor = torch.fft.irfft(torch.fft.rfft(x, size) * response, size)
    return sound[:, : x.shape[1]]
