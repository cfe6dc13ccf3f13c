"""A figure in words and signs: its value, its interval, and the badge of its split."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from ser_core.corpora.leaks import GRADES
from ser_core.evaluation import BADGES, METRICS
from ser_core.words import count

if TYPE_CHECKING:
    from ser_core.evaluation import Interval, Report

VOID = "same recordings in training and test"
BRIEF = {VOID: "same recordings"}
COLORS = {"speakers shared": "red", VOID: "red", BRIEF[VOID]: "red"}

NEW = "new speakers"
"""Badge of figures on speakers that the model has not heard in training."""

GOOD = f":green-badge[{NEW}]"
"""Markdown of it."""


def badge(text: str) -> str:
    """Markdown of a badge; empty for none."""
    return f":{COLORS.get(text, 'orange')}-badge[{text}]" if text else ""


def brief(text: str) -> str:
    """A badge where there is little room."""
    return BRIEF.get(text, text)


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


def headline(report: Report, hint: str = "") -> None:
    """The figures of a report with their intervals and its badge.

    Args:
        report: Of a test.
        hint: What to look at where they may be no better than guessing.
    """
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
            st.markdown(badge(brief(report.badge)) or GOOD)
    if said := guessing(report):
        st.warning(f"{said} {hint or 'More clips or more epochs may tell.'}")


def guessing(report: Report) -> str:
    """What to think of figures that may be those of a model that learned nothing; else empty."""
    uar, chance = report.figures["uar"], 1 / max(1, len(report.classes) - len(report.absent))
    lowest = uar.value if uar.low is None else uar.low
    if lowest is None or lowest > chance:
        return ""
    return (
        "**This may be no better than guessing**: a model that knows nothing has a UAR of "
        f"{chance:.3f}, and the interval reaches down to {max(0.0, lowest):.3f}."
    )


def rests_on(report: Report) -> str:
    """What the figures rest on, as one line of Markdown."""
    voices = f", {count(report.speakers, 'speaker')}" if report.speakers else ""
    trained = f" · {len(report.folds)} folds" if len(report.folds) > 1 else ""
    trained += f" · {len(report.seeds)} seeds" if len(report.seeds) > 1 else ""
    note = f" {report.note}" if report.note else ""
    return f"{report.n:,} test clips{voices}{trained} · intervals: {report.how}.{note}"
