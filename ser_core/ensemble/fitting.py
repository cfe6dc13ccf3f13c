"""The pool that some clips suggest: by a search for weights, or by stacking."""

from __future__ import annotations

import pandas as pd

from ser_core.ensemble.search import Problem, SearchResult, Watch, fit
from ser_core.ensemble.shrinkage import searched
from ser_core.ensemble.stacking import share_intervals, stacked
from ser_core.ensemble.weight_stability import stability
from ser_core.models.pooling import POOLINGS, Pool


def fitted(
    problem: Problem,
    *,
    trials: int | None = None,
    watch: Watch | None = None,
    explain: bool = False,
) -> tuple[Pool, SearchResult]:
    """Pool for use, and the search behind it.

    Args:
        problem: Rows and objective.
        trials: Weights to try, instead of the options'; stacking tries its penalties.
        watch: Called for each trial.
        explain: Whether to work out how important each weight is.

    Raises:
        ParameterError: If a penalty has left no member any weight.
    """
    if POOLINGS[problem.options.pooling].stacked:
        return stacked(problem, watch=watch)
    found = searched(problem, trials=trials, watch=watch, explain=explain)
    return fit(problem, found), found


def weight_intervals(problem: Problem, found: SearchResult, *, seed: int) -> pd.DataFrame:
    """Interval of each member's weight: `member`, `weight`, `low`, `high`, `asked`."""
    if POOLINGS[problem.options.pooling].stacked:
        return share_intervals(problem, found)
    return stability(problem, found, seed=seed)
