"""A figure in words and signs: its value, its interval, and the badge of its split."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from ser_core.corpora.leaks import GRADES
from ser_core.evaluation import BADGES, METRICS

if TYPE_CHECKING:
    from ser_core.evaluation import Interval, Report

COLORS = {"speakers shared": "red", "same recordings in training and test": "red"}


def badge(text: str) -> str:
    """Markdown of a badge; empty for none."""
    return f":{COLORS.get(text, 'orange')}-badge[{text}]" if text else ""


def badge_of(grade: str) -> str:
    """Markdown of the badge that figures of a split of this grade wear."""
    return badge(BADGES.get(grade, BADGES["unknown"]))


def grade_help() -> str:
    """What the grades mean."""
    return "\n".join(f"- **{grade}**: {text}" for grade, text in GRADES.items())


def ends(interval: Interval) -> str:
    """The interval in words, or why there is none."""
    if interval.low is None or interval.high is None:
        return "no interval"
    return f"{interval.low:.3f} to {interval.high:.3f}"


def value(interval: Interval) -> str:
    """The figure alone."""
    return "–" if interval.value is None else f"{interval.value:.3f}"


def headline(report: Report) -> None:
    """The figures of a report with their intervals and its badge."""
    names = ("uar", "wa", "macro_f1", "ece")
    for column, name in zip(st.columns(len(names)), names, strict=True):
        metric, found = METRICS[name], report.figures[name]
        note = f" {found.note}" if found.note else ""
        with column.container(border=True, gap="xxsmall"):
            st.metric(
                metric.title,
                value(found),
                delta=ends(found),
                delta_color="off",
                delta_arrow="off",
                help=f"{metric.help} Below it: {found.how}.{note}",
            )
            st.markdown(badge(report.badge) or ":green-badge[new speakers]")


def rests_on(report: Report) -> str:
    """What the figures rest on, as one line of Markdown."""
    voices = f", {report.speakers} speakers" if report.speakers else ""
    trained = f" · {len(report.folds)} folds" if len(report.folds) > 1 else ""
    trained += f" · {len(report.seeds)} seeds" if len(report.seeds) > 1 else ""
    note = f" {report.note}" if report.note else ""
    return f"{report.n:,} test clips{voices}{trained} · intervals: {report.how}.{note}"
