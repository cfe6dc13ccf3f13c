"""Fourier transforms as matrix products, which runtimes compute faster than their own transforms.

A frame is folded around its middle: the even half meets the cosines, the odd half the sines. That
is half the work of one product with all of the frame. The phase is that of the middle; power does
not see it.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from ser_core.features.representations import Analysis, filters
from ser_core.features.representations.analysis import shared


class Products(Analysis):
    """Sounds of one length whose power spectra are matrix products."""

    @shared
    def power(self, n_fft: int, hop_length: int) -> Tensor:
        """As `Analysis.power`."""
        return powers(self.waveforms, n_fft, n_fft, hop_length).transpose(1, 2)


def powers(waveforms: Tensor, length: int, least: int, hop_length: int) -> Tensor:
    """Power spectra of Hann-windowed frames, (batch, samples) -> (batch, frames, bins).

    Args:
        waveforms: Sounds of one length.
        length: Samples of a frame, even; frame t is centred on sample t * hop_length.
        least: Samples that a frame is filled up to with zeros, or one more: here they need be no
            power of two.
        hop_length: Samples from a frame to the next.
    """
    half = length // 2
    frames = framed(waveforms, length, hop_length)
    late, early = frames[..., half:], frames[..., 1 : half + 1].flip(-1)
    cosines, sines = (table.to(waveforms) for table in tables(length, least + least % 2))
    return ((late + early) @ cosines).square() + ((late - early) @ sines).square()


def framed(waveforms: Tensor, length: int, hop_length: int) -> Tensor:
    """Frames centred on every `hop_length`th sample, (batch, samples) -> (batch, frames, length).

    Put together from blocks of a hop: a runtime copies those whole, and single samples slowly.
    """
    count, reach = 1 + waveforms.shape[-1] // hop_length, -(-length // hop_length)
    total = (count + reach - 1) * hop_length
    padded = F.pad(waveforms, (length // 2, reach * hop_length))[:, :total]
    blocks = padded.reshape(waveforms.shape[0], count + reach - 1, hop_length)
    return torch.cat([blocks[:, i : i + count] for i in range(reach)], dim=-1)[..., :length]


@lru_cache
def tables(length: int, n_fft: int) -> tuple[Tensor, Tensor]:
    """Windowed cosines and sines of a frame folded around its middle, (length // 2, bins) each.

    The first sample of a frame has no partner; there the window is zero.
    """
    turns = np.outer(np.arange(length // 2), np.arange(n_fft // 2 + 1)) % n_fft
    angle = turns * (2 * np.pi / n_fft)
    window = filters.hann(length).double().numpy()[length // 2 :, None].copy()
    window[0] /= 2  # the middle is met twice
    with torch.inference_mode(False):
        cosines, sines = (torch.from_numpy(window * f(angle)).float() for f in (np.cos, np.sin))
    return cosines, sines
