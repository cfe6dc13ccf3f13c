"""From a change of a feature map back to sound.

A change of a feature map in dB is a gain of each of its bands. That difference is
applied as a gain to the sound's own complex STFT, so phases stay as they are and what was not
attacked does not change at all. The sound that comes out cannot have every gain that was wanted
for, as frames overlap and bands share bins: which is why it is classified again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F
from torch import Tensor

from ser_core.core import ModelError
from ser_core.features.representations import filters

if TYPE_CHECKING:
    from ser_core.features.representations import Representation

HIGHEST_DB = 60.0
"""A gain is never more than this; louder, a bin of nothing would be made audible noise."""


def possible(representation: Representation) -> bool:
    """Whether sound can be made from a change of feature maps of this kind."""
    return representation.name in _GAINS and representation.hop_length < representation.n_fft


def resynthesised(sound: Tensor, change: Tensor, representation: Representation) -> Tensor:
    """Sound whose feature map is changed as wanted, as far as possible.

    Args:
        sound: The unchanged one, shape (samples,).
        change: Wanted minus present feature map, shape (channels, bins, frames).
        representation: What the feature maps are.

    Returns:
        Shape (samples,).

    Raises:
        ModelError: If such a feature map cannot be resynthesised.
    """
    if not possible(representation):
        raise ModelError(
            f"a changed {representation.title} cannot be resynthesised as sound",
            subject=representation.name,
            remedy=f"This works for {', '.join(_GAINS)}",
        )
    n_fft, hop = representation.n_fft, representation.hop_length
    window = filters.hann(n_fft).to(sound)
    samples = len(sound)
    # Frames reach beyond the end; silence there, so that the last ones can be put together again.
    padded = F.pad(sound, (0, n_fft))
    spectrum = torch.stft(padded, n_fft, hop, window=window, pad_mode="constant",
                          return_complex=True)  # fmt: skip
    gain = _GAINS[representation.name](change[0], representation).clamp(-HIGHEST_DB, HIGHEST_DB)
    gain = F.pad(gain, (0, spectrum.shape[-1] - gain.shape[-1]))
    made: Tensor = torch.istft(
        spectrum * 10 ** (gain / 20), n_fft, hop, window=window, length=samples
    )
    return made


def _of_bins(change: Tensor, representation: Representation) -> Tensor:  # noqa: ARG001
    return change


def _of_mel(change: Tensor, representation: Representation) -> Tensor:
    """Gain of each STFT bin: the mean of the bands' it is in, by its weight in them."""
    rep: Any = representation
    bank = filters.mel(rep.sample_rate, rep.n_fft, rep.n_mels, rep.fmin, rep.fmax).to(change)
    weight = bank / bank.amax(dim=1, keepdim=True).clamp(min=torch.finfo(bank.dtype).tiny)
    total = weight.sum(dim=0)[:, None]
    return torch.where(total > 0, weight.T @ change / total.clamp(min=1e-12), 0.0)


def _of_mfcc(change: Tensor, representation: Representation) -> Tensor:
    """Gain from the mel levels that the coefficients stand for, by their inverse DCT."""
    rep: Any = representation
    return _of_mel(filters.dct(rep.n_mfcc, rep.n_mels).to(change).T @ change, representation)


_GAINS: dict[str, Callable[[Tensor, Representation], Tensor]] = {
    "spectrogram": _of_bins,
    "melspectrogram": _of_mel,
    "mfcc": _of_mfcc,
}
"""Gain in dB of each STFT bin, (bins, frames), by the name of the representation."""
