"""The frames of a padded batch that are the clips' own."""

from __future__ import annotations

import torch
from torch import Tensor


def own_frames(x: Tensor, frames: Tensor | None) -> Tensor:
    """Zero behind the end of each clip, as if it had never been padded.

    Convolution and batch norm turn padding into something else than zero; without this, a clip's
    result would depend on the longest clip of its batch.

    Args:
        x: Shape (batch, channels, bins, n).
        frames: Each clip's own, shape (batch,); all n when absent.
    """
    if frames is None:
        return x
    inside = torch.arange(x.shape[-1], device=x.device) < frames.unsqueeze(-1)
    return x * inside[:, None, None, :].to(x.dtype)


def mean_of_own(x: Tensor, frames: Tensor | None) -> Tensor:
    """Mean of each bin over each clip's own frames.

    Args:
        x: Shape (batch, channels, bins, n), zero behind each clip's own frames.
        frames: Each clip's own, shape (batch,); all n when absent.

    Returns:
        Shape (batch, channels * bins).
    """
    if frames is None:
        return x.mean(-1).flatten(1)
    return x.sum(-1).flatten(1) / frames.unsqueeze(-1).to(x.dtype)


def after_stride(frames: Tensor | None, stride: int) -> Tensor | None:
    """Own frames after a layer of a stride that keeps a last, incomplete step."""
    return None if frames is None else (frames + stride - 1) // stride


def own_reversed(x: Tensor, frames: Tensor | None) -> Tensor:
    """Each clip's own frames in reverse order; what is behind them stays there.

    Args:
        x: Shape (..., n), the batch first.
        frames: Each clip's own, shape (batch,); all n when absent.
    """
    if frames is None:
        return x.flip(-1)
    places = torch.arange(x.shape[-1], device=x.device)
    own = frames.unsqueeze(-1)
    order = torch.where(places < own, own - 1 - places, places)
    shape = (len(x), *(1,) * (x.dim() - 2), x.shape[-1])
    return x.gather(-1, order.reshape(shape).expand_as(x))
