"""Optimised weights compared: against simpler pools, and without each member."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd

from ser_core.ensemble.crossfit import POOLED, Crossfit, crossfit
from ser_core.ensemble.member_predictions import MemberPredictions
from ser_core.ensemble.options import Options
from ser_core.evaluation import Comparison, Predictions, compare, interval

FIGURES = ("uar", "wa", "nll", "ece", "brier")
"""What contestants are compared by."""

RESAMPLES = 2000


def comparison(found: Crossfit, *, by_speaker: bool) -> pd.DataFrame:
    """Every contestant's figures, and how far each is from the optimised pool's.

    Args:
        found: Predictions on clips that shaped no pool they are scored with.
        by_speaker: Whether speakers are the units of the intervals.

    Returns:
        A row a contestant and figure: `contestant`, `figure`, `value`, `low`, `high`, `how`; and
        the paired difference, ensemble minus contestant: `difference`, `difference_low`,
        `difference_high`, `p` (all None for the ensemble itself).
    """
    rows = []
    for name, predictions in found.predictions.items():
        for figure in FIGURES:
            own = interval(predictions, figure, by_speaker=by_speaker)
            pair = _paired(found.predictions[POOLED], predictions, figure, by_speaker) if (
                name != POOLED
            ) else None  # fmt: skip
            rows.append(
                {
                    "contestant": name, "figure": figure, "value": own.value, "low": own.low,
                    "high": own.high, "how": own.how, **_difference(pair),
                }
            )  # fmt: skip
    return pd.DataFrame(rows)


def left_out(
    stack: MemberPredictions,
    found: Crossfit,
    options: Options,
    fit_on: str,
    *,
    by_speaker: bool,
    done: Callable[[], None] = lambda: None,
) -> pd.DataFrame:
    """What each member adds: all pools fitted anew without it, and measured alike.

    Returns:
        A row a member and figure (UAR and NLL): `member`, `figure`, `without` (the figure without
        it), and the paired change that leaving it out makes: `difference`, `difference_low`,
        `difference_high`, `p`.
    """
    trials = max(1, options.trials // 4)
    rows = []
    for name in stack.names:
        rest = crossfit(
            stack.without(name), options, fit_on, by_speaker=by_speaker, trials=trials,
            only=(POOLED,), done=done,
        )  # fmt: skip
        for figure in ("uar", "nll"):
            pair = _paired(rest.predictions[POOLED], found.predictions[POOLED], figure, by_speaker)
            rows.append({"member": name, "figure": figure, "without": pair.a, **_difference(pair)})
    return pd.DataFrame(rows)


def _paired(one: Predictions, two: Predictions, figure: str, by_speaker: bool) -> Comparison:
    return compare(one, two, figure, by_speaker=by_speaker, resamples=RESAMPLES)


def _difference(pair: Comparison | None) -> dict[str, Any]:
    if pair is None:
        return dict.fromkeys(("difference", "difference_low", "difference_high", "p"))
    return {
        "difference": pair.difference,
        "difference_low": pair.low,
        "difference_high": pair.high,
        "p": pair.p,
    }
