"""From the bins of a representation to the bins of the spectrum, where there is such a way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ser_core.features.representations import Representation, filters

Bank = Callable[[Any], Tensor]


def _mel(rep: Any) -> Tensor:
    return filters.mel(rep.sample_rate, rep.n_fft, rep.n_mels, rep.fmin, rep.fmax)


def _own(rep: Any) -> Tensor:
    return torch.eye(rep.n_fft // 2 + 1)


def _nearest(rep: Any) -> Tensor:
    """Each spectral bin belongs to the band that is nearest in pitch; none beyond the ends."""
    centres = np.asarray(rep.bin_axis().values, dtype=np.float64)
    hz = np.maximum(filters.fft_frequencies(rep.sample_rate, rep.n_fft), 1e-3)
    near = np.abs(np.log2(hz[None, :] / centres[:, None]))
    bank = np.zeros(near.shape, np.float32)
    bank[near.argmin(axis=0), np.arange(len(hz))] = 1
    step = np.log2(centres[1] / centres[0])
    bank[:, (hz < centres[0] * 2**-step) | (hz > centres[-1] * 2**step)] = 0
    return torch.from_numpy(bank)


def _octaves(rep: Any) -> Tensor:
    bank = torch.zeros(len(rep.bands()), rep.n_fft // 2 + 1)
    for row, (start, stop, _) in zip(bank, rep.bands(), strict=True):
        row[start:stop] = 1
    return bank


def _all(rep: Any) -> Tensor:
    return torch.ones(1, rep.n_fft // 2 + 1)


BANKS: dict[str, Bank] = {
    "spectrogram": _own,
    "melspectrogram": _mel,
    "hpss": _mel,
    "cqt": _nearest,
    "spectral_contrast": _octaves,
    "chroma": lambda rep: filters.chroma(rep.sample_rate, rep.n_fft),
    "rms": _all,
    "zcr": _all,
    "whisper_log_mel": lambda rep: filters.mel(
        rep.sample_rate, rep.n_fft, rep.bands, 0.0, rep.sample_rate / 2
    ),
    "sound_steps": _all,
}
"""Representations whose bins are made of spectral bins, and of which."""


def bank_of(rep: Representation) -> Tensor | None:
    """How much of each spectral bin goes into each bin, (bins, n_fft // 2 + 1).

    None for representations that mix all frequencies, as cepstra, or describe rhythm or a whole
    clip: no part of theirs is a part of the sound.
    """
    make = BANKS.get(rep.name)
    return None if make is None else make(rep)


def to_spectrum(rep: Representation) -> Tensor | None:
    """Weights that turn values of bins into values of spectral bins, (n_fft // 2 + 1, bins).

    Each spectral bin takes the mean of the bins that it goes into, by how much; one that goes into
    none takes what the nearest one takes. Rows sum to 1. None as `bank_of`.
    """
    bank = bank_of(rep)
    if bank is None:
        return None
    weights = bank.T.clone()
    total = weights.sum(dim=1)
    used = torch.nonzero(total > 0).flatten()
    nearest = used[(torch.arange(len(weights))[:, None] - used).abs().argmin(dim=1)]
    weights = weights[nearest]
    return weights / weights.sum(dim=1, keepdim=True)
