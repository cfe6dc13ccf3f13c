"""Learning curves of the trainings, with the best epoch and the last one."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import pandas as pd
import streamlit as st

from pages.components import downloads, tables, theme
from pages.results import loading
from ser_core.core import seconds
from ser_core.plots.publication_results import print_courses
from ser_core.plots.results import course_figure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ser_core.evaluation import Report
    from ser_core.runs.catalogue import LearningCurve, RunInfo


def show(run: RunInfo, report: Report) -> None:
    """A table of the trainings, and the curves of the chosen one."""
    courses = loading.courses(run)
    if not courses:
        st.info("The files of the trainings are gone, so there are no learning curves.")
        return
    chosen = courses[_table(courses)] if len(courses) > 1 else courses[0]
    _curves(chosen)
    draw = partial(print_courses, [chosen], f"{run.name}, {chosen.name}", report.badge)
    downloads.figures(f"{run.id}-course-{chosen.fold}-{chosen.seed}", draw)


def _curves(course: LearningCurve) -> None:
    best, last = course.best_epoch, len(course.history)
    chosen = course.at(best)
    with st.container(border=True):
        st.markdown(
            f"**{course.name[:1].upper()}{course.name[1:]}**: best epoch {best} of {last}, with "
            f"a validation UAR of {chosen['val_uar']:.3f}; the last epoch had "
            f"{course.at(last)['val_uar']:.3f}. {seconds(60 * course.minutes)}.",
            help="Selected on validation clips. The test clips are predicted once, with "
            "the weights of that epoch.",
        )
        theme.figure(course_figure(course.history, best_epoch=best), key="course")


def _table(courses: Sequence[LearningCurve]) -> int:
    state = st.dataframe(
        pd.DataFrame([_line(course) for course in courses]),
        key="courses-table",
        on_select="rerun",
        selection_mode="single-row-required",
        hide_index=True,
        height=tables.height(len(courses), 360),
        column_config=_columns(),
        placeholder="",
    )
    rows = state["selection"]["rows"]
    return rows[0] if rows and rows[0] < len(courses) else 0


def _line(course: LearningCurve) -> dict[str, Any]:
    best, last = course.at(course.best_epoch), course.history[-1]
    return {
        "Fold": course.fold_name if course.fold_name != "split" else "–",
        "Seed": course.seed,
        "Best epoch": course.best_epoch,
        "Best UAR": best["val_uar"],
        "Best loss": best["val_loss"],
        "Last epoch": len(course.history),
        "Last UAR": last["val_uar"],
        "Last loss": last["val_loss"],
        "Minutes": course.minutes,
    }


def _columns() -> dict[str, Any]:
    kind = st.column_config
    scores = {
        name: kind.NumberColumn(name, format="%.3f", help="On validation clips.")
        for name in ("Best UAR", "Best loss", "Last UAR", "Last loss")
    }
    return {**scores, "Minutes": kind.NumberColumn("Minutes", format="%.1f")}
