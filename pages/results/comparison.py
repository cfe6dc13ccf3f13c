"""Two runs or more: their scores, and paired tests on the clips they have in common."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import pandas as pd
import streamlit as st

from pages.components import downloads, errors, scores, tables, theme
from pages.components.errors import plain
from pages.results import enrolment_choice, loading, url_params
from ser_core.core import SerError, count
from ser_core.evaluation import METRICS, Ranking
from ser_core.evaluation.ranking import ranking
from ser_core.plots.publication_results import print_intervals
from ser_core.plots.results import courses_figure, intervals_figure
from ser_core.recipes.differences import differences
from ser_core.reports import comparison_report, to_html, to_pdf
from ser_core.reports.comparison_report import (
    COMPARABLE,
    interval_rows,
    named,
    side_by_side,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ser_core.evaluation import Report
    from ser_core.reports import Document
    from ser_core.runs.catalogue import RunInfo


def show(run_ids: list[str]) -> None:
    """The runs side by side, and the paired test."""
    st.button("← All results", type="tertiary", on_click=url_params.show_all)
    st.title("Compare")
    found = _load(run_ids)
    if len(found) < 2:
        st.info("Tick two results or more in the list to compare them.")
        return
    enrolment_choice.choose(found)
    body(named(found))


def body(found: Mapping[str, RunInfo]) -> None:
    """Finished runs side by side, and the paired test on the clips that all of them classified.

    Args:
        found: By a name that tells them apart.
    """
    reports = {name: loading.report(run) for name, run in found.items()}
    metric = st.segmented_control(
        "Metric",
        COMPARABLE,
        default="uar",
        required=True,
        format_func=lambda name: METRICS[name].title,
        key="figure",
        bind="query-params",
        label_visibility="collapsed",
    )
    _own_figures(found, reports, metric)
    _recipes(found)
    _courses(found)
    _report(found, metric)
    with errors.error_boundary():
        _paired(found, reports, metric)


def _load(run_ids: list[str]) -> list[RunInfo]:
    """The finished ones of them; an error is shown for each that is missing."""
    known = []
    for run_id in run_ids:
        try:
            run = loading.one(run_id)
        except SerError as error:
            errors.show(error)
            continue
        if run.result:
            known.append(run)
    return known


def _own_figures(found: Mapping[str, RunInfo], reports: dict[str, Report], metric: str) -> None:
    """Each run on all of its own test clips, and its scatter over seeds."""
    title = METRICS[metric].title
    rows = interval_rows(reports, metric)
    with st.container(border=True):
        st.markdown(f"**{title} of each, on all of its own test clips**")
        theme.figure(intervals_figure(rows, title=title), key="compare-figure")
        given = {name: loading.predictions(run).part("test") for name, run in found.items()}
        known = {name: loading.enrolled(run) for name, run in found.items()}
        table = side_by_side(found, reports, given, known, metric)
        st.dataframe(table, hide_index=True, placeholder="")
        draw = partial(print_intervals, rows, title, title, "")
        downloads.figures(f"compare-{metric}", draw)


def _recipes(found: Mapping[str, RunInfo]) -> None:
    """Settings in which the recipes differ."""
    with st.container(border=True):
        st.markdown("**What differs in the recipes**")
        rows = differences({name: run.content for name, run in found.items()})
        if not rows:
            st.caption("Nothing but the name.")
            return
        table = pd.DataFrame(rows).rename(columns={"setting": "Setting"})
        st.dataframe(table, hide_index=True, placeholder="", height=tables.height(len(table), 320))
        st.caption(
            "Defaults are filled in; – is a setting that such a recipe does not have, or whose "
            "default depends on the network or representation."
        )


def _courses(found: Mapping[str, RunInfo]) -> None:
    """Learning curves over each other, of results that were trained epoch by epoch here."""
    known = {
        name: [course.history for course in loading.courses(run) if len(course.history) > 1]
        for name, run in found.items()
    }
    known = {name: histories for name, histories in known.items() if histories}
    if known:
        with st.container(border=True):
            st.markdown("**Learning curves**, mean of the trainings of each")
            theme.figure(courses_figure(known), key="compare-courses")


def _report(found: Mapping[str, RunInfo], metric: str) -> None:
    """Buttons for the comparison as one file."""
    runs = list(found.values())

    def document() -> Document:
        return comparison_report(runs, metric, enrolled=url_params.enrolled())

    kinds: dict[str, tuple[str, Callable[[], bytes | str], str]] = {
        "Report (HTML)": (
            ".html",
            lambda: to_html(document()),
            ("The comparison in one file to read and hand on: paired tests, leak grades, recipes"),
        ),
        "Report (PDF)": (".pdf", lambda: to_pdf(document()), "The same to print"),
    }
    with downloads.row():
        downloads.files(f"comparison-{metric}", kinds)


def _paired(found: Mapping[str, RunInfo], reports: dict[str, Report], metric: str) -> None:
    """The test on common clips, pair by pair, in words."""
    by_speaker = not any(report.speakers_shared for report in reports.values())
    ids = tuple((name, run.id, *loading.stamp(run)) for name, run in found.items())
    cached: dict[Any, Ranking] = st.session_state.setdefault("_contests", {})
    key = (ids, metric)
    if key not in cached:
        with st.spinner("Testing the difference on the same clips …"):
            given = {name: loading.predictions(run).part("test") for name, run in found.items()}
            cached[key] = ranking(given, metric, by_speaker=by_speaker)
    _test(cached[key], reports)


def _test(result: Ranking, reports: dict[str, Report]) -> None:
    with st.container(border=True):
        badge = next((one.badge for one in reports.values() if one.badge), "")
        st.markdown(
            f"**Paired test on the {count(result.clips, 'clip')} that all predicted** "
            f"{scores.badge(badge)}",
            help="Every run is scored on the same draws of clips (or speakers), so that what "
            "is easy or hard for all of them cancels out. p-values are corrected for the number "
            "of pairs (Holm, 1979).",
        )
        if result.note:
            st.warning(plain(result.note))
        for sentence in result.sentences:
            st.markdown(f"- {plain(sentence)}")
        _pairs(result.table)
        downloads.button(
            "Download as CSV",
            "comparison.csv",
            "text/csv",
            lambda: str(result.table.to_csv(index=False)),
            "The tests, a row a pair",
        )


def _pairs(table: pd.DataFrame) -> None:
    """The test of each pair; the CSV has more columns."""
    ends = zip(table["low"], table["high"], strict=True)
    interval = [f"{low:.3f} to {high:.3f}" if pd.notna(low) else "unknown" for low, high in ends]
    columns = _columns()
    st.dataframe(
        table.assign(interval=interval)[list(columns)],
        hide_index=True,
        column_config=columns,
        placeholder="",
    )
    made = table[["method", "over"]].drop_duplicates().itertuples(index=False)
    st.caption("Intervals: " + "; ".join(f"{each.method} over {each.over}" for each in made) + ".")


def _columns() -> dict[str, Any]:
    """Columns that are shown, in their order."""
    text = st.column_config.TextColumn
    number = partial(st.column_config.NumberColumn, format="%.3f")
    return {
        "first": text("First", width=235),
        "second": text("Second", width=235),
        "difference": number("Difference", width=80, help="First minus second."),
        "interval": text("95 % interval", width=125, help="Of the difference."),
        "p_holm": number(
            "p",
            width=60,
            help="Corrected for the number of pairs (Holm, 1979). The CSV has it uncorrected too.",
        ),
        "p_mcnemar": number(
            "p, McNemar", width=85, help="On the clips that only one of them gets right."
        ),
    }
