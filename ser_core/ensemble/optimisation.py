"""From members to an evaluated ensemble: weights, calibration and evaluation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ser_core.core import ParameterError
from ser_core.ensemble.compare import comparison, left_out
from ser_core.ensemble.crossfit import (
    POOLED,
    SINGLE,
    Crossfit,
    best_single,
    chosen_rows,
    crossfit,
    fitting_rows,
    fold_weights,
)
from ser_core.ensemble.error_overlap import error_overlap
from ser_core.ensemble.fitting import fitted, weight_intervals
from ser_core.ensemble.member_predictions import MemberPredictions
from ser_core.ensemble.members import Team
from ser_core.ensemble.options import OUT_OF_FOLD, Options
from ser_core.ensemble.search import EQUAL, FLAT, Problem, SearchResult, Watch
from ser_core.evaluation import Predictions, Rejection, Report, reject, report, threshold_for
from ser_core.models.pooling import Pool

Floats = npt.NDArray[np.float64]
Progress = Callable[[int, int], None]


@dataclass(frozen=True, eq=False)
class Study:
    """What a search for an ensemble came to.

    Attributes:
        team: The members.
        options: Options of the search.
        fit_on: Rows the weights were fitted on: "validation" or "out-of-fold".
        fitting_clips: How many clips those are.
        pool: For use: fitted on all of them.
        found: The search behind it.
        weights: A row a member: `member`, `weight`, `low`, `high`, `asked`, `importance` (NaN
            where no weights were searched), and `alone`, the objective of the member by itself on
            the rows of the fit.
        crossed: Predictions on test clips, each by a pool that was fitted without it.
        report: Figures of these predictions, calibrated.
        before: The same before calibration.
        comparison: Against equal weights and the best single member; see `compare.comparison`.
        left_out: Without each member; see `compare.left_out`.
        overlap: Shared errors of pairs of members.
        single: Name of the best single member on the rows of the fit.
        threshold: Confidence below which a prediction is "uncertain"; None where the wanted risk is
            out of reach.
        rejection: What that does on test clips, by thresholds fitted without them.
        notes: What the reader should know, as sentences.
    """

    team: Team
    options: Options
    fit_on: str
    fitting_clips: int
    pool: Pool
    found: SearchResult
    weights: pd.DataFrame
    crossed: Crossfit
    report: Report
    before: Report
    comparison: pd.DataFrame
    left_out: pd.DataFrame
    overlap: pd.DataFrame
    single: str
    threshold: float | None
    rejection: Rejection | None
    notes: tuple[str, ...]

    @property
    def predictions(self) -> Predictions:
        """Calibrated predictions on the test clips, each by a pool that was fitted without it."""
        return self.crossed.predictions[POOLED]


def optimise(
    team: Team,
    options: Options,
    *,
    progress: Progress = lambda _done, _total: None,
    watch: Watch | None = None,
) -> Study:
    """Fit the pool, and measure it on clips that it was not fitted on.

    Args:
        team: Members.
        options: Options of the search.
        progress: Called with (steps done, steps in all).
        watch: Called for each trial of the search for the pool for use.

    Raises:
        EvaluationError: If the rows to fit on are missing.
    """
    stack, by_speaker = team.stack, team.by_speaker
    fit_on = chosen_rows(stack, options.fit_on)
    steps = _Steps(progress, stack)
    problem = Problem(fitting_rows(stack, fit_on), options, by_speaker)
    pool, found = fitted(problem, watch=watch, explain=True)
    steps.done()
    every = crossfit(stack, options, fit_on, by_speaker=by_speaker, done=steps.done)
    without = left_out(stack, every, options, fit_on, by_speaker=by_speaker, done=steps.done)
    weights = weight_intervals(problem, found, seed=options.seed)
    test = stack.where(stack.column("part") == "test", name="part 'test'")
    threshold, rejection, note = _rejecting(
        stack, every, pool, problem, options, fit_on, by_speaker
    )
    study = Study(
        team, options, fit_on, problem.stack.rows.table["clip"].nunique(), pool, found,
        _described(weights, found, problem), every, report(every.predictions[POOLED], team.audit),
        report(every.plain, team.audit), comparison(every, by_speaker=by_speaker), without,
        error_overlap(test), best_single(problem), threshold, rejection,
        tuple(filter(None, [*_notes(every, found, fit_on), note])),
    )  # fmt: skip
    steps.done()
    return study


class _Steps:
    """Fits as steps: one for use, three a fold, one a fold and member left out, and the rest."""

    def __init__(self, progress: Progress, stack: MemberPredictions) -> None:
        part, fold = stack.column("part"), stack.column("fold")
        folds = len(set(fold[part == "test"]))
        self.total, self.count = 2 + folds * (1 + len(stack.names)), 0
        self.progress = progress
        progress(0, self.total)

    def done(self) -> None:
        self.count += 1
        self.progress(self.count, self.total)


def _described(weights: pd.DataFrame, found: SearchResult, problem: Problem) -> pd.DataFrame:
    losses = np.array([problem.loss(row) for row in np.eye(len(found.names))])
    up = problem.options.objective != "nll"
    importances = [found.importances.get(name, np.nan) for name in found.names]
    return weights.assign(importance=importances, alone=1 - losses if up else losses)


def _rejecting(
    stack: MemberPredictions,
    every: Crossfit,
    pool: Pool,
    problem: Problem,
    options: Options,
    fit_on: str,
    by_speaker: bool,
) -> tuple[float | None, Rejection | None, str]:
    """Threshold for use, and what thresholds fitted fold by fold do on the folds' test clips."""
    from ser_core.ensemble.crossfit import crossfit_folds

    try:
        threshold = _threshold(problem.stack, pool, options.risk)
    except ParameterError as error:
        return None, None, f"Every prediction is uncertain: {error.problem}."
    predictions = every.predictions[POOLED]
    confident = predictions.probabilities.max(axis=1)
    margins = np.full(len(confident), np.inf)
    for turn in crossfit_folds(stack, fit_on, by_speaker=by_speaker):
        try:
            own = _threshold(turn.fitting, every.pools[POOLED][turn.fold], options.risk)
        except ParameterError:
            continue  # no prediction of this fold is sure enough
        margins[turn.scored] = own
    given = confident >= margins
    return threshold, _rejection(predictions, given, threshold), ""


