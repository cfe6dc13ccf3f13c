"""k-nearest neighbours of scikit-learn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from ser_core.core import parameter
from ser_core.features.representations import FEATURES, SUMMARY
from ser_core.models.networks.base import network
from ser_core.models.networks.estimator import (
    SCIKIT_LEARN,
    EstimatorSpec,
    Floats,
    Indices,
)


@network(
    "knn",
    title="k-nearest neighbours",
    accepts=(SUMMARY, FEATURES),
    learner=SCIKIT_LEARN,
)
@dataclass(frozen=True, kw_only=True)
class NeighboursSpec(EstimatorSpec):
    """The classes of the nearest training clips, by Euclidean distance.

    Cover & Hart (1967), "Nearest neighbor pattern classification". The model holds the features of
    the training clips, `most` of them. A model that normalises by speaker holds each clip twice.

    Attributes:
        k: Neighbours that are asked.
        most: Training clips that are kept, drawn at random where there are more.
    """

    steps = True
    exportable = True
    calibrates = True
    weighted = False

    k: int = parameter(
        5, 1, 1_000, "Nearest training clips that are asked", "clips", searched=(1, 100)
    )
    most: int = parameter(10_000, 10, 100_000, "Most training clips that are kept", "clips")

    def estimator(self, seed: int) -> Any:  # noqa: ARG002  (nothing is drawn)
        """Classifier of scikit-learn, not fitted yet."""
        from sklearn.neighbors import KNeighborsClassifier

        return KNeighborsClassifier(n_neighbors=self.k, algorithm="brute")

    def chosen(self, classes: npt.NDArray[np.integer[Any]], seed: int) -> slice | Indices:
        """All clips, or `most` of them at random.

        Raises:
            ParameterError: If there are fewer clips than neighbours.
        """
        count = min(len(classes), self.most)
        self.require(
            self.k <= count, "k", f"not exceed the {count} training clips", "Ask fewer neighbours"
        )
        if len(classes) <= self.most:
            return slice(None)
        return np.sort(np.random.default_rng(seed).permutation(len(classes))[: self.most])

    def scores(self, estimator: Any, inputs: Floats) -> Floats:
        """Logarithms of votes plus one (Laplace's rule): no class is impossible for want of one."""
        return np.asarray(np.log(estimator.predict_proba(inputs) * self.k + 1))

    def equivalent(self, estimator: Any) -> nn.Module:
        """Distances to the kept clips, the least of them, and their votes."""
        return NeighbourVotes(estimator)

    def cost(self, values: float) -> float:
        """Nothing is fitted; each clip is compared with all."""
        return 0.3 + 1e-2 * values

    @property
    def words(self) -> str:
        """What it is, within a sentence."""
        numbers = self.channels * self.bins
        return f"a vote of the {self.k} nearest training clips by {numbers} numbers"


class NeighbourVotes(nn.Module):
    """Fitted nearest neighbours as layers of torch.

    Args:
        estimator: Fitted.
    """

    def __init__(self, estimator: Any) -> None:
        super().__init__()
        self.k = int(estimator.n_neighbors)
        self.clips: Tensor
        self.votes: Tensor
        clips = torch.as_tensor(np.asarray(estimator._fit_X), dtype=torch.float32)
        self.register_buffer("clips", clips)
        own = torch.as_tensor(np.asarray(estimator._y, dtype=int))
        self.register_buffer("votes", nn.functional.one_hot(own, len(estimator.classes_)).float())

    def forward(self, x: Tensor) -> Tensor:
        """Scores, (batch, inputs) -> (batch, estimator classes)."""
        # The square of x itself is the same for all clips, and left out.
        distances = self.clips.square().sum(1) - 2 * x @ self.clips.T
        nearest = distances.topk(self.k, dim=1, largest=False).indices
        scores: Tensor = (self.votes[nearest].sum(1) + 1).log()
        return scores


__all__ = ["NeighbourVotes", "NeighboursSpec"]
