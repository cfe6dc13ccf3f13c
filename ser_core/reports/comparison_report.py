"""The report of a comparison: results side by side, and paired tests on their common clips."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import pandas as pd

from ser_core.core import EvaluationError, count
from ser_core.core.shell import pasted_lines
from ser_core.evaluation import (
    METRICS,
    NEW_SPEAKERS,
    Predictions,
    Ranking,
    Report,
    interval_text,
    spread,
    value_text,
)
from ser_core.evaluation.ranking import ranking
from ser_core.plots.palette import ACCENT
from ser_core.plots.publication_results import print_intervals
from ser_core.plots.results import MARK, Row
from ser_core.recipes.differences import differences
from ser_core.reports import run_report as single
from ser_core.reports import sections
from ser_core.reports.commands import reporting
from ser_core.reports.document import Block, Code, Document, Heading, Picture, Table, Text, clean
from ser_core.runs import catalogue

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ser_core.runs.catalogue import RunInfo

NOT_ENROLLED = "none"
COMPARABLE = ("uar", "wa", "macro_f1", "ece")
"""Metrics that results are compared by."""


def comparison_report(
    runs: Sequence[RunInfo], metric: str = "uar", *, enrolled: bool = False
) -> Document:
    """Report of a comparison of finished results.

    Args:
        runs: Two or more.
        metric: One of `COMPARABLE`.
        enrolled: Whether with enrolled speakers, of results that have both.

    Raises:
        EvaluationError: If there are fewer than two finished ones, or they have no clip in common.
        SerError: If predictions are missing or damaged.
    """
    finished = {name: run for name, run in named(runs).items() if run.result}
    if len(finished) < 2:
        raise EvaluationError(
            "a comparison needs two finished results or more", remedy="Name more results"
        )
    known = {name: enrolled and has_enrolled(run) for name, run in finished.items()}
    given = {
        name: catalogue.predictions_of(run, enrolled=known[name]).part("test")
        for name, run in finished.items()
    }
    reports = {
        name: catalogue.report_of(run, enrolled=known[name]) for name, run in finished.items()
    }
    table = side_by_side(finished, reports, given, known, metric)
    tested = ranking(
        given, metric, by_speaker=not any(each.speakers_shared for each in reports.values())
    )
    blocks: list[Block] = [
        *_own(table, reports, metric),
        *_settings(finished),
        *_paired(tested, reports),
        *(block for name, run in finished.items() for block in _one(name, run, reports[name])),
        Heading("Command"),
        Code(_command(list(finished.values()), metric, enrolled=any(known.values()))),
    ]
    title = f"Comparison of {count(len(finished), 'result')}"
    return Document(title, tuple(blocks), single.made())


def _settings(runs: Mapping[str, RunInfo]) -> list[Block]:
    """Settings in which the recipes differ."""
    rows = differences({name: run.content for name, run in runs.items()})
    if not rows:
        return [Heading("Recipes"), Text("The recipes of these results do not differ.")]
    columns = ("Setting", *runs)
    cells = tuple((row["setting"], *(row[name] for name in runs)) for row in rows)
    return [Heading("What differs in the recipes"), Table(columns, cells)]


def _command(runs: Sequence[RunInfo], metric: str, *, enrolled: bool) -> str:
    """The command that makes this report again."""
    chosen = ["--metric", metric, *(["--enrolled"] if enrolled else [])]
    return pasted_lines([*reporting(runs), *chosen])


def has_enrolled(run: RunInfo) -> bool:
    """Whether there are predictions with enrolled speakers."""
    return run.result is not None and run.result.enrolled is not None


def named(runs: Sequence[RunInfo]) -> dict[str, RunInfo]:
    """Results by a name that tells them apart."""
    names = [run.name for run in runs]
    return {r.name if names.count(r.name) == 1 else f"{r.name} ({r.short_id})": r for r in runs}


def interval_rows(reports: Mapping[str, Report], metric: str) -> list[Row]:
    """Rows of `intervals_figure`: hollow and orange where the test speakers may be known."""
    return [
        Row(name, one.figures[metric], MARK if one.badge else ACCENT, one.how, not one.badge,
            one.badge)
        for name, one in reports.items()
    ]  # fmt: skip


def side_by_side(
    runs: Mapping[str, RunInfo],
    reports: Mapping[str, Report],
    predictions: Mapping[str, Predictions],
    enrolled: Mapping[str, bool],
    metric: str,
) -> pd.DataFrame:
    """A row a result: its score with interval, badge, scatter over seeds, split.

    Columns that say nothing are left out: seeds where all have one, enrolment where none has any.
    """
    rows = [
        _row(name, run, reports[name], predictions[name], enrolled[name], metric)
        for name, run in runs.items()
    ]
    table = pd.DataFrame(rows)
    if set(table["Seeds"]) == {1}:
        table = table.drop(columns=["Seeds", "Mean ± SD over seeds"])
    if set(table["Enrolment"]) == {NOT_ENROLLED}:
        table = table.drop(columns="Enrolment")
    return table


def _row(
    name: str, run: RunInfo, report: Report, given: Predictions, enrolled: bool, metric: str
) -> dict[str, Any]:
    figure, over = report.figures[metric], spread(given, metric)
    scatter = f"{over.mean:.3f} ± {over.sd:.3f}" if over.sd is not None else "one seed"
    return {
        "Result": name,
        METRICS[metric].title: value_text(figure),
        "95 % interval": interval_text(figure),
        "Mean ± SD over seeds": scatter,
        "Seeds": len(report.seeds),
        "Badge": report.badge or NEW_SPEAKERS,
        "Enrolment": "test clips" if enrolled else NOT_ENROLLED,
        "Split": run.policy or "–",
        "Test clips": report.n,
    }


def _own(table: pd.DataFrame, reports: Mapping[str, Report], metric: str) -> list[Block]:
    """Each result on all of its own test clips."""
    title = METRICS[metric].title
    rows = interval_rows(
        {clean(name, sections.LABEL): one for name, one in reports.items()}, metric
    )
    draw = partial(print_intervals, rows, title, "", "")
    cells = tuple(tuple(clean(cell) for cell in row) for row in table.to_numpy().tolist())
    return [
        Heading(f"{title} of each, on all of its own test clips"),
        Picture(draw, f"{title} of each result with its interval"),
        Table(tuple(map(str, table.columns)), cells, single.INTERVALS),
    ]


def _paired(tested: Ranking, reports: Mapping[str, Report]) -> list[Block]:
    """The tests in words, and pair by pair."""
    badge = next((one.badge for one in reports.values() if one.badge), "")
    rows = tuple(_pair(row) for row in tested.table.to_dict("records"))
    made = tested.table[["method", "over"]].drop_duplicates().itertuples(index=False)
    note = "Intervals of the difference (first minus second): " + "; ".join(
        f"{each.method} over {each.over}" for each in made
    )
    note += ". p is corrected for the number of pairs (Holm, 1979)."
    columns = ("First", "Second", "Difference", "95 % interval", "p", "p, McNemar")
    return [
        Heading(f"Paired test on the {count(tested.clips, 'clip')} that all predicted"),
        Text(badge or NEW_SPEAKERS, "badge red" if badge else "badge"),
        *([Text(clean(tested.note, 2000), "warning")] if tested.note else []),
        *(Text(clean(each, 2000)) for each in tested.sentences),
        Table(columns, rows, note),
    ]


def _pair(row: Mapping[Any, Any]) -> tuple[str, ...]:
    known = pd.notna(row["low"])
    return (
        clean(row["first"]),
        clean(row["second"]),
        f"{row['difference']:+.3f}",
        f"{row['low']:.3f} to {row['high']:.3f}" if known else "unknown",
        *("–" if pd.isna(row[name]) else f"{row[name]:.3g}" for name in ("p_holm", "p_mcnemar")),
    )


def _one(name: str, run: RunInfo, report: Report) -> list[Block]:
    """What a result is: its grade, and its recipe."""
    recipe = [block for block in single.recipe_section(run) if not isinstance(block, Heading)]
    return [
        Heading(clean(name)),
        Text(single.about(run), "note"),
        *sections.verdict(report),
        *single.encoder_note(run),
        *recipe,
    ]