def _threshold(stack: MemberPredictions, pool: Pool, risk: float) -> float:
    table = stack.rows.with_probabilities(pool(stack.probabilities)).table
    held_out = Predictions(table.assign(part="validation", fold=np.arange(len(table))))
    return threshold_for(held_out, risk, sure=True).threshold


def _rejection(
    predictions: Predictions, given: npt.NDArray[np.bool_], threshold: float
) -> Rejection | None:
    """Coverage and risk of the predictions that were given."""
    if not given.any():
        return Rejection(threshold, 0.0, None, None, None, 0)
    found = reject(predictions.where(given), 0.0)
    return Rejection(
        threshold,
        float(given.mean()),
        found.risk,
        found.risk_low,
        found.risk_high,
        found.answered,
    )


def _notes(every: Crossfit, found: SearchResult, fit_on: str) -> list[str]:
    notes = []
    stacked = any(pool.kind == "stacking" for pool in every.pools[POOLED].values())
    if stacked and not found.losses.any():
        notes.append(
            "The clips of the fit are too few to choose the penalty by cross-validation: the "
            "strongest is used."
        )
    elif len(found.losses) > 1 and float(np.ptp(found.losses)) < FLAT:
        notes.append("All weights score the same, so they are equal: the members predict alike.")
    if found.share < 1:
        notes.append(
            f"Shrinkage: {100 * (1 - found.share):.0f} % of the weights is equal shares, as far "
            "as cross-validation on the clips of the fit favours."
        )
    singles = sorted(set(every.singles.values()))
    if len(singles) > 1:
        notes.append(f"The best single member differs between folds: {', '.join(singles)}.")
    if len(every.pools[POOLED]) > 1:
        rows = np.array(list(fold_weights(every).values()))
        notes.append(
            f"Between folds a weight varies by at most {float(np.ptp(rows, axis=0).max()):.2f}."
        )
    if fit_on == OUT_OF_FOLD:
        notes.append(
            "Weights, temperature and threshold for the clips of a fold come from the test clips "
            "of all other folds."
        )
    return notes


def summary(study: Study) -> dict[str, Any]:
    """What came of it, as plain values for JSON."""
    report_, before = study.report, study.before
    figures = ("uar", "wa", "macro_f1", "nll", "brier", "ece")
    return {
        "metrics": {name: _figure(report_.figures[name]) for name in figures},
        "before": {name: _figure(before.figures[name]) for name in ("nll", "brier", "ece")},
        "reliability": {"before": list(before.reliability), "after": list(report_.reliability)},
        "ece_by_chance": report_.ece_by_chance,
        "test_clips": report_.n,
        "fitting_clips": study.fitting_clips,
        "weights": records(study.weights),
        "fold_weights": {str(k): list(v) for k, v in fold_weights(study.crossed).items()},
        "comparison": records(study.comparison),
        "left_out": records(study.left_out),
        "overlap": records(study.overlap),
        "best_single": study.single,
        "rejection": None if study.rejection is None else vars(study.rejection),
        "notes": list(study.notes),
    }


def _figure(found: Any) -> dict[str, Any]:
    ends = {"value": found.value, "low": found.low, "high": found.high}
    return {**ends, "method": f"{found.method} over {found.units} {found.over}"}


def records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows as plain values; what does not exist is None."""
    plain = table.astype(object)
    rows = plain.where(plain.notna(), None).to_dict("records")
    return [{str(name): value for name, value in row.items()} for row in rows]


__all__ = ["EQUAL", "POOLED", "SINGLE", "Study", "optimise", "summary"]
