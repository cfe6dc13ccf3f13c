"""Everything that a page, a model card and a file say about one set of predictions."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from ser_core.core import EvaluationError
from ser_core.corpora import UNSEEN_GRADES, LeakAudit
from ser_core.evaluation import confusion_rates
from ser_core.evaluation.groups import Group, Groups, by_group
from ser_core.evaluation.intervals import LEVEL, RESAMPLES, Interval, Sampling, sampling
from ser_core.evaluation.metrics import reliability
from ser_core.evaluation.predictions import Predictions
from ser_core.evaluation.spread import Spread, spread
from ser_core.evaluation.sufficient_statistics import (
    METRICS,
    PER_CLASS,
    SufficientStatistics,
    ece_by_chance,
)

VERSION = 1
GROUPED = ("speaker", "gender", "corpus")

BADGES = {
    "A": "",
    "B": "",
    "C": "speakers shared",
    "D": "speakers shared",
    "E": "speakers shared",
    "F": "same recordings in training and test",
    "confounded": "speaker tells the emotion",
    "unknown": "speakers unknown",
    "not audited": "split not audited",
}
"""Badge of a figure, by the grade of its split; empty where the test speakers are new."""


@dataclass(frozen=True)
class ClassFigures:
    """Figures of one emotion.

    Attributes:
        emotion: Its name.
        support: Rows that are truly of it.
        precision: Share of its predictions that are correct; without value if there are none.
        recall: Share of its clips that were recognised; without value if it has none.
        f1: Harmonic mean of both.
    """

    emotion: str
    support: int
    precision: Interval
    recall: Interval
    f1: Interval


@dataclass(frozen=True)
class Report:
    """Metrics of predictions, with their intervals and the kind of test.

    Attributes:
        part: "test" or "validation".
        n: Clips.
        rows: Predictions; more than clips with several seeds.
        speakers: How many, where every clip names its own; otherwise None.
        classes: Emotions of the model.
        absent: Those of them that no clip is of; no mean counts them.
        seeds: Of the trainings.
        folds: Numbers of the folds.
        figures: Every metric of `METRICS` with its interval, of all folds pooled.
        per_class: Figures of every emotion.
        confusion: Counts by true emotion (rows) and prediction (columns).
        reliability: A row a bin of confidence, as `metrics.reliability`.
        ece_by_chance: ECE that a perfectly calibrated model would show on so many clips.
        groups: By column ("speaker", "gender", "corpus"), where the corpus names them.
        over_folds: UAR of each fold alone, and the mean, which is not the pooled figure; None
            for one fold.
        over_seeds: UAR of each seed alone; None for one seed.
        grade: Of the split's audit, or "not audited".
        speakers_shared: Whether test speakers are in training, or may be; None if not audited.
        badge: Badge of every figure; empty where the test speakers are new to the model.
        reading: One plain sentence on the grade.
        how: The method of the intervals, as words.
        note: What else the reader should know of them, as sentences.
    """

    part: str
    n: int
    rows: int
    speakers: int | None
    classes: tuple[str, ...]
    absent: tuple[str, ...]
    seeds: tuple[int, ...]
    folds: tuple[int, ...]
    figures: dict[str, Interval]
    per_class: tuple[ClassFigures, ...]
    confusion: tuple[tuple[int, ...], ...]
    reliability: tuple[dict[str, float | None], ...]
    ece_by_chance: float
    groups: dict[str, Groups]
    over_folds: Spread | None
    over_seeds: Spread | None
    grade: str
    speakers_shared: bool | None
    badge: str
    reading: str
    how: str
    note: str

    @property
    def uar(self) -> Interval:
        """The headline: mean recall of the emotions, of all folds pooled."""
        return self.figures["uar"]

    @property
    def wa(self) -> Interval:
        """Accuracy."""
        return self.figures["wa"]

    @property
    def ece(self) -> Interval:
        """Expected calibration error."""
        return self.figures["ece"]

    def __str__(self) -> str:
        """One line: the headline with its interval, what it rests on, and its badge."""
        badge = f" [{self.badge}]" if self.badge else ""
        return f"UAR {self.uar}, WA {self.wa}, {self.n:,} clips, {self.how}{badge}"

    def table(self) -> pd.DataFrame:
        """Every figure: a row a metric, with value, ends and method."""
        rows = {METRICS[name].title: vars(found) for name, found in self.figures.items()}
        table = pd.DataFrame.from_dict(rows, orient="index").rename_axis("figure")
        return table[["value", "low", "high", "method", "over", "units", "note"]]

    def class_table(self) -> pd.DataFrame:
        """A row an emotion: support, precision, recall and F1 with the ends of their intervals."""
        rows = [
            {"emotion": row.emotion, "support": row.support}
            | {
                f"{metric.name}{end}": getattr(getattr(row, metric.name), field)
                for metric in PER_CLASS
                for end, field in (("", "value"), ("_low", "low"), ("_high", "high"))
            }
            for row in self.per_class
        ]
        return pd.DataFrame(rows).set_index("emotion")

    def confusion_table(self, *, normalised: bool = False) -> pd.DataFrame:
        """Confusion counts, or their share of each true emotion (NaN where it has no clip)."""
        counts = np.array(self.confusion)
        return pd.DataFrame(
            confusion_rates.row_normalised(counts) if normalised else counts,
            index=pd.Index(self.classes, name="true"),
            columns=pd.Index(self.classes, name="answer"),
        )

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON, with the version of their form."""
        return {"version": VERSION, **asdict(self)}

    def to_json(self) -> str:
        """JSON text; what does not exist is null, never NaN."""
        return json.dumps(self.as_dict(), indent=1, ensure_ascii=False, allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> Report:
        """Read what `to_json` wrote.

        Raises:
            EvaluationError: If it is no report, or of another version.
        """
        try:
            content = json.loads(text)
            if content.pop("version") != VERSION:
                raise ValueError("another version")
            return cls(**{name: _READ.get(name, _same)(value) for name, value in content.items()})
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise EvaluationError(
                f"not a report of version {VERSION}", subject="report",
                remedy="Make it again from the predictions",
            ) from error  # fmt: skip


def report(
    predictions: Predictions,
    split_audit: LeakAudit | None = None,
    *,
    part: str = "test",
    by_speaker: bool | None = None,
    resamples: int = RESAMPLES,
    seed: int = 0,
    level: float = LEVEL,
) -> Report:
    """Score predictions and say what the figures rest on.

    The intervals are over speakers where the split keeps test speakers apart from the training, or
    nobody audited it (the wider, safer ones); over clips where the speakers are known, since the
    figure then speaks of these speakers alone.

    Args:
        predictions: With any parts; one of them is scored. Folds and seeds are pooled.
        split_audit: From `ser_core.corpora.audit_split`.
        part: "test" or "validation".
        by_speaker: Whether speakers are the units, where the default above is not wanted.
        resamples: Of the bootstrap.
        seed: Of the draws.
        level: Confidence, 0 to 1.

    Raises:
        EvaluationError: If there is nothing of that part.
        ParameterError: As `sampling`.

    >>> from ser_core.evaluation.example import example
    >>> found = report(example())
    >>> print(found)  # doctest: +NORMALIZE_WHITESPACE
    UAR 0.743 (0.615 to 0.871), WA 0.743 (0.615 to 0.871), 720 clips,
    95 % jackknife t over 6 speakers [split not audited]
    >>> print(found.over_folds)
    0.743 ± 0.122 over 6 folds
    >>> print(found.per_class[0].emotion, found.per_class[0].recall)
    anger 0.775 (0.568 to 0.982)
    >>> print(found.groups["gender"].worst.name, found.groups["gender"].gap)
    male 0.081 (-0.231 to 0.527)
    >>> Report.from_json(found.to_json()) == found
    True
    """
    rows = predictions.part(part)
    grade, shared, reading = _verdict(split_audit, part)
    options: dict[str, Any] = {
        "by_speaker": not shared if by_speaker is None else by_speaker,
        "resamples": resamples, "seed": seed, "level": level,
    }  # fmt: skip
    chosen = sampling(rows, **options)
    figures = {name: chosen.interval(name) for name in METRICS}
    return Report(
        part=part,
        **_what(rows),
        figures=figures,
        per_class=_per_class(chosen, rows.classes),
        confusion=_counts(chosen.total),
        reliability=_curve(rows),
        ece_by_chance=float(ece_by_chance(chosen.total).mean()),
        groups=_groups(rows, options),
        over_folds=_over(rows, "fold"),
        over_seeds=_over(rows, "seed"),
        grade=grade,
        speakers_shared=shared,
        badge=BADGES[grade],
        reading=reading,
        how=figures["uar"].how,
        note=chosen.note,
    )


def _verdict(audit: LeakAudit | None, part: str) -> tuple[str, bool | None, str]:
    """Grade, whether speakers are shared, and a sentence on it, of the part that is scored."""
    if audit is None:
        return "not audited", None, "The split was not audited for leaks."
    if part == "test":
        return audit.grade, audit.speakers_shared, audit.reading
    grade = audit.validation_grade
    return grade, grade not in UNSEEN_GRADES, "Validation clips: the epoch was selected on them."


def _what(rows: Predictions) -> dict[str, Any]:
    table, present = rows.table, np.unique(rows.true)
    named = bool(table["speaker"].notna().all())
    return {
        "n": int(table["clip"].nunique()),
        "rows": len(rows),
        "speakers": int(table["speaker"].nunique()) if named else None,
        "classes": rows.classes,
        "absent": tuple(name for code, name in enumerate(rows.classes) if code not in present),
        "seeds": tuple(sorted(map(int, table["seed"].unique()))),
        "folds": tuple(sorted(map(int, table["fold"].unique()))),
    }


def _per_class(chosen: Sampling, classes: tuple[str, ...]) -> tuple[ClassFigures, ...]:
    support = confusion_rates.support(chosen.total.counts).astype(int)
    found = (chosen.per_class(metric) for metric in PER_CLASS)
    return tuple(
        ClassFigures(emotion, int(count), *each)
        for emotion, count, *each in zip(classes, support, *found, strict=True)
    )


def _counts(total: SufficientStatistics) -> tuple[tuple[int, ...], ...]:
    return tuple(tuple(map(int, row)) for row in total.counts.round())


def _curve(rows: Predictions) -> tuple[dict[str, float | None], ...]:
    table = reliability(rows.true, rows.probabilities).astype(object)
    filled = table.where(table.notna(), None).to_dict("records")
    return tuple({str(name): value for name, value in one.items()} for one in filled)


def _groups(rows: Predictions, options: dict[str, Any]) -> dict[str, Groups]:
    columns = [column for column in GROUPED if column in rows.table]
    found = {column: by_group(rows, column, **options) for column in columns}
    return {column: groups for column, groups in found.items() if groups.groups}


def _over(rows: Predictions, column: str) -> Spread | None:
    several = len(rows.table[column].unique()) > 1
    return spread(rows, over=column) if several else None


def _same(value: Any) -> Any:
    return value


def _read_group(value: dict[str, Any]) -> Group:
    absent = tuple(value["absent"])
    ends = {name: Interval(**value[name]) for name in ("uar", "wa")}
    return Group(value["name"], value["n"], absent, **ends)


def _read_groups(value: dict[str, Any]) -> Groups:
    groups = tuple(map(_read_group, value["groups"]))
    gap = Interval(**value["gap"]) if value["gap"] else None
    return Groups(value["column"], groups, value["unnamed"], gap)


def _read_class(value: dict[str, Any]) -> ClassFigures:
    found = {metric.name: Interval(**value[metric.name]) for metric in PER_CLASS}
    return ClassFigures(value["emotion"], value["support"], **found)


def _read_spread(value: dict[str, Any] | None) -> Spread | None:
    if value is None:
        return None
    return Spread(**value | {"values": {int(key): one for key, one in value["values"].items()}})


_READ: dict[str, Callable[[Any], Any]] = {
    **dict.fromkeys(("classes", "absent", "seeds", "folds", "reliability"), tuple),
    "confusion": lambda rows: tuple(map(tuple, rows)),
    "figures": lambda found: {name: Interval(**value) for name, value in found.items()},
    "per_class": lambda rows: tuple(map(_read_class, rows)),
    "groups": lambda found: {name: _read_groups(value) for name, value in found.items()},
    "over_folds": _read_spread,
    "over_seeds": _read_spread,
}
"""How a field comes back from JSON, where it is no plain value."""
