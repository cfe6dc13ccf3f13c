"""Search for weights: good starts, then Optuna around them."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ser_core.core import ParameterError
from ser_core.ensemble import convex_weights
from ser_core.ensemble.member_predictions import MemberPredictions
from ser_core.ensemble.options import EQUAL_WEIGHTS, NLL, Options
from ser_core.evaluation import METRICS, metrics
from ser_core.models.pooling import POOLINGS, Pool, Pooling, simplex

if TYPE_CHECKING:
    import optuna

Floats = npt.NDArray[np.float64]

Watch = Callable[[int, float, Floats], None]
"""Called for each trial: its number, its loss, its weights."""

EQUAL = "equal weights"
ALONE = "only "
LIKELIEST = "least NLL"
FLAT = 1e-9
"""A loss that varies by less says nothing about the weights."""


@dataclass(frozen=True, eq=False)
class Problem:
    """The objective of the weights.

    Attributes:
        stack: Rows they are fitted on.
        options: Objective, pooling, penalty.
        by_speaker: Whether the split keeps speakers apart, so that they are the units of chance.
    """

    stack: MemberPredictions
    options: Options
    by_speaker: bool = False

    @property
    def pooling(self) -> Pooling:
        """How opinions are pooled; equal weights and single members beside stacking are linear."""
        pooling = POOLINGS[self.options.pooling]
        return POOLINGS["linear"] if pooling.stacked else pooling

    @cached_property
    def true(self) -> npt.NDArray[np.intp]:
        """Index of the true class of each row."""
        return self.stack.rows.true

    @cached_property
    def support(self) -> Floats:
        """Rows of each class."""
        return np.bincount(self.true, minlength=len(self.stack.classes)).astype(np.float64)

    @cached_property
    def usual_temperature(self) -> float:
        """That suits equal weights; others need one near it."""
        equal = self.pooling.equal(len(self.stack.names))
        pooled = self.pooling.added(equal, self._summands)
        return convex_weights.best_temperature(pooled, self.true)

    @cached_property
    def _summands(self) -> Floats:
        """What the pooling adds up: probabilities, or their logarithms, made once."""
        return self.pooling.summands(self.stack.probabilities)

    def losses(self, weights: Floats) -> Floats:
        """What each row adds to the loss: its surprise, or whether it is wrong. Shape (rows,).

        The surprise is that at the temperature which suits the weights best, since one is fitted
        afterwards; with a penalty it is as it stands, since the size of the weights is then free.
        """
        if self.options.objective == NLL:
            return self.surprise(weights)
        return wrong_in(self.pooling.added(weights, self._summands), self.true)

    def surprise(self, weights: Floats, *, plain: bool = False) -> Floats:
        """Negative log-probability of the truth in each row, shape (rows,).

        At the best temperature, unless the size of the weights is free or `plain` is asked for.
        """
        pooled = self.pooling.added(weights, self._summands)
        if not (self.options.l1 or plain):
            pooled = pooled / convex_weights.best_temperature(
                pooled, self.true, self.usual_temperature
            )
        return surprise_of(pooled, self.true)

    def loss(self, weights: Floats) -> float:
        """Loss of weights, lower is better: NLL with its penalty, or 1 - UAR, or 1 - accuracy."""
        each = self.losses(weights)
        if self.options.objective == "uar":
            present = self.support > 0
            wrong = np.bincount(self.true, each, minlength=len(self.support))
            return float((wrong[present] / self.support[present]).mean())
        return float(each.mean()) + self.penalty(weights)

    def penalty(self, weights: Floats) -> float:
        """What the size of weights costs."""
        return float(self.options.l1 * weights.sum())

    def starts(self) -> dict[str, Floats]:
        """Weights to try first: equal ones, each member alone, and those of least NLL.

        So what is found is never worse, on the rows it is fitted on, than these.
        """
        count = len(self.stack.names)
        if count == 1 or self.options.weights == EQUAL_WEIGHTS:
            return {EQUAL: self.pooling.equal(count)}
        alone = {f"{ALONE}{name}": row for name, row in zip(self.stack.names, np.eye(count))}  # noqa: B905
        return {EQUAL: self.pooling.equal(count), **alone, LIKELIEST: self._likeliest()}

    def _likeliest(self) -> Floats:
        if self.pooling.on_simplex:
            return convex_weights.linear_weights(self._summands, self.true)
        return convex_weights.log_linear_weights(
            self.stack.probabilities, self.true, self.options.l1
        )


def wrong_in(pooled: Floats, true: npt.NDArray[np.intp]) -> Floats:
    """1 for each row whose likeliest class is not the truth, else 0; as `surprise_of`."""
    return np.asarray(pooled.argmax(axis=1) != true, dtype=np.float64)


def surprise_of(pooled: Floats, true: npt.NDArray[np.intp]) -> Floats:
    """Negative log-probability of the truth in each row, bounded. Shape (rows,).

    Args:
        pooled: Logarithms of probabilities, up to a constant a row. Shape (rows, classes).
        true: Class of each row, shape (rows,).
    """
    scores = pooled - pooled.max(axis=1, keepdims=True)
    total = np.log(np.exp(scores).sum(axis=1))
    floor = -np.log(metrics.SMALLEST)
    return np.asarray(np.minimum(total - scores[np.arange(len(true)), true], floor))


@dataclass(frozen=True, eq=False)
class SearchResult:
    """What a search gave.

    Attributes:
        weights: The best of the trials; of equals the one whose shares have the least NLL before
            any temperature, and of these the first. Shape (members,).
        tried: Weights of every trial. Shape (trials, members).
        losses: Loss of every trial. Shape (trials,).
        origins: Where each came from: a start's name, or empty for Optuna's own choice.
        importances: Share of the loss's variation that each member's weight explains, by name;
            zero for all where the loss does not vary, and none where no weights were searched.
        objective: Name in `METRICS`.
        names: Of the members.
        share: How much of the weights is searched; the rest is equal ones.
    """

    weights: Floats
    tried: Floats
    losses: Floats
    origins: tuple[str, ...]
    importances: dict[str, float]
    objective: str
    names: tuple[str, ...]
    share: float = 1.0

    @property
    def values(self) -> Floats:
        """The objective of every trial, as people read it: NLL, or UAR or accuracy."""
        return 1 - self.losses if METRICS[self.objective].higher_is_better else self.losses

    def table(self) -> pd.DataFrame:
        """A row a trial: `trial`, `value`, `best` so far, `start`, and a column for each weight."""
        best = np.minimum.accumulate(self.losses)
        up = METRICS[self.objective].higher_is_better
        columns: dict[str, Any] = {
            "trial": np.arange(len(self.losses)),
            "value": self.values,
            "best": 1 - best if up else best,
            "start": list(self.origins),
        }
        weights = {f"weight {name}": self.tried[:, i] for i, name in enumerate(self.names)}
        return pd.DataFrame({**columns, **weights})


def search(
    problem: Problem,
    *,
    trials: int | None = None,
    watch: Watch | None = None,
    explain: bool = False,
) -> SearchResult:
    """Weights with the least loss on the problem's rows.

    Args:
        problem: Rows and objective.
        trials: How many weights to try, starts included (all of these are tried in any case);
            those of the options by default.
        watch: Called for each trial.
        explain: Whether to work out the importances.
    """
    starts = problem.starts()
    wanted = (trials or problem.options.trials) if len(starts) > 1 else 1
    study = _study(problem.options.seed)
    for weights in starts.values():
        study.enqueue_trial(_named(problem.pooling.drawn(weights)))
    tried: list[Floats] = []
    exactly = list(starts.values())

    def objective(trial: optuna.Trial) -> float:
        drawn = [
            trial.suggest_float(name, *problem.pooling.range)
            for name in _named([0.0] * len(problem.stack.names))
        ]
        number = len(tried)
        weights = exactly[number] if number < len(exactly) else problem.pooling.weights(drawn)
        tried.append(_snapped(problem.pooling, weights))
        loss = problem.loss(tried[-1])
        if watch is not None:
            watch(number, loss, tried[-1])
        return loss

    study.optimize(objective, n_trials=max(wanted, len(starts)))
    losses = np.array([trial.value for trial in study.trials], dtype=np.float64)
    origins = (*starts, *[""] * (len(losses) - len(starts)))
    return SearchResult(
        _best(problem, tried, losses), np.array(tried), losses, origins,
        _importances(study, losses, problem.stack.names) if explain else {},
        problem.options.objective, problem.stack.names,
    )  # fmt: skip


def _best(problem: Problem, tried: list[Floats], losses: Floats) -> Floats:
    """Many weights give the same predictions, and if all are right a temperature does the rest."""
    ties = [tried[i] for i in np.flatnonzero(losses <= losses.min() + FLAT)]
    shares = [weights / max(weights.sum(), FLAT) for weights in ties]
    surprises = np.array([problem.surprise(each, plain=True).mean() for each in shares])
    return ties[int(np.flatnonzero(surprises <= surprises.min() + FLAT)[0])]


def fit(problem: Problem, found: SearchResult) -> Pool:
    """The pool of what was found, at the temperature that suits the same rows best.

    Raises:
        ParameterError: If the penalty has left no member any weight.
    """
    if not found.weights.any():
        raise ParameterError(
            f"l1 = {problem.options.l1:g} leaves no member any weight", subject="l1",
            remedy="Choose a smaller penalty",
        )  # fmt: skip
    return tempered(Pool.of(problem.options.pooling, found.weights), problem.stack)


def tempered(pool: Pool, stack: MemberPredictions) -> Pool:
    """The same weights at the temperature of least NLL on some rows.

    The rows count as validation rows: whoever calls sees to it that nothing is measured on them.
    """
    from ser_core.evaluation import Predictions, fit_temperature

    pooled = stack.rows.with_probabilities(pool.at(1.0)(stack.probabilities))
    held_out = Predictions(_as_validation(pooled.table))
    return pool.at(fit_temperature(held_out))


def _as_validation(table: pd.DataFrame) -> pd.DataFrame:
    """Out-of-fold rows of several folds are of part test; to what is fitted they are validation."""
    return table.assign(part="validation", fold=np.arange(len(table)))


def _study(seed: int) -> optuna.Study:
    import optuna

    logging.getLogger("optuna").setLevel(logging.WARNING)
    sampler = optuna.samplers.TPESampler(seed=seed, multivariate=True)
    return optuna.create_study(direction="minimize", sampler=sampler)


def _named(values: list[float]) -> dict[str, float]:
    return {f"member {number}": value for number, value in enumerate(values)}


def _snapped(pooling: Pooling, weights: Floats) -> Floats:
    snapped = np.where(weights < 1e-4, 0.0, weights)
    return simplex(snapped) if pooling.on_simplex else snapped


def _importances(study: optuna.Study, losses: Floats, names: tuple[str, ...]) -> dict[str, float]:
    if len(losses) < 2 or np.ptp(losses) < FLAT:
        return dict.fromkeys(names, 0.0)
    from optuna.importance import get_param_importances

    found = get_param_importances(study)
    return {name: float(found.get(f"member {i}", 0.0)) for i, name in enumerate(names)}
