"""How a figure scatters over trainings: seeds and folds, each scored alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ser_core.core import EvaluationError
from ser_core.evaluation.intervals import number
from ser_core.evaluation.predictions import Predictions
from ser_core.evaluation.sufficient_statistics import METRICS, sufficient_statistics


@dataclass(frozen=True)
class Spread:
    """A figure of every seed or fold alone.

    Attributes:
        metric: Name in `METRICS`.
        over: "seed" or "fold".
        values: The figure by seed or fold.
        mean: Their mean. Over folds it is not the figure of all clips pooled: small folds count
            as much as large ones, and each has its own absent emotions.
        sd: Their standard deviation (with n - 1); None for a single one.
    """

    metric: str
    over: str
    values: dict[int, float]
    mean: float
    sd: float | None

    def __str__(self) -> str:
        """As in `0.552 ± 0.031 over 5 seeds`."""
        scatter = "" if self.sd is None else f" ± {self.sd:.3f}"
        return f"{self.mean:.3f}{scatter} over {len(self.values)} {self.over}" + (
            "" if len(self.values) == 1 else "s"
        )


def spread(predictions: Predictions, metric: str = "uar", *, over: str = "seed") -> Spread:
    """Mean and standard deviation of a figure over seeds or folds.

    >>> from ser_core.evaluation.example import example
    >>> print(spread(example(), "wa", over="fold"))
    0.743 ± 0.122 over 6 folds

    Raises:
        EvaluationError: If `over` is neither "seed" nor "fold".
        UnknownNameError: If there is no such metric.
    """
    if over not in ("seed", "fold"):
        raise EvaluationError("a spread is over 'seed' or 'fold'", subject=over)
    column = predictions.table[over]
    value = METRICS[metric].value
    values = {
        int(one): float(value(sufficient_statistics(predictions.where(column == one)).total()))
        for one in sorted(column.unique())
    }
    scores = list(values.values())
    sd = number(np.std(scores, ddof=1)) if len(scores) > 1 else None
    return Spread(metric, over, values, float(np.mean(scores)), sd)
