"""Which rows weights are fitted on, and which they are then measured on: never the same.

For every fold the pool is fitted anew, without that fold's test clips:

- `validation`: on the fold's own validation clips. In a split of one fold there is nothing else.
- `out-of-fold`: on the test clips of all other folds, each by a model that did not train on
  it. Clips of the fold's own test speakers are left out where the split keeps speakers apart. The
  models of the other folds did train on these speakers; that is how their predictions differ, and
  a few weights cannot carry a speaker over.

So no figure comes from a clip that shaped the pool it is scored with. The pool for use
is fitted on all those rows together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ser_core.core import EvaluationError
from ser_core.ensemble.fitting import fitted
from ser_core.ensemble.member_predictions import MemberPredictions
from ser_core.ensemble.options import AUTO, OUT_OF_FOLD, VALIDATION, Options
from ser_core.ensemble.search import EQUAL, Problem, tempered
from ser_core.evaluation import Predictions
from ser_core.models import ensemble_terms
from ser_core.models.pooling import Pool

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

POOLED, SINGLE = ensemble_terms.POOLED, ensemble_terms.SINGLE
CONTESTANTS = (POOLED, EQUAL, SINGLE)
"""The optimised pool, and the two simpler ones it is compared with."""


def chosen_rows(stack: MemberPredictions, asked: str) -> str:
    """What to fit on, `validation` or `out-of-fold`, where it is left to us.

    Raises:
        EvaluationError: If there is but one fold and out-of-fold rows are asked for, or there are
            no validation rows and these are.
    """
    folds = len(set(stack.column("fold")))
    has_validation = bool((stack.column("part") == VALIDATION).any())
    if asked == OUT_OF_FOLD and folds < 2:
        raise EvaluationError(
            "the runs have one fold, so there are no out-of-fold predictions",
            subject="fit_on = out-of-fold",
            remedy="Fit on validation clips",
        )  # fmt: skip
    if asked == VALIDATION and not has_validation:
        raise EvaluationError(
            "the runs have no validation clips", subject="fit_on = validation",
            remedy="Fit on out-of-fold clips",
        )  # fmt: skip
    if asked != AUTO:
        return asked
    return OUT_OF_FOLD if folds > 2 or not has_validation else VALIDATION


def fitting_rows(stack: MemberPredictions, fit_on: str) -> MemberPredictions:
    """All rows that the pool for use is fitted on."""
    part = VALIDATION if fit_on == VALIDATION else "test"
    return stack.where(stack.column("part") == part, name=f"part {part!r}")


@dataclass(frozen=True, eq=False)
class CrossfitFold:
    """One fold: what its pool is fitted on, and what that is measured on.

    Attributes:
        fold: Its number.
        fitting: Rows of other clips.
        scored: Mask over the test rows of the stack: those of this fold.
    """

    fold: int
    fitting: MemberPredictions
    scored: Mask


def crossfit_folds(
    stack: MemberPredictions, fit_on: str, *, by_speaker: bool
) -> Iterator[CrossfitFold]:
    """The folds, one after the other.

    Args:
        stack: All rows.
        fit_on: "validation" or "out-of-fold".
        by_speaker: Whether the split keeps speakers apart, so that the fit must as well.

    Raises:
        EvaluationError: If a fold leaves nothing to fit on.
    """
    fold, part = stack.column("fold"), stack.column("part")
    scored_folds = fold[part == "test"]
    for number in sorted(set(scored_folds)):
        own = (fold == number) & (part == "test")
        rows = (fold == number) & (part == VALIDATION) if fit_on == VALIDATION else _others(
            stack, own, by_speaker=by_speaker
        )  # fmt: skip
        fitting = stack.where(rows, name=f"rows to fit fold {number} on")
        yield CrossfitFold(int(number), fitting, np.asarray(scored_folds == number, dtype=np.bool_))


def _others(stack: MemberPredictions, own: Mask, *, by_speaker: bool) -> Mask:
    """Test rows of other folds, none of a clip, nor where it matters of a speaker, of this one."""
    mask = (stack.column("part") == "test") & ~own
    for name in ("clip", "speaker") if by_speaker else ("clip",):
        values = stack.rows.table[name]
        mask &= ~values.isin(values[own].dropna()).to_numpy(np.bool_)
    return np.asarray(mask, dtype=np.bool_)


@dataclass(frozen=True, eq=False)
class Crossfit:
    """Pools fitted fold by fold, and their predictions on clips they were not fitted on.

    Attributes:
        pools: By contestant and fold.
        singles: Name of the best single member, by fold.
        predictions: Calibrated predictions on the test rows, by contestant.
        plain: Predictions of the optimised pool before calibration.
    """

    pools: dict[str, dict[int, Pool]]
    singles: dict[int, str]
    predictions: dict[str, Predictions]
    plain: Predictions


def crossfit(
    stack: MemberPredictions,
    options: Options,
    fit_on: str,
    *,
    by_speaker: bool,
    trials: int | None = None,
    only: tuple[str, ...] = CONTESTANTS,
    done: Callable[[], None] = lambda: None,
) -> Crossfit:
    """Fit and measure every fold in turn.

    Args:
        stack: All rows of all members.
        options: Objective, pooling and so on.
        fit_on: "validation" or "out-of-fold".
        by_speaker: Whether the split keeps speakers apart.
        trials: Of each search, instead of the options'.
        only: Contestants to fit.
        done: Called after each fold.
    """
    test = stack.where(stack.column("part") == "test", name="part 'test'")
    pools: dict[str, dict[int, Pool]] = {name: {} for name in only}
    singles: dict[int, str] = {}
    predictions = {name: np.empty(test.probabilities.shape[1:]) for name in (*only, "")}
    for turn in crossfit_folds(stack, fit_on, by_speaker=by_speaker):
        problem = Problem(turn.fitting, options, by_speaker)
        singles[turn.fold] = best_single(problem)
        for name in only:
            pool = _fitted(name, problem, singles[turn.fold], trials)
            pools[name][turn.fold] = pool
            predictions[name][turn.scored] = pool(test.probabilities[:, turn.scored])
        plain = pools[only[0]][turn.fold].at(1.0)
        predictions[""][turn.scored] = plain(test.probabilities[:, turn.scored])
        done()
    made = {name: test.rows.with_probabilities(found) for name, found in predictions.items()}
    uncalibrated = made.pop("")
    return Crossfit(pools, singles, made, uncalibrated)


def _fitted(name: str, problem: Problem, single: str, trials: int | None) -> Pool:
    if name == POOLED:
        pool, _ = fitted(problem, trials=trials)
        return pool
    if name == EQUAL:
        weights = problem.pooling.equal(len(problem.stack.names))
    else:
        weights = np.array([float(each == single) for each in problem.stack.names])
    return tempered(Pool.of(problem.pooling.name, weights), problem.stack)


def best_single(problem: Problem) -> str:
    """Name of the member that is best alone, by the objective, on the rows of the problem."""
    alone = np.eye(len(problem.stack.names))
    losses = [problem.loss(weights) for weights in alone]
    return problem.stack.names[int(np.argmin(losses))]


def fold_weights(found: Crossfit) -> dict[int, tuple[float, ...]]:
    """Weights of the optimised pool, by fold: how far they agree is a check of their own."""
    return {fold: pool.weights for fold, pool in found.pools[POOLED].items()}
