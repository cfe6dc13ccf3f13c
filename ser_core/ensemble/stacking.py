"""Stacking: coefficients for each member and pair of classes, by regularised logistic regression.

The members' log-probabilities are the features of a multinomial logistic regression (stacked
generalisation; Wolpert, 1992). Its L2 penalty pulls the coefficients towards the weights of the
log-linear pool of least NLL, so that few clips give that pool and not the shares of the classes,
and members that are too sure of themselves are calibrated all the same. How strong the
penalty is, cross-validation within the clips of the fit decides, in favour of the strongest that is
not clearly worse than the best (the one-standard-error rule; Breiman et al., 1984).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from ser_core.ensemble.convex_weights import log_linear_weights
from ser_core.ensemble.options import NLL
from ser_core.ensemble.search import Problem, SearchResult, Watch, surprise_of, wrong_in
from ser_core.ensemble.shrinkage import FOLDS, least_clearly_good, parts_of, row_weights
from ser_core.models.pooling import Pool, Stacking, centred, logs

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

PENALTIES = (10.0, 1.0, 0.1, 0.01, 0.001, 0.0001)
"""Penalties that are tried, the strongest first."""

LEVEL_OF_INTERVALS = 1.96
"""Standard errors to each side of a share."""


def stacked(problem: Problem, *, watch: Watch | None = None) -> tuple[Pool, SearchResult]:
    """The stacking of some members, and what the search for its penalty tried.

    Args:
        problem: Rows and objective; for UAR every class counts alike in the fit.
        watch: Called for each penalty.

    Returns:
        The pool, at temperature 1, since the regression is calibrated on the same rows; and the
        search, a trial a penalty, with the shares of the members' coefficients as weights and the
        cross-validated objective as loss.
    """
    losses = _cross_validated(problem)
    best = least_clearly_good(losses)
    fits = _path(problem, np.ones(len(problem.true), np.bool_))
    tried = np.array([each.shares for each in fits])
    means = losses.mean(axis=0)
    for number, (loss, shares) in enumerate(zip(means, tried, strict=True)):
        if watch is not None:
            watch(number, float(loss), shares)
    names = problem.stack.names
    found = SearchResult(
        tried[best], tried, means, tuple(f"penalty {each:g}" for each in PENALTIES),
        {}, problem.options.objective, names,
    )  # fmt: skip
    return Pool("stacking", fits[best].shares, stacking=fits[best]), found


def share_intervals(problem: Problem, found: SearchResult) -> pd.DataFrame:
    """Interval of each member's share: the fit without each part of the clips in turn.

    A delete-a-group jackknife (Kott, 2001) of the chosen penalty; parts hold whole speakers where
    the split keeps these apart.

    Returns:
        A row a member: `member`, `weight`, `low`, `high`, and `asked`, always 1.
    """
    penalty = PENALTIES[int(np.flatnonzero((found.tried == found.weights).all(axis=1))[0])]
    parts = parts_of(problem)
    used = [part for part in range(FOLDS) if 0 < (parts == part).sum() < len(parts)]
    shares = np.array([_path(problem, parts != part, (penalty,))[0].shares for part in used])
    shares = shares if len(shares) else found.weights[None]
    error = np.sqrt((len(shares) - 1) * shares.var(axis=0))
    return pd.DataFrame(
        {
            "member": list(found.names),
            "weight": found.weights,
            "low": np.maximum(0.0, found.weights - LEVEL_OF_INTERVALS * error),
            "high": np.minimum(1.0, found.weights + LEVEL_OF_INTERVALS * error),
            "asked": 1.0,
        }
    )


def _cross_validated(problem: Problem) -> Floats:
    """What each row adds to the objective's loss, fitted without its part. (rows, penalties)."""
    parts, balance = parts_of(problem), row_weights(problem)
    losses = np.zeros((len(parts), len(PENALTIES)))
    of_rows = surprise_of if problem.options.objective == NLL else wrong_in
    for part in range(FOLDS):
        own = parts == part
        if own.all() or not own.any():
            continue
        for column, stacking in enumerate(_path(problem, ~own)):
            scores = stacking(problem.stack.probabilities[:, own])
            losses[own, column] = of_rows(scores, problem.true[own])
    return losses * balance[:, None] * len(parts)


def _path(problem: Problem, rows: Mask, penalties: tuple[float, ...] = PENALTIES) -> list[Stacking]:
    """Fits on some rows, by penalty; each begins where the one before ended."""
    weights = row_weights(problem)[rows]
    probabilities, true = problem.stack.probabilities[:, rows], problem.true[rows]
    base = log_linear_weights(probabilities, true, 0.0)
    given, start, found = centred(logs(probabilities)), None, []
    for penalty in penalties:
        each = fitted_coefficients(given, true, weights / weights.sum(), base, penalty, start)
        found.append(each)
        start = each
    return found


def fitted_coefficients(
    given: Floats,
    true: npt.NDArray[np.intp],
    weights: Floats,
    base: Floats,
    penalty: float,
    start: Stacking | None = None,
) -> Stacking:
    """Coefficients with the least weighted NLL plus a penalty on the distance to some weights.

    The loss is strictly convex, so there is one minimum.

    Args:
        given: Centred log-probabilities, shape (members, rows, classes).
        true: Class of each row, shape (rows,).
        weights: How much each row counts, sum 1. Shape (rows,).
        base: Weights of the log-linear pool that the penalty pulls to, shape (members,).
        penalty: Half of it times the squared distance is added; of the intercept, too.
        start: Where to begin; the minimum does not depend on it.
    """
    from scipy.optimize import minimize

    members, rows, classes = given.shape
    pool = base[:, None, None] * np.eye(classes)
    wanted = np.eye(classes)[true]

    def loss(flat: Floats) -> tuple[float, Floats]:
        moved, intercept = _unflat(flat, members, classes)
        scores = np.einsum("mrc,mcd->rd", given, pool + moved, optimize=True) + intercept
        scores -= scores.max(axis=1, keepdims=True)
        total = np.log(np.exp(scores).sum(axis=1, keepdims=True))
        value = weights @ (total[:, 0] - scores[np.arange(rows), true])
        excess = weights[:, None] * (np.exp(scores - total) - wanted)
        slopes = np.einsum("mrc,rd->mcd", given, excess, optimize=True)
        slope = np.concatenate([slopes.ravel(), excess.sum(axis=0)])
        return float(value + penalty / 2 * flat @ flat), slope + penalty * flat

    first = np.zeros(members * classes * classes + classes)
    if start is not None:
        first = np.concatenate([(start.coefficients - pool).ravel(), start.intercept])
    found = minimize(loss, first, jac=True, method="L-BFGS-B", options={"maxiter": 500})
    moved, intercept = _unflat(found.x, members, classes)
    return Stacking.of(pool + moved, intercept)


def _unflat(flat: Floats, members: int, classes: int) -> tuple[Floats, Floats]:
    """Coefficients (members, classes, classes) and intercept (classes,) of one vector."""
    return flat[:-classes].reshape(members, classes, classes), flat[-classes:]
