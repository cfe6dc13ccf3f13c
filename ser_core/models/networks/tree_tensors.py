"""Decision trees as tensors, so that a graph can hold them.

All trees are walked at once, a step down for all of them at a time; a leaf leads to itself. That
is the tree traversal of Nakandala et al. (2020), "A tensor compiler for unified machine learning
prediction serving".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn


@dataclass(frozen=True, eq=False)
class Tree:
    """A fitted tree; a clip goes left where its feature is at most the threshold.

    Attributes:
        features: Feature of each node, (nodes,).
        thresholds: Of each node, (nodes,).
        left: Next node, (nodes,); itself at a leaf.
        right: Next node, (nodes,); itself at a leaf.
        values: Of each node, (nodes, values).
    """

    features: npt.NDArray[np.intp]
    thresholds: npt.NDArray[np.float64]
    left: npt.NDArray[np.intp]
    right: npt.NDArray[np.intp]
    values: npt.NDArray[np.float64]

    @property
    def depth(self) -> int:
        """Steps from the root to the deepest leaf."""
        reached, depth = np.zeros(1, dtype=np.intp), 0
        while True:
            inner = reached[self.left[reached] != reached]
            if not len(inner):
                return depth
            reached, depth = np.concatenate([self.left[inner], self.right[inner]]), depth + 1


class Trees(nn.Module):
    """Values of the leaves that clips reach in all trees.

    Args:
        trees: With as many values each.
    """

    def __init__(self, trees: Sequence[Tree]) -> None:
        super().__init__()
        starts = np.cumsum([0, *(len(tree.features) for tree in trees)])[:-1]
        self.depth = max(tree.depth for tree in trees)
        self.roots: Tensor
        self.features: Tensor
        self.thresholds: Tensor
        self.left: Tensor
        self.right: Tensor
        self.values: Tensor
        pairs = list(zip(trees, starts, strict=True))
        self._keep("roots", starts)
        self._keep("features", np.concatenate([tree.features for tree in trees]))
        self._keep("thresholds", _below(np.concatenate([tree.thresholds for tree in trees])))
        self._keep("left", np.concatenate([tree.left + start for tree, start in pairs]))
        self._keep("right", np.concatenate([tree.right + start for tree, start in pairs]))
        values = np.concatenate([tree.values for tree in trees]).astype(np.float32)
        self._keep("values", values)

    def _keep(self, name: str, values: npt.NDArray[Any]) -> None:
        self.register_buffer(name, torch.from_numpy(np.ascontiguousarray(values)))

    def forward(self, x: Tensor) -> Tensor:
        """Values, (batch, inputs) -> (batch, trees, values)."""
        at = self.roots.expand(x.shape[0], -1)
        for _ in range(self.depth):
            goes_left = x.gather(1, self.features[at]) <= self.thresholds[at]
            at = torch.where(goes_left, self.left[at], self.right[at])
        return self.values[at]


def _below(thresholds: npt.NDArray[np.float64]) -> npt.NDArray[np.float32]:
    """Largest float32 that is not above each: between float32 numbers it decides the same."""
    rounded = thresholds.astype(np.float32)
    lower = np.nextafter(rounded, np.float32(-np.inf))
    return np.where(rounded.astype(np.float64) > thresholds, lower, rounded)


__all__ = ["Tree", "Trees"]
