"""Scores per class, per speaker and per gender, each with its interval."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import streamlit as st

from pages.components import downloads, scores, theme
from pages.components.errors import plain
from ser_core.evaluation import PER_CLASS, gap_text, groups_basis, interval_text
from ser_core.plots.publication_results import print_intervals
from ser_core.plots.results import Row, emotion_rows, intervals_figure

if TYPE_CHECKING:
    import pandas as pd

    from ser_core.evaluation import Groups, Report
    from ser_core.runs.catalogue import RunInfo

OF_IT = "Test clips of this emotion, each as often as it was predicted."
TITLES = {"speaker": "Every speaker", "gender": "Women and men", "corpus": "Every corpus"}


def show(run: RunInfo, report: Report) -> None:
    """Emotions on the left, speakers and genders on the right."""
    left, right = st.columns(2, gap="medium")
    with left:
        _emotions(run, report)
    with right:
        for column, groups in report.groups.items():
            _groups(run, report, column, groups)
        if not report.groups:
            st.info("The corpus names neither speakers nor genders.")
    st.markdown(f"**All metrics by emotion** {scores.badge(report.badge)}")
    st.dataframe(
        _class_table(report), hide_index=True, column_config=_class_columns(), placeholder=""
    )


def _emotions(run: RunInfo, report: Report) -> None:
    with st.container(border=True):
        titles = {metric.name: metric.title for metric in PER_CLASS}
        shown = st.segmented_control(
            "Metric",
            list(titles),
            default="recall",
            required=True,
            format_func=titles.__getitem__,
            key="per-class",
            bind="query-params",
            help="\n".join(f"- **{metric.title}**: {metric.help}" for metric in PER_CLASS),
        )
        rows = emotion_rows({row.emotion: getattr(row, shown) for row in report.per_class})
        theme.figure(intervals_figure(rows, title=titles[shown]), key="classes-figure")
        if report.absent:
            st.caption(f"No test clip is of {', '.join(report.absent)}; means leave it out.")
        st.caption(f"{plain(report.how)} {scores.badge(report.badge)}")
        title = f"{titles[shown]} by emotion, {run.name}"
        draw = partial(print_intervals, rows, titles[shown], title, report.badge)
        downloads.figures(f"{run.id}-{shown}", draw)


def _class_table(report: Report) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(
        [
            {"Emotion": row.emotion, "Clips": row.support}
            | {
                part: found
                for metric in PER_CLASS
                for part, found in _parts(metric.title, getattr(row, metric.name)).items()
            }
            for row in report.per_class
        ]
    )


def _parts(title: str, interval: Any) -> dict[str, Any]:
    return {title: interval.value, f"{title} 95 %": interval_text(interval)}


def _class_columns() -> dict[str, Any]:
    kind = st.column_config
    numbers = {m.title: kind.NumberColumn(m.title, format="%.3f", width=70) for m in PER_CLASS}
    ends = {f"{m.title} 95 %": kind.TextColumn("95 %", width=105) for m in PER_CLASS}
    return {**numbers, **ends, "Clips": kind.NumberColumn("Clips", width=65, help=OF_IT)}


def _groups(run: RunInfo, report: Report, column: str, groups: Groups) -> None:
    rows = [Row(group.name, group.uar, note=_about(group)) for group in groups.groups]
    with st.container(border=True):
        st.markdown(f"**{TITLES.get(column, column.capitalize())}**: UAR")
        theme.figure(
            intervals_figure(rows, title="UAR", chance=report.uar.value, zero="all"),
            key=f"groups-{column}",
        )
        st.markdown(plain(gap_text(groups)))
        if groups.unnamed:
            st.caption(f"{groups.unnamed:,} predictions name no {column}.")
        st.caption(f"{groups_basis(groups)} {scores.badge(report.badge)}")
        title = f"UAR by {column}, {run.name}"
        draw = partial(print_intervals, rows, "UAR", title, report.badge)
        downloads.figures(f"{run.id}-{column}", draw)


def _about(group: Any) -> str:
    lacks = f"; has no {' and no '.join(group.absent)}" if group.absent else ""
    return f"WA {group.wa}, {group.n:,} predictions{lacks}"
