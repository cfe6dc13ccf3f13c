"""Support vector machines of scikit-learn, with a linear and with a Gaussian (RBF) kernel."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ser_core.core import parameter
from ser_core.features.representations import FEATURES, SUMMARY
from ser_core.models.networks.base import network
from ser_core.models.networks.estimator import (
    SCIKIT_LEARN,
    EstimatorSpec,
    Floats,
    linear_layer,
)


@network(
    "svm-linear",
    title="Linear SVM",
    accepts=(SUMMARY, FEATURES),
    learner=SCIKIT_LEARN,
)
@dataclass(frozen=True, kw_only=True)
class LinearSvmSpec(EstimatorSpec):
    """Linear support vector machine, one class against the rest, on the mean of each feature.

    Cortes & Vapnik (1995), "Support-vector networks"; solved by liblinear (Fan et al., 2008).

    Attributes:
        c: Inverse of the penalty.
        iterations: Most steps of the solver.
    """

    exportable = True
    calibrates = True

    c: float = parameter(
        1.0,
        1e-6,
        1e4,
        "C, the inverse of the L2 penalty: smaller is simpler",
        searched=(1e-4, 10),
    )
    iterations: int = parameter(1000, 10, 100_000, "Most steps of the solver (liblinear)")

    def estimator(self, seed: int) -> Any:
        """Classifier of scikit-learn, not fitted yet."""
        from sklearn.svm import LinearSVC

        return LinearSVC(C=self.c, max_iter=self.iterations, random_state=seed)

    def scores(self, estimator: Any, inputs: Floats) -> Floats:
        """Distances from the planes, (clips, estimator classes)."""
        return _two(estimator.decision_function(inputs))

    def equivalent(self, estimator: Any) -> nn.Module:
        """The same as a linear layer."""
        return linear_layer(estimator)

    @property
    def words(self) -> str:
        """What it is, within a sentence."""
        return f"a linear support vector machine on {self.channels * self.bins} numbers"


@network(
    "svm-rbf",
    title="SVM, RBF kernel",
    accepts=(SUMMARY, FEATURES),
    learner=SCIKIT_LEARN,
)
@dataclass(frozen=True, kw_only=True)
class RbfSvmSpec(EstimatorSpec):
    """Support vector machine with a Gaussian kernel, one class against one, by libsvm.

    The score of a class is the sum of soft votes, the hyperbolic tangents of its margins against
    all others. libsvm counts whole votes, which jump; soft ones change steadily, and can be
    calibrated. Cortes & Vapnik (1995); Chang & Lin (2011), "LIBSVM"; soft votes as in Hastie &
    Tibshirani (1998), "Classification by pairwise coupling".

    Attributes:
        c: Inverse of the penalty.
        gamma: Of the kernel exp(-gamma d²), times the number of inputs and their variance.
    """

    exportable = True
    calibrates = True

    c: float = parameter(
        1.0,
        1e-6,
        1e4,
        "C, the inverse of the L2 penalty: smaller is simpler",
        searched=(0.1, 100),
    )
    gamma: float = parameter(
        1.0,
        1e-4,
        1e4,
        "Sharpness of the kernel, times 1 / (inputs x variance)",
        searched=(0.05, 5),
    )

    def estimator(self, seed: int) -> Any:
        """Classifier of scikit-learn, not fitted yet."""
        from sklearn.svm import SVC

        gamma: Any = "scale" if self.gamma == 1 else self.gamma / (self.channels * self.bins)
        return SVC(
            C=self.c,
            kernel="rbf",
            gamma=gamma,
            decision_function_shape="ovo",
            cache_size=500,
            random_state=seed,
        )

    def scores(self, estimator: Any, inputs: Floats) -> Floats:
        """Sums of the soft votes for each class, (clips, estimator classes)."""
        margins, classes = estimator.decision_function(inputs), len(estimator.classes_)
        if classes == 2:
            return _two(margins)
        return np.asarray(np.tanh(margins) @ _sums(classes).numpy())

    def equivalent(self, estimator: Any) -> nn.Module:
        """The kernel and its sums as layers of torch."""
        return KernelMachine(estimator)

    def cost(self, values: float) -> float:
        """As many kernels as there are support vectors, of all numbers each."""
        return 2 + 1e-2 * values

    @property
    def words(self) -> str:
        """What it is, within a sentence."""
        return f"a support vector machine with an RBF kernel on {self.channels * self.bins} numbers"


class KernelMachine(nn.Module):
    """A fitted SVC with an RBF kernel as layers of torch.

    Args:
        estimator: Fitted.
    """

    def __init__(self, estimator: Any) -> None:
        super().__init__()
        self.classes = len(estimator.classes_)
        self.gamma = float(estimator._gamma)
        self.vectors: Tensor
        self.register_buffer("vectors", _floats(estimator.support_vectors_))
        coefficients, biases = _pairs(estimator)
        self.margins = nn.Linear(*coefficients.shape)
        with torch.no_grad():
            self.margins.weight.copy_(_floats(coefficients.T))
            self.margins.bias.copy_(_floats(biases))
        self.sums: Tensor
        self.register_buffer("sums", _sums(self.classes).float())

    def forward(self, x: Tensor) -> Tensor:
        """Scores, (batch, inputs) -> (batch, estimator classes)."""
        norms = x.square().sum(1, keepdim=True) + self.vectors.square().sum(1)
        squares = (norms - 2 * x @ self.vectors.T).clamp(min=0)
        margins = self.margins(torch.exp(-self.gamma * squares))
        if self.classes == 2:
            return torch.cat([torch.zeros_like(margins), -margins], dim=1)
        scores: Tensor = margins.tanh() @ self.sums
        return scores


def _pairs(estimator: Any) -> tuple[Floats, Floats]:
    """Weights of the support vectors in the margin of each pair, (vectors, pairs), and biases.

    A row of `_dual_coef_` holds a vector's weight against each other class in turn. A margin above
    0 is in favour of the first class of the pair.
    """
    dual, biases = np.asarray(estimator._dual_coef_), np.asarray(estimator._intercept_)
    ends = np.cumsum(estimator._n_support)
    spans = [slice(end - own, end) for own, end in zip(estimator._n_support, ends, strict=True)]
    pairs = list(combinations(range(len(spans)), 2))
    weights = np.zeros((dual.shape[1], len(pairs)))
    for number, (first, second) in enumerate(pairs):
        weights[spans[first], number] = dual[second - 1, spans[first]]
        weights[spans[second], number] = dual[first, spans[second]]
    return weights, biases


def _sums(classes: int) -> Tensor:
    """From values of pairs to their sums by class, (pairs, classes)."""
    pairs = list(combinations(range(classes), 2))
    table = torch.zeros(len(pairs), classes, dtype=torch.float64)
    for number, (first, second) in enumerate(pairs):
        table[number, first], table[number, second] = 1.0, -1.0
    return table


def _two(margins: Floats) -> Floats:
    """Scores of two classes where there is one margin, in favour of the second."""
    return margins if margins.ndim == 2 else np.stack([np.zeros_like(margins), margins], axis=1)


def _floats(values: Any) -> Tensor:
    return torch.as_tensor(np.asarray(values), dtype=torch.float32)


__all__ = ["KernelMachine", "LinearSvmSpec", "RbfSvmSpec"]
