"""Scores as text: value, 95 % interval, and the badge of the split."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from ser_core.corpora import GRADES
from ser_core.evaluation import (
    BADGES,
    METRICS,
    NEW_SPEAKERS,
    chance_warning,
    interval_text,
    value_text,
)

if TYPE_CHECKING:
    from ser_core.evaluation import Report

SAME_RECORDINGS = "same recordings in training and test"
SHORT_BADGES = {SAME_RECORDINGS: "same recordings"}
COLORS = {"speakers shared": "red", SAME_RECORDINGS: "red", SHORT_BADGES[SAME_RECORDINGS]: "red"}

NEW_SPEAKERS_BADGE = f":green-badge[{NEW_SPEAKERS}]"
"""Markdown of that badge."""


def badge(text: str) -> str:
    """Markdown of a badge; empty for none."""
    return f":{COLORS.get(text, 'orange')}-badge[{text}]" if text else ""


def short_badge(text: str) -> str:
    """A badge where there is little room."""
    return SHORT_BADGES.get(text, text)


def grade_badge(grade: str) -> str:
    """Markdown of the badge of scores on a split of this leak grade."""
    return badge(BADGES.get(grade, BADGES["unknown"]))


def grade_help() -> str:
    """What the leak grades mean, as a Markdown list."""
    return "\n".join(f"- **{grade}**: {text}" for grade, text in GRADES.items())


def headline_metrics(report: Report, hint: str = "") -> None:
    """The main scores of a report as metrics, each with its interval and the badge.

    Args:
        report: Of a test.
        hint: What to check where they may be at chance level.
    """
    names = ("uar", "wa", "macro_f1", "ece")
    for column, name in zip(st.columns(len(names)), names, strict=True):
        metric, found = METRICS[name], report.figures[name]
        note = f" {found.note}" if found.note else ""
        with column.container(border=True, gap="xxsmall"):
            st.metric(
                metric.title,
                value_text(found),
                delta=interval_text(found),
                delta_color="off",
                delta_arrow="off",
                help=f"{metric.help} Below it: {found.how}.{note}",
            )
            st.markdown(badge(short_badge(report.badge)) or NEW_SPEAKERS_BADGE)
    if said := chance_warning(report):
        st.warning(f"{said} {hint or 'More clips may help.'}")
