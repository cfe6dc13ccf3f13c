"""The same figures for every speaker, gender, or whatever the table names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ser_core.core import EvaluationError, did_you_mean
from ser_core.evaluation.intervals import Interval, sampling
from ser_core.evaluation.predictions import Predictions

_CHOSEN_AFTER = (
    "Best and worst group are selected by their own scores, so chance alone makes a gap."
)


@dataclass(frozen=True)
class Group:
    """Figures of one group.

    Attributes:
        name: Value of the column.
        n: Rows.
        absent: Emotions of the model that the group has no clip of; its UAR is over the others.
        uar: Mean recall.
        wa: Accuracy.
    """

    name: str
    n: int
    absent: tuple[str, ...]
    uar: Interval
    wa: Interval


@dataclass(frozen=True)
class Groups:
    """Figures of every group of a column.

    Attributes:
        column: What was grouped by.
        groups: In the order of their names; none where the column is empty.
        unnamed: Rows without a value, which are in no group.
        gap: UAR of the best group minus that of the worst; None below two groups. With an
            interval only for two groups, where nothing was chosen.
    """

    column: str
    groups: tuple[Group, ...]
    unnamed: int
    gap: Interval | None

    @property
    def best(self) -> Group | None:
        """Group of the highest UAR."""
        return max(self.groups, key=_uar, default=None)

    @property
    def worst(self) -> Group | None:
        """Group of the lowest UAR."""
        return min(self.groups, key=_uar, default=None)

    def table(self) -> pd.DataFrame:
        """A row a group: n, UAR and WA with their ends, absent emotions."""
        rows = [
            {"n": group.n}
            | _ends("uar", group.uar)
            | _ends("wa", group.wa)
            | {"absent": ", ".join(group.absent)}
            for group in self.groups
        ]
        names = pd.Index([group.name for group in self.groups], name=self.column)
        return pd.DataFrame(rows, index=names)


def by_group(
    predictions: Predictions, column: str, *, by_speaker: bool = False, **options: Any
) -> Groups:
    """UAR and WA of every group with 95 % intervals, and how far apart best and worst are.

    Args:
        predictions: What to score.
        column: "speaker", "gender", or any other column of the table.
        by_speaker: Whether speakers are the units of the intervals; within one speaker it is
            always clips.
        options: `method`, `resamples`, `seed` and `level` of `sampling`.

    Raises:
        EvaluationError: If there is no such column, with the one that was probably meant.
    """
    if column not in predictions.table:
        raise EvaluationError(
            "there is no such column", subject=column,
            remedy=did_you_mean(column, predictions.table.columns),
        )  # fmt: skip
    values = predictions.table[column]
    options["by_speaker"] = by_speaker and column != "speaker"
    groups = tuple(
        _group(predictions.where((values == value).fillna(False)), str(value), options)
        for value in sorted(values.dropna().unique())
    )
    return Groups(column, groups, int(values.isna().sum()), _gap(groups))


def _group(rows: Predictions, name: str, options: dict[str, Any]) -> Group:
    chosen = sampling(rows, **options)
    present = np.unique(rows.true)
    absent = tuple(c for index, c in enumerate(rows.classes) if index not in present)
    return Group(name, len(rows), absent, chosen.interval("uar"), chosen.interval("wa"))


def _gap(groups: tuple[Group, ...]) -> Interval | None:
    if len(groups) < 2:
        return None
    low, high = (pick(groups, key=_uar).uar for pick in (min, max))
    gap = Interval("uar", _uar_value(high) - _uar_value(low), None, None, high.level, "none")
    if len(groups) > 2:
        return Interval(**vars(gap) | {"note": _CHOSEN_AFTER})
    return _of_two(gap, low, high)


def _of_two(gap: Interval, low: Interval, high: Interval) -> Interval:
    """Interval of a difference from those of its two sides (MOVER; Newcombe, 1998)."""
    ends = (low.value, low.low, low.high, high.value, high.low, high.high)
    if any(end is None for end in ends) or gap.value is None:
        return gap
    value, below, above, top, top_below, top_above = (float(end or 0) for end in ends)
    down = float(np.hypot(top - top_below, above - value))
    up = float(np.hypot(top_above - top, value - below))
    about = {"method": high.method, "over": high.over, "units": low.units + high.units}
    return Interval(**vars(gap) | {"low": gap.value - down, "high": gap.value + up} | about)


def _uar(group: Group) -> float:
    return _uar_value(group.uar)


def _uar_value(uar: Interval) -> float:
    return uar.value if uar.value is not None else 0.0


def _ends(name: str, interval: Interval) -> dict[str, float | None]:
    return {name: interval.value, f"{name}_low": interval.low, f"{name}_high": interval.high}
