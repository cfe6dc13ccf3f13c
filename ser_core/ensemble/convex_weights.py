"""Convex weights with the least NLL, where they can be computed without a search."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ser_core.evaluation.calibration import COLDEST, HOTTEST
from ser_core.models.pooling import HIGHEST, logs

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.intp]

STEPS = 300


def linear_weights(probabilities: Floats, true: Codes) -> Floats:
    """Weights on the simplex with the least NLL of the linear pool, by expectation-maximisation.

    The likelihood of a mixture of fixed components is concave in its weights (Dempster, Laird &
    Rubin, 1977), so there is one summit.

    Args:
        probabilities: Shape (members, rows, classes).
        true: Shape (rows,).

    Returns:
        Shape (members,).
    """
    of_true = np.maximum(probabilities[:, np.arange(len(true)), true], 1e-12)
    weights = np.full(len(of_true), 1 / len(of_true))
    for _ in range(STEPS):
        new = weights * (of_true / (weights @ of_true)).mean(axis=1)
        if np.abs(new - weights).max() < 1e-7:
            break
        weights = new
    return np.asarray(weights / weights.sum())


def log_linear_weights(probabilities: Floats, true: Codes, l1: float) -> Floats:
    """Weights with the least NLL of the log-linear pool plus `l1` times their sum.

    The loss is convex in the weights: it is a multinomial logistic regression whose features are
    the members' log-probabilities. A positive `l1` makes some weights exactly zero.

    Args:
        probabilities: Shape (members, rows, classes).
        true: Shape (rows,).
        l1: Penalty, from 0 up.

    Returns:
        Shape (members,), 0 to `HIGHEST`.
    """
    from scipy.optimize import minimize

    known = logs(probabilities)
    of_true = known[:, np.arange(len(true)), true].mean(axis=1)

    def loss(weights: Floats) -> tuple[float, Floats]:
        scores = np.tensordot(weights, known, axes=1)
        top = scores.max(axis=1, keepdims=True)
        likely = np.exp(scores - top)
        total = likely.sum(axis=1, keepdims=True)
        expected = np.einsum("mrc,rc->m", known, likely / total) / len(true)
        value = float((np.log(total) + top).mean() - weights @ of_true + l1 * weights.sum())
        return value, expected - of_true + l1

    start = np.full(len(known), 1 / len(known))
    found = minimize(loss, start, jac=True, bounds=[(0, HIGHEST)] * len(known), method="L-BFGS-B")
    return np.asarray(found.x)


def best_temperature(pooled: Floats, true: Codes, start: float = 1.0) -> float:
    """Temperature with the least NLL, as `fit_temperature` finds it, in a few Newton steps.

    For a search, which asks thousands of times.

    Args:
        pooled: Logarithms of probabilities, up to a constant a row. Shape (rows, classes).
        true: Shape (rows,).
        start: A temperature to begin at; the nearer the sooner.
    """
    scores = pooled - pooled.max(axis=1, keepdims=True)
    of_true = scores[np.arange(len(true)), true].mean()
    low, high, sharpness = 1 / HOTTEST, 1 / COLDEST, 1 / start
    for _ in range(20):
        likely = np.exp(sharpness * scores)
        total = likely.sum(axis=1)
        likely *= scores
        means = likely.sum(axis=1) / total
        slope = float(means.mean() - of_true)
        spread = np.einsum("rc,rc->r", likely, scores) / total - means**2
        curvature = float(spread.mean())
        low, high = (low, sharpness) if slope > 0 else (sharpness, high)
        step = sharpness - slope / curvature if curvature > 0 else -1.0
        new = step if low < step < high else (low + high) / 2
        if abs(new - sharpness) < 1e-3 * sharpness:
            sharpness = new
            break
        sharpness = new
    return 1 / sharpness
