"""Gradient boosting of scikit-learn on histograms of the features."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ser_core.core import parameter
from ser_core.features.representations import FEATURES, SUMMARY
from ser_core.models.networks.base import network
from ser_core.models.networks.estimator import SCIKIT_LEARN, EstimatorSpec
from ser_core.models.networks.tree_tensors import Tree, Trees


@network(
    "boosting",
    title="Gradient boosting",
    accepts=(SUMMARY, FEATURES),
    learner=SCIKIT_LEARN,
)
@dataclass(frozen=True, kw_only=True)
class BoostingSpec(EstimatorSpec):
    """Gradient-boosted trees, each grown on what those before it leave wrong.

    Friedman (2001), "Greedy function approximation"; on histograms of 255 bins as LightGBM (Ke et
    al., 2017). It is not stopped early: scikit-learn would draw clips to stop by, and the speakers
    of those would be in the training part.

    Attributes:
        iterations: Trees of each class.
        rate: Share of each tree that is added.
        leaves: Most leaves of a tree.
    """

    steps = True
    exportable = True
    calibrates = True
    trusted = ("sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",)

    iterations: int = parameter(100, 1, 5_000, "Trees of each class", "trees")
    rate: float = parameter(
        0.1, 0.001, 1, "Learning rate: the share of each tree that is added", searched=(0.02, 0.5)
    )
    leaves: int = parameter(31, 2, 1_000, "Most leaves of a tree", "leaves", searched=(4, 63))

    def estimator(self, seed: int) -> Any:
        """Classifier of scikit-learn, not fitted yet."""
        from sklearn.ensemble import HistGradientBoostingClassifier

        return HistGradientBoostingClassifier(
            max_iter=self.iterations,
            learning_rate=self.rate,
            max_leaf_nodes=self.leaves,
            early_stopping=False,
            random_state=seed,
        )

    def equivalent(self, estimator: Any) -> nn.Module:
        """The trees as tensors."""
        return BoostingLayers(estimator)

    def cost(self, values: float) -> float:
        """A histogram of each number for every tree."""
        return 2 + 0.005 * self.iterations * values

    @property
    def words(self) -> str:
        """What it is, within a sentence."""
        return f"gradient boosting on {self.channels * self.bins} numbers"


class BoostingLayers(nn.Module):
    """Fitted gradient boosting as layers of torch.

    Args:
        estimator: Fitted.
    """

    def __init__(self, estimator: Any) -> None:
        super().__init__()
        rounds = estimator._predictors
        self.each = len(rounds[0])  # one tree a round where there are two classes
        self.trees = Trees([_tree(tree.nodes) for each in rounds for tree in each])
        self.baseline: Tensor
        start = np.asarray(estimator._baseline_prediction, dtype=np.float32).reshape(1, -1)
        self.register_buffer("baseline", torch.from_numpy(start.copy()))

    def forward(self, x: Tensor) -> Tensor:
        """Scores, (batch, inputs) -> (batch, estimator classes)."""
        values = self.trees(x)[..., 0]
        scores: Tensor = values.reshape(x.shape[0], -1, self.each).sum(1) + self.baseline
        if self.each == 1:
            scores = torch.cat([torch.zeros_like(scores), scores], dim=1)
        return scores


def _tree(nodes: Any) -> Tree:
    itself, leaf = np.arange(len(nodes)), nodes["is_leaf"].astype(bool)
    return Tree(
        np.where(leaf, 0, nodes["feature_idx"]).astype(np.intp),
        nodes["num_threshold"].astype(np.float64),
        np.where(leaf, itself, nodes["left"]).astype(np.intp),
        np.where(leaf, itself, nodes["right"]).astype(np.intp),
        nodes["value"].astype(np.float64)[:, None],
    )


__all__ = ["BoostingLayers", "BoostingSpec"]
