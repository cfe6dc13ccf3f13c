"""Multinomial logistic regression of scikit-learn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from torch import nn

from ser_core.core import parameter
from ser_core.features.representations import FEATURES, SUMMARY
from ser_core.models.networks.base import network
from ser_core.models.networks.estimator import SCIKIT_LEARN, EstimatorSpec, linear_layer


@network(
    "logistic",
    title="Logistic regression",
    accepts=(SUMMARY, FEATURES),
    learner=SCIKIT_LEARN,
)
@dataclass(frozen=True, kw_only=True)
class LogisticSpec(EstimatorSpec):
    """Multinomial logistic regression with an L2 penalty, on the mean of each feature over a clip.

    Attributes:
        c: Inverse of the penalty.
        iterations: Most steps of the solver (L-BFGS).
    """

    exportable = True

    c: float = parameter(
        0.01, 1e-6, 1e4, "C, the inverse of the L2 penalty: smaller is simpler", searched=(1e-5, 1)
    )
    iterations: int = parameter(500, 10, 10_000, "Most steps of the solver (L-BFGS)")

    def estimator(self, seed: int) -> Any:
        """Classifier of scikit-learn, not fitted yet."""
        from sklearn.linear_model import LogisticRegression

        return LogisticRegression(C=self.c, max_iter=self.iterations, random_state=seed)

    def equivalent(self, estimator: Any) -> nn.Module:
        """The same as a linear layer."""
        return linear_layer(estimator)

    @property
    def words(self) -> str:
        """What it is, within a sentence."""
        return f"a logistic regression on {self.channels * self.bins} numbers"
