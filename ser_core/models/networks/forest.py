"""Random forest of scikit-learn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from torch import Tensor, nn

from ser_core.core import parameter
from ser_core.features.representations import FEATURES, SUMMARY
from ser_core.models.networks.base import network
from ser_core.models.networks.estimator import SCIKIT_LEARN, EstimatorSpec, Floats
from ser_core.models.networks.tree_tensors import Tree, Trees


@network(
    "forest",
    title="Random forest",
    accepts=(SUMMARY, FEATURES),
    learner=SCIKIT_LEARN,
)
@dataclass(frozen=True, kw_only=True)
class ForestSpec(EstimatorSpec):
    """Random forest: the mean of the shares of classes in the leaves of many trees.

    Breiman (2001), "Random forests". Leaves of several clips give smoother probabilities (Malley et
    al., 2012, "Probability machines").

    Attributes:
        trees: How many.
        leaf: Least clips in a leaf.
    """

    steps = True
    exportable = True
    calibrates = True
    trusted = ("sklearn.tree._tree.Tree",)

    trees: int = parameter(200, 1, 2_000, "Number of trees", "trees")
    leaf: int = parameter(
        5, 1, 1_000, "Least training clips in a leaf: more are simpler", "clips", searched=(1, 50)
    )

    def estimator(self, seed: int) -> Any:
        """Classifier of scikit-learn, not fitted yet."""
        from sklearn.ensemble import RandomForestClassifier

        return RandomForestClassifier(
            n_estimators=self.trees, min_samples_leaf=self.leaf, random_state=seed
        )

    def scores(self, estimator: Any, inputs: Floats) -> Floats:
        """Logarithms of the shares, as if one more tree knew nothing: none is zero."""
        found = estimator.predict_proba(inputs)
        classes = found.shape[1]
        return np.asarray(np.log((found * self.trees + 1 / classes) / (self.trees + 1)))

    def equivalent(self, estimator: Any) -> nn.Module:
        """The trees as tensors."""
        return ForestLayers(estimator)

    def cost(self, values: float) -> float:
        """Of the order of the square root of the numbers, for every tree."""
        return 2 + 0.02 * self.trees * float(values**0.5)

    @property
    def words(self) -> str:
        """What it is, within a sentence."""
        return f"a random forest of {self.trees} trees on {self.channels * self.bins} numbers"


class ForestLayers(nn.Module):
    """A fitted random forest as layers of torch.

    Args:
        estimator: Fitted.
    """

    def __init__(self, estimator: Any) -> None:
        super().__init__()
        self.classes = len(estimator.classes_)
        self.trees = Trees([_tree(each.tree_) for each in estimator.estimators_])
        self.count = len(estimator.estimators_)

    def forward(self, x: Tensor) -> Tensor:
        """Scores, (batch, inputs) -> (batch, estimator classes)."""
        votes = self.trees(x).sum(1)
        scores: Tensor = ((votes + 1 / self.classes) / (self.count + 1)).log()
        return scores


def _tree(tree: Any) -> Tree:
    itself = np.arange(tree.node_count)
    leaf = tree.children_left < 0
    shares = tree.value[:, 0] / tree.value[:, 0].sum(axis=1, keepdims=True)
    return Tree(
        np.where(leaf, 0, tree.feature).astype(np.intp),
        tree.threshold,
        np.where(leaf, itself, tree.children_left).astype(np.intp),
        np.where(leaf, itself, tree.children_right).astype(np.intp),
        shares,
    )


__all__ = ["ForestLayers", "ForestSpec"]
