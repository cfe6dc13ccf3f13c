"""What filters along time and frequency see beyond the edge of a sound."""

from __future__ import annotations

import torch
from torch import Tensor


def mirrored(features: Tensor, width: int, frames: Tensor | None = None) -> Tensor:
    """Extend the last dimension by `width` on both sides, as in a mirror that repeats the edge.

    Args:
        features: Shape (batch, bins, n).
        width: Elements to add on each side.
        frames: Elements of each item's own, shape (batch,); what lies behind them is not mirrored
            but replaced, so that padding changes nothing. All n when absent.

    Returns:
        Shape (batch, bins, n + 2 * width).
    """
    n = features.shape[-1]
    index = torch.arange(-width, n + width, device=features.device)
    if frames is None:
        return features.index_select(-1, _fold(index, torch.tensor(n, device=features.device)))
    index = _fold(index, frames.unsqueeze(-1))
    return features.gather(-1, index.unsqueeze(1).expand(-1, features.shape[1], -1))


def _fold(index: Tensor, n: Tensor) -> Tensor:
    around = torch.remainder(index, 2 * n)
    return torch.minimum(around, 2 * n - 1 - around)


def delta(features: Tensor, width: int, frames: Tensor | None = None) -> Tensor:
    """Slope over time: of the straight line through `width` frames around each one.

    Furui (1981). Near the ends the line of the outermost full window is used, as librosa and
    Savitzky-Golay filters with `mode="interp"` do. A sound of fewer than `width` frames is first
    extended by its last frame, where librosa raises an error.

    Args:
        features: Shape (batch, bins, n).
        width: Odd number of frames, at least 3.
        frames: Frames of each item's own, shape (batch,); all n when absent.

    Returns:
        Shape (batch, bins, n), in units of the features per frame.
    """
    reach = width // 2
    n = features.shape[-1]
    full = torch.sym_max(n, width)
    own = torch.full(features.shape[:1], n, device=features.device) if frames is None else frames
    last = (own - 1).unsqueeze(-1)
    index = torch.arange(full, device=features.device).minimum(last)
    # A graph that is exported is of sounds of any length, so it holds the general way.
    given = frames is None and not torch.compiler.is_exporting() and full == n
    extended = features if given else _pick(features, index)
    inner = full - 2 * reach
    slope = torch.zeros_like(extended[..., :inner])
    for step in range(1, reach + 1):
        ahead = extended[..., reach + step :][..., :inner]
        behind = extended[..., reach - step :][..., :inner]
        slope = slope + step * (ahead - behind)
    slope = slope / (2 * sum(step**2 for step in range(1, reach + 1)))
    outermost = (own.clamp(min=width) - 2 * reach - 1).unsqueeze(-1)
    centred = torch.arange(n, device=features.device) - reach
    return _pick(slope, centred.clamp(min=0).minimum(outermost))


def _pick(features: Tensor, index: Tensor) -> Tensor:
    """Frames at the given indices, (batch, bins, n) and (batch, m) -> (batch, bins, m)."""
    return features.gather(-1, index.unsqueeze(1).expand(-1, features.shape[1], -1))
