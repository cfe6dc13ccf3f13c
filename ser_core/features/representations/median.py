"""Running median on tensors, from minima and maxima alone.

A sort for every window repeats most of its work in the next one. Here windows share it: sorted
runs of 2, 4, 8, ... neighbours are merged from runs half as long by Batcher's odd-even network
(Batcher 1968, "Sorting networks and their applications"), for all positions at once, and one run
serves the two windows that it covers but for an end. Minima and maxima are differentiable,
vectorise, and are ordinary nodes of an ONNX graph.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

# Small enough that the sorted runs of one piece stay in a core's second-level cache.
_PIECE = 1 << 15

Runs = list[Tensor]  # element i of every run, smallest first


def merge(left: Runs, right: Runs) -> Runs:
    """Sorted runs made of two sorted runs of equal length, position by position."""
    if len(left) == 1:
        return [torch.minimum(left[0], right[0]), torch.maximum(left[0], right[0])]
    even = merge(left[0::2], right[0::2])
    odd = merge(left[1::2], right[1::2])
    merged = [even[0]]
    for a, b in zip(even[1:], odd, strict=False):
        merged += [torch.minimum(a, b), torch.maximum(a, b)]
    return [*merged, odd[-1]]


def _medians(x: Tensor, size: int) -> Tensor:
    """Medians of all windows of odd `size` in x, (n,) -> (n - size + 1,), n even.

    Windows 2i and 2i + 1 both lie within the size + 1 samples from 2i on; from the two middle
    values of these, and the sample that a window leaves out, follows its median.
    """
    first, second = x.unflatten(0, (-1, 2)).unbind(1)
    runs = merge([first], [second])
    half = (size + 1) // 2
    pairs = 1
    while len(runs) < half:
        runs = merge([r[:-pairs] for r in runs], [r[pairs:] for r in runs])
        pairs *= 2
    left, right = [r[:-pairs] for r in runs], [r[pairs:] for r in runs[::-1]]
    below = torch.minimum(left[0], right[0])
    above = torch.maximum(left[0], right[0])
    for a, b in zip(left[1:], right[1:], strict=True):
        below = torch.maximum(below, torch.minimum(a, b))
        above = torch.minimum(above, torch.maximum(a, b))
    windows = below.shape[0]
    without_last = torch.where(second[half - 1 :][:windows] <= below, above, below)
    without_first = torch.where(first[:windows] <= below, above, below)
    return torch.stack([without_last, without_first], dim=-1).flatten()


def running_median(x: Tensor, size: int) -> Tensor:
    """Median of each window of `size` neighbours along the last dimension.

    Args:
        x: Shape (..., n) with n >= size.
        size: One less than a power of two, at least 3.

    Returns:
        Shape (..., n - size + 1): only windows that lie within x.
    """
    *outer, n = x.shape
    flat = x.reshape(-1)
    count = flat.shape[0]
    even = 2 * ((count + size) // 2)  # windows across row ends are computed and thrown away
    flat = F.pad(flat, (0, even - count))
    starts = [0] if torch.compiler.is_exporting() else range(0, even - size + 1, _PIECE)
    piece = even if torch.compiler.is_exporting() else _PIECE
    pieces = [_medians(flat[start : start + piece + size - 1], size) for start in starts]
    medians = torch.cat(pieces)[: x.numel()]
    return medians.reshape(*outer, n)[..., : n - size + 1]
