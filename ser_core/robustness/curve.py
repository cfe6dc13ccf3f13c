"""Figures of a model against the level of a perturbation or attack, with intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ser_core.core import EvaluationError
from ser_core.evaluation import PER_CLASS, Interval, Predictions, Sampling, sampling

LINE, ATTACK = "line", "attack"
"""Families: perturbations, and adversarial attacks by the gradient."""

FIGURES = ("uar", "wa")


@dataclass(frozen=True, eq=False)
class Point:
    """Predictions at one level.

    Attributes:
        level: How strong, in the curve's unit; None where nothing was changed and that has no
            level of its own.
        predictions: The clips in the order of the clean ones.
        label: How the level is written.
    """

    level: float | None
    predictions: Predictions
    label: str

    @property
    def is_clean(self) -> bool:
        """Whether nothing was changed."""
        return self.label == CLEAN


CLEAN = "clean"


@dataclass(frozen=True, eq=False)
class Curve:
    """Predictions at several levels of one perturbation or attack.

    Attributes:
        name: In files and commands.
        title: For people.
        family: `LINE` or `ATTACK`.
        unit: Of the levels.
        points: From mild to severe; where levels have two signs, with the clean one between.
        by_speaker: Whether intervals are over speakers.
        describe: One plain sentence.
        status: Why each clip could not be attacked; empty texts where it could. None for
            perturbations.
        sigma: Mean spread that the model divides this unit by, so that a level may be given in
            sigma too; None where that has no meaning.
    """

    name: str
    title: str
    family: str
    unit: str
    points: tuple[Point, ...]
    by_speaker: bool = False
    describe: str = ""
    status: tuple[str, ...] | None = None
    sigma: float | None = None

    def __post_init__(self) -> None:
        if sum(point.is_clean for point in self.points) != 1:
            raise EvaluationError("a curve needs its clean point once", subject=self.title)

    @property
    def clean(self) -> Point:
        """The point where nothing was changed."""
        return next(point for point in self.points if point.is_clean)

    @property
    def troubled(self) -> tuple[Point, ...]:
        """The points where something was."""
        return tuple(point for point in self.points if not point.is_clean)

    def interval(self, point: Point, metric: str = "uar") -> Interval:
        """A figure of all clips at a point, right or wrong before."""
        return self._samplings[self.points.index(point)].interval(metric)

    @cached_property
    def _samplings(self) -> list[Sampling]:
        return [sampling(point.predictions, by_speaker=self.by_speaker) for point in self.points]

    def area(self, metric: str = "uar") -> float | None:
        """Area under the curve as it is drawn, levels equally far apart: 0 to 1.

        It is the mean height of the curve: equal to the clean figure for a model that nothing
        perturbations. None where a figure does not exist.
        """
        values = [self.interval(point, metric).value for point in self.points]
        known = [value for value in values if value is not None]
        if len(known) < len(values):
            return None
        return known[0] if len(known) == 1 else float(np.trapezoid(known) / (len(known) - 1))

    def recalls(self) -> dict[str, list[Interval]]:
        """Recall of every emotion at each point, by emotion."""
        (recall,) = (metric for metric in PER_CLASS if metric.name == "recall")
        columns = [chosen.per_class(recall) for chosen in self._samplings]
        classes = self.points[0].predictions.classes
        return {
            emotion: [column[number] for column in columns]
            for number, emotion in enumerate(classes)
        }

    @cached_property
    def right_before(self) -> npt.NDArray[np.bool_]:
        """Whether each clip was right when nothing was changed, shape (clips,)."""
        clean = self.clean.predictions
        return np.asarray(clean.predicted == clean.true)

    def success(self, point: Point) -> Interval:
        """Share of the clips right before that are wrong now, with its interval."""
        if not self.right_before.any():
            return Interval("success", None, None, None, method="none")
        rows = point.predictions.where(self.right_before)
        wa = sampling(rows, by_speaker=self.by_speaker).interval("wa")
        value, low, high = (None if end is None else 1 - end for end in (wa.value, wa.high, wa.low))
        return replace(wa, metric="success", value=value, low=low, high=high)

    def flows(self, point: Point) -> pd.DataFrame:
        """Clips right before by their emotion (rows) and what they turned into (columns)."""
        found = point.predictions
        names = list(found.classes)
        counts = np.zeros((len(names), len(names)), dtype=int)
        rows = np.flatnonzero(self.right_before)
        np.add.at(counts, (found.true[rows], found.predicted[rows]), 1)
        return pd.DataFrame(
            counts, index=pd.Index(names, name="true"), columns=pd.Index(names, name="answer")
        )

    def smallest(self) -> pd.Series[Any]:
        """Least level tried that turns each clip that was right, by clip; NaN where none does."""
        found = np.full(len(self.right_before), np.nan)
        for point in reversed(self.troubled):
            wrong = point.predictions.predicted != point.predictions.true
            found[self.right_before & wrong] = point.level
        clips = pd.Index(self.clean.predictions.table["clip"], name="clip")
        return pd.Series(found[self.right_before], index=clips[self.right_before])

    def rows(self) -> list[dict[str, Any]]:
        """Every level with its figures and the ends of their intervals, for tables and JSON."""
        return [self._row(point) for point in self.points]

    def _row(self, point: Point) -> dict[str, Any]:
        row: dict[str, Any] = {"kind": self.name, "level": point.level, "unit": self.unit}
        row["label"] = point.label
        for metric in FIGURES:
            found = self.interval(point, metric)
            row |= {metric: found.value, f"{metric}_low": found.low, f"{metric}_high": found.high}
        if self.family == ATTACK and not point.is_clean:
            flipped = self.success(point)
            row |= {"success": flipped.value}
            row |= {"success_low": flipped.low, "success_high": flipped.high}
        if self.sigma and point.level is not None:
            row["level_sigma"] = point.level / self.sigma
        return row

    def table(self) -> pd.DataFrame:
        """`rows` as a table."""
        return pd.DataFrame(self.rows())


def written(level: float, unit: str) -> str:
    """A level with its unit.

    >>> written(-5.0, "dB"), written(0.05, "σ"), written(3400, "Hz")
    ('-5 dB', '0.05 σ', '3,400 Hz')
    """
    number = f"{level:,.0f}" if abs(level) >= 1000 else f"{level:g}"
    return f"{number} {unit}".rstrip()


@dataclass
class Gathering:
    """Curve in the making."""

    clean: Predictions
    points: list[Point] = field(default_factory=list)

    def add(self, level: float, unit: str, predictions: Predictions) -> None:
        """Predictions at a level."""
        self.points.append(Point(level, predictions, written(level, unit)))

    def ordered(self, neutral: float | None = None) -> tuple[Point, ...]:
        """All points, the clean one first, or at its own level between the others."""
        clean = Point(neutral, self.clean, CLEAN)
        if neutral is None:
            return (clean, *self.points)
        return tuple(sorted([clean, *self.points], key=_level))


def _level(point: Point) -> float:
    return point.level if point.level is not None else -np.inf


def by_name(curves: Sequence[Curve]) -> dict[str, Curve]:
    """Curves by their names."""
    return {curve.name: curve for curve in curves}
