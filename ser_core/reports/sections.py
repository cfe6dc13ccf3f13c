"""Sections of the report of a result. Every figure keeps its interval and its badge."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from ser_core.evaluation import (
    METRICS,
    NEW_SPEAKERS,
    PER_CLASS,
    basis,
    calibration_verdict,
    chance_warning,
    gap_text,
    groups_basis,
    interval_text,
    value_text,
)
from ser_core.plots.publication_results import (
    print_confusion,
    print_intervals,
    print_reliability,
)
from ser_core.plots.results import Row, emotion_rows
from ser_core.reports.document import Block, Heading, Picture, Table, Text, clean

if TYPE_CHECKING:
    from ser_core.corpora import LeakAudit
    from ser_core.evaluation import Groups, Interval, Report

SHARED = {
    "speakers": "Speakers",
    "sentences": "Sentences",
    "pairs": "Speaker + sentence",
    "audio": "Recordings",
}
"""What test and training may share, by kind of leak."""

LABEL = 40
"""Characters of a name beside a figure."""


def badge_of(report: Report) -> str:
    """The badge of every score of a report; that of unseen speakers where it has none."""
    return report.badge or NEW_SPEAKERS


def verdict(report: Report) -> list[Block]:
    """Badge, leak grade and its reading."""
    kind = "badge red" if report.badge else "badge"
    return [
        Text(badge_of(report), kind),
        Text(f"Leak grade {report.grade}: {clean(report.reading, 2000)}"),
    ]


def scores(report: Report, enrolled: Report | None = None) -> list[Block]:
    """Every metric with its interval, and with enrolled speakers too where that was measured."""
    columns = ["Metric", "Value", "95 % interval"]
    columns += ["Enrolled", "95 % interval"] if enrolled else []
    rows = []
    for name, found in report.figures.items():
        row = [METRICS[name].title, value_text(found), interval_text(found)]
        if enrolled:
            known = enrolled.figures[name]
            row += [value_text(known), interval_text(known)]
        rows.append(tuple(row))
    note = f"{badge_of(report)} · {basis(report)}"
    if enrolled:
        note += (
            " Enrolled: each test speaker is normalised by all their test clips, without labels."
        )
    blocks: list[Block] = [Heading("Scores"), Table(tuple(columns), tuple(rows), clean(note, 2000))]
    blocks += [Text(said, "warning")] if (said := chance_warning(report)) else []
    over = [spread for spread in (report.over_seeds, report.over_folds) if spread is not None]
    return [*blocks, *(Text(f"UAR of each {each.over} alone: {each}.") for each in over)]


def confusion(report: Report) -> list[Block]:
    """Shares as a picture, and the counts."""
    counts = report.confusion_table()
    rows = tuple(
        (str(true), *(f"{int(each):,}" for each in counts.loc[true])) for true in counts.index
    )
    draw = partial(print_confusion, report, "Shares of each true emotion", normalised=True)
    return [
        Heading("Confusion"),
        Picture(lambda kind: draw(kind), "Confusion matrix, in percent of each true emotion"),
        Table(("True ↓ predicted →", *counts.columns), rows, f"Clips. {badge_of(report)}"),
    ]


def emotions(report: Report) -> list[Block]:
    """Precision, recall and F1 of every emotion."""
    columns = ["Emotion", "Clips", *(metric.title for metric in PER_CLASS)]
    rows = tuple(
        (
            row.emotion,
            f"{row.support:,}",
            *(_with_interval(getattr(row, metric.name)) for metric in PER_CLASS),
        )
        for row in report.per_class
    )
    absent = f" No test clip is of {', '.join(report.absent)}." if report.absent else ""
    recalls = emotion_rows({row.emotion: row.recall for row in report.per_class})
    draw = partial(print_intervals, recalls, "Recall", "Recall by emotion", report.badge)
    note = f"{badge_of(report)} · {report.how}.{absent}"
    return [
        Heading("Emotions"),
        Picture(draw, "Recall of each emotion with its interval"),
        Table(tuple(columns), rows, note),
    ]


def _with_interval(found: Interval) -> str:
    return f"{value_text(found)} ({interval_text(found)})"


def groups(report: Report) -> list[Block]:
    """Every speaker and gender."""
    return [
        block
        for column, found in report.groups.items()
        for block in _of_groups(report, column, found)
    ]


def _of_groups(report: Report, column: str, found: Groups) -> list[Block]:
    rows: tuple[tuple[str, ...], ...] = tuple(
        (
            clean(group.name),
            f"{group.n:,}",
            _with_interval(group.uar),
            _with_interval(group.wa),
            ", ".join(group.absent),
        )
        for group in found.groups
    )
    columns: tuple[str, ...] = (
        column.capitalize(),
        "Predictions",
        "UAR",
        "WA (accuracy)",
        "Has no",
    )
    if not any(row[-1] for row in rows):
        columns, rows = columns[:-1], tuple(row[:-1] for row in rows)
    points = [Row(clean(group.name, LABEL), group.uar) for group in found.groups]
    draw = partial(print_intervals, points, "UAR", f"UAR by {column}", report.badge)
    unnamed = f" {found.unnamed:,} predictions name no {column}." if found.unnamed else ""
    return [
        Heading(f"Every {column}"),
        Picture(draw, f"UAR of each {column} with its interval"),
        Table(columns, rows, f"{badge_of(report)} · {groups_basis(found)}{unnamed}"),
        Text(clean(gap_text(found), 2000)),
    ]


def calibration(report: Report) -> list[Block]:
    """The reliability diagram, its scores, and what they say."""
    rows = tuple(
        (METRICS[name].title, value_text(found), interval_text(found))
        for name in ("ece", "nll", "brier")
        for found in (report.figures[name],)
    )
    draw = partial(print_reliability, report, "Accuracy by confidence")
    return [
        Heading("Calibration"),
        Picture(draw, "Reliability diagram: accuracy by confidence"),
        Table(("Metric", "Value", "95 % interval"), rows, f"{badge_of(report)} · {report.how}."),
        Text(calibration_verdict(report)),
    ]


def shared_counts(audit: LeakAudit) -> list[Block]:
    """What test and training share, in the worst fold; empty where that was not kept."""
    worst = audit.worst()
    worst = worst[(worst["source"] == "train") & (worst["target"] == "test")].set_index("kind")
    if worst.empty:
        return []
    rows = []
    for kind, title in SHARED.items():
        if kind not in worst.index or worst.isna().loc[kind, "shared"]:
            rows.append((title, "not known", ""))
            continue
        row = worst.loc[kind]
        of = f"{row['shared']:.0f} of {row['total']:.0f}"
        rows.append((title, of, f"{100 * row['clips']:.0f} %"))
    columns = ("Of the test, also in training", "How many", "Share of the test clips")
    return [Table(columns, tuple(rows), "The worst fold, where there are several.")]
