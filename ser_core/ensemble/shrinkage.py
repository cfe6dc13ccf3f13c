"""Shrinkage of weights towards equal ones, as far as the clips of the fit require.

On a few hundred clips the best weights are best by luck in part, and equal ones, which have no such
luck, often do better on others. Between the two lies a line; how far to go along it is decided by
cross-validation within the clips of the fit, in favour of equal weights: the least share of the
searched ones that is not clearly worse than the best share (the one-standard-error rule; Breiman et
al., 1984).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from ser_core.ensemble.options import SHRUNK
from ser_core.ensemble.search import Problem, SearchResult, Watch, search

Floats = npt.NDArray[np.float64]

SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)
FOLDS = 5


def searched(
    problem: Problem,
    *,
    trials: int | None = None,
    watch: Watch | None = None,
    explain: bool = False,
) -> SearchResult:
    """As `search`; the weights moved towards equal ones where the options ask for that."""
    found = search(problem, trials=trials, watch=watch, explain=explain)
    if problem.options.weights != SHRUNK or len(found.losses) < 2:
        return found
    share = shrinkage_weight(problem, found)
    return replace(found, weights=mixed(problem, found.weights, share), share=share)


def mixed(problem: Problem, weights: Floats, share: float) -> Floats:
    """Weights so far on the way from equal ones. Shape of the weights."""
    equal = problem.pooling.equal(len(problem.stack.names))
    return np.asarray((1 - share) * equal + share * weights)


def shrinkage_weight(problem: Problem, found: SearchResult) -> float:
    """Share of the searched weights that the clips of the fit justify, one of `SHARES`."""
    parts = parts_of(problem)
    balance = row_weights(problem)
    losses = np.stack([problem.losses(weights) for weights in found.tried], axis=1)
    held_out = np.zeros((len(parts), len(SHARES)))
    for part in range(FOLDS):
        own = parts == part
        if own.all() or not own.any():
            continue
        winner = found.tried[int((balance[~own] @ losses[~own]).argmin())]
        for column, share in enumerate(SHARES):
            held_out[own, column] = problem.losses(mixed(problem, winner, share))[own]
    return SHARES[least_clearly_good(held_out * balance[:, None] * len(parts))]


def least_clearly_good(losses: Floats) -> int:
    """First column whose mean loss is within a standard error of the least mean.

    Args:
        losses: Of each row, by column, the simplest column first. Shape (rows, columns).
    """
    best = int(losses.mean(axis=0).argmin())
    worse = losses - losses[:, [best]]
    error = worse.std(axis=0, ddof=1) / np.sqrt(len(losses))
    return int(np.flatnonzero(worse.mean(axis=0) <= error)[0])


def parts_of(problem: Problem) -> npt.NDArray[np.intp]:
    """Part of each row; clips, or speakers where the split keeps these apart, stay together."""
    column = "speaker" if problem.by_speaker else "clip"
    codes, names = pd.factorize(problem.stack.rows.table[column].fillna("?"), sort=True)
    deal = np.random.default_rng(problem.options.seed).permutation(len(names)) % FOLDS
    return np.asarray(deal[codes])


def row_weights(problem: Problem) -> Floats:
    """How much each row counts: alike, or for UAR so that every emotion counts alike; sums to 1."""
    if problem.options.objective != "uar":
        return np.full(len(problem.true), 1 / len(problem.true))
    counts = problem.support[problem.true]
    return np.asarray(1 / counts / (problem.support > 0).sum())
