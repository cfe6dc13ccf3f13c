"""How far weights are due to the clips they happened to be fitted on."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from ser_core.ensemble.options import NLL
from ser_core.ensemble.search import Problem, SearchResult
from ser_core.ensemble.shrinkage import mixed

Floats = npt.NDArray[np.float64]

RESAMPLES = 1000
LEVEL = 0.95
TIE = 1e-7
"""How much surprise counts beside a wrong prediction: never as much as one."""


def stability(
    problem: Problem,
    found: SearchResult,
    *,
    resamples: int = RESAMPLES,
    seed: int = 0,
    level: float = LEVEL,
) -> pd.DataFrame:
    """Interval of each weight: of the weights that were tried, which win when the clips change?

    Clips (or whole speakers) are drawn with replacement, and every trial of the search is scored on
    the draw; the winner's weights are one replicate. Nothing is searched anew, so the intervals are
    as fine as the trials are dense.

    Args:
        problem: Rows the weights were fitted on.
        found: The search.
        resamples: How many draws.
        seed: Of the draws.
        level: Confidence, 0 to 1.

    Returns:
        A row a member: `member`, `weight`, `low`, `high`, and `asked`, the share of the draws in
        which it has any weight.
    """
    times, codes = _draws(problem, resamples=resamples, seed=seed)
    winners = found.tried[_winners(problem, found, times, codes)]
    replicates = mixed(problem, winners, found.share)
    tail = (1 - level) / 2
    low, high = np.quantile(replicates, [tail, 1 - tail], axis=0)
    return pd.DataFrame(
        {
            "member": list(found.names),
            "weight": found.weights,
            "low": np.minimum(low, found.weights),
            "high": np.maximum(high, found.weights),
            "asked": (replicates > 0).mean(axis=0),
        }
    )


def _draws(problem: Problem, *, resamples: int, seed: int) -> tuple[Floats, npt.NDArray[np.intp]]:
    """How often each unit is drawn, (resamples, units), and the unit of each row."""
    column = "speaker" if problem.by_speaker else "clip"
    codes, names = pd.factorize(problem.stack.rows.table[column].fillna("?"), sort=True)
    generator = np.random.default_rng(seed)
    chances = np.full(len(names), 1 / len(names))
    return generator.multinomial(len(names), chances, size=resamples).astype(np.float64), codes


def _winners(
    problem: Problem, found: SearchResult, times: Floats, codes: npt.NDArray[np.intp]
) -> npt.NDArray[np.intp]:
    """The trial with the least loss in each draw. Shape (resamples,)."""
    losses = np.stack([_losses(problem, weights) for weights in found.tried], axis=1)
    penalties = np.array([problem.penalty(weights) for weights in found.tried])
    if problem.options.objective != "uar":
        sums = times @ _summed(losses, codes)
        rows = times @ _summed(np.ones((len(codes), 1)), codes)
        return np.asarray((sums / rows + penalties).argmin(axis=1))
    total = np.zeros((len(times), len(found.tried)))
    for number in np.flatnonzero(problem.support):
        own = (problem.true == number).astype(np.float64)[:, None]
        rows = times @ _summed(own, codes)
        wrong = times @ _summed(losses * own, codes)
        total += np.divide(wrong, rows, out=np.zeros_like(wrong), where=rows > 0)
    return np.asarray(total.argmin(axis=1))


def _losses(problem: Problem, weights: Floats) -> Floats:
    """Losses of the rows; where they are right or wrong, the surprise breaks ties."""
    losses = problem.losses(weights)
    return losses if problem.options.objective == NLL else losses + TIE * problem.surprise(weights)


def _summed(values: Floats, codes: npt.NDArray[np.intp]) -> Floats:
    """Sums over the rows of each unit. (rows, columns) -> (units, columns)."""
    sums = np.zeros((int(codes.max()) + 1, values.shape[1]))
    np.add.at(sums, codes, values)
    return sums
