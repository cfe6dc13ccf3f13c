"""What filters along time and frequency see beyond the edge of a sound."""

from __future__ import annotations

from collections.abc import Callable

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
    reach = range(1, width // 2 + 1)
    scale = 2 * sum(step**2 for step in reach)

    def slope(at: Callable[[int], Tensor]) -> Tensor:
        found = torch.zeros_like(at(0))
        for step in reach:
            found = found + step * (at(step) - at(-step))
        return found / scale

    return _fitted(features, width, frames, slope)


def second_delta(features: Tensor, width: int, frames: Tensor | None = None) -> Tensor:
    """Curvature over time: second derivative of the parabola through `width` frames around each.

    As `delta` in all else, and as librosa's `delta(order=2)`, where librosa fits any.
    """
    squares = [step**2 for step in range(-(width // 2), width // 2 + 1)]
    mean = sum(squares) / width
    scale = sum((each - mean) ** 2 for each in squares) / 2

    def curvature(at: Callable[[int], Tensor]) -> Tensor:
        found = -mean * at(0)
        for step in range(1, width // 2 + 1):
            found = found + (step**2 - mean) * (at(step) + at(-step))
        return found / scale

    return _fitted(features, width, frames, curvature)


def _fitted(
    features: Tensor,
    width: int,
    frames: Tensor | None,
    combine: Callable[[Callable[[int], Tensor]], Tensor],
) -> Tensor:
    """What is fitted to `width` frames around each; near the ends, to the outermost full window.

    Args:
        features: Shape (batch, bins, n).
        width: Odd.
        frames: Frames of each item's own; all n when None.
        combine: Given what gives the frames so many steps ahead, the value of each window.
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
    found = combine(lambda step: extended[..., reach + step :][..., :inner])
    outermost = (own.clamp(min=width) - 2 * reach - 1).unsqueeze(-1)
    centred = torch.arange(n, device=features.device) - reach
    return _pick(found, centred.clamp(min=0).minimum(outermost))


def _pick(features: Tensor, index: Tensor) -> Tensor:
    """Frames at the given indices, (batch, bins, n) and (batch, m) -> (batch, bins, m)."""
    return features.gather(-1, index.unsqueeze(1).expand(-1, features.shape[1], -1))
