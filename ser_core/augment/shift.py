"""Moving clips within their own length."""

from __future__ import annotations

import torch
from torch import Tensor


def shifted(x: Tensor, steps: Tensor, lengths: Tensor, silence: Tensor | float = 0.0) -> Tensor:
    """Clips moved later by `steps` along the last dimension, with silence where nothing comes from.

    Args:
        x: Shape (batch, ..., n).
        steps: Whole steps, shape (batch,); negative moves earlier.
        lengths: Own elements of each clip, shape (batch,).
        silence: Broadcastable to one clip.
    """
    moved = torch.as_tensor(silence, dtype=x.dtype, device=x.device).expand(x.shape[1:])
    moved = moved.repeat(len(x), *[1] * (x.ndim - 1))
    for clip, source, by, own in zip(moved, x, steps.tolist(), lengths.tolist(), strict=True):
        start, stop = max(0, by), min(own, own + by)
        clip[..., start:stop] = source[..., start - by : stop - by]
    return moved
