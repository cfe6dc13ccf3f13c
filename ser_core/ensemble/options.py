"""Options of an ensemble: checked values from which pages and commands build controls."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from ser_core.core import Parameters, choice, parameter
from ser_core.models import ensemble_terms

AUTO, VALIDATION = ensemble_terms.AUTO, ensemble_terms.VALIDATION
OUT_OF_FOLD = ensemble_terms.OUT_OF_FOLD
AVERAGE, MEMBERS = "average", "members"
SEARCHED, SHRUNK, EQUAL_WEIGHTS = "searched", "shrunk", "equal"
NLL = "nll"
STACKING = "stacking"
POOLED_BY = ("linear", "log-linear", "vote", STACKING)
"""Names in `ser_core.models.pooling.POOLINGS`, which costs more to import."""

FIT_ON = ensemble_terms.FIT_ON
"""Clips that weights are fitted on, and what that means."""

WEIGHTS = {
    SEARCHED: "the best of the search on the clips of the fit",
    SHRUNK: "the searched ones shrunk towards equal ones, by cross-validation on the clips of "
    "the fit; better where clips are few",
    EQUAL_WEIGHTS: "no search; only the temperature is fitted",
}
"""Where weights come from."""

SEEDS = {
    AVERAGE: "the seeds of a run are averaged, as one member",
    MEMBERS: "each seed of a run is a member of its own",
}
"""What becomes of runs with several seeds."""


@dataclass(frozen=True, kw_only=True)
class Options(Parameters):
    """How weights are searched, and on which clips.

    Raises:
        ParameterError: If a value is none of its choices or outside its bounds, or there is a
            penalty where it means nothing.
    """

    name: ClassVar[str] = "ensemble"

    objective: str = choice(
        NLL, (NLL, "uar", "wa"),
        "Objective that the weights optimise. NLL uses every probability and varies least; UAR "
        "and accuracy depend only on the predicted class",
    )  # fmt: skip
    pooling: str = choice(POOLED_BY[0], POOLED_BY, "How probabilities are pooled")
    weights: str = choice(
        SEARCHED, (SEARCHED, SHRUNK, EQUAL_WEIGHTS),
        "Weights from the search, equal ones, which cannot overfit, or in between",
    )  # fmt: skip
    fit_on: str = choice(AUTO, tuple(FIT_ON), "Clips that the weights are fitted on")
    seeds: str = choice(AVERAGE, tuple(SEEDS), "How several seeds of a run are used")
    trials: int = parameter(200, 1, 10_000, "Trials of the search for each fit")
    l1: float = parameter(
        0.0, 0.0, 1.0, "Penalty on the sum of the weights of log-linear pooling, in nats"
    )
    risk: float = parameter(
        0.1,
        0.0,
        1.0,
        (
            "Risk, the share of wrong predictions, that the rejection threshold aims at; less "
            "confident predictions are uncertain"
        ),
    )
    seed: int = parameter(0, 0, 2**31 - 1, "Seed of all random choices")

    def check(self) -> None:
        """A penalty needs weights whose size is free, and an objective that notices it."""
        free = self.pooling == "log-linear" and self.objective == NLL
        rule = "be 0 but for log-linear pooling with the objective nll"
        why = (
            "Weights on the simplex always sum to 1, and the predicted class does not depend on "
            "their scale"
        )
        self.require(self.l1 == 0 or free, "l1", rule, why)
        rule = "be searched where members are stacked"
        why = "Stacking has a penalty of its own"
        self.require(self.pooling != STACKING or self.weights == SEARCHED, "weights", rule, why)
        undone = "be 0 where weights are shrunk towards equal ones"
        self.require(self.l1 == 0 or self.weights == SEARCHED, "l1", undone, "One undoes the other")
