"""Calibration: the reliability diagram, ECE, NLL and Brier score."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from pages.components import downloads, scores, theme
from pages.components.errors import plain
from ser_core.evaluation import METRICS
from ser_core.plots.publication_results import print_reliability
from ser_core.plots.results import reliability_figure

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ser_core.evaluation import Report
    from ser_core.runs.catalogue import RunInfo


def show(run: RunInfo, report: Report) -> None:
    """The reliability diagram, and the scores of calibration."""
    left, right = st.columns([3, 2], gap="medium")
    with left, st.container(border=True):
        st.markdown("**Reliability diagram: accuracy by confidence**")
        theme.figure(reliability_figure(report.reliability), key="reliability")
        downloads.figures(f"{run.id}-reliability", partial(print_reliability, report, run.name))
    with right:
        _figures(report)


def _figures(report: Report) -> None:
    with st.container(border=True):
        for name in ("ece", "nll", "brier"):
            metric, found = METRICS[name], report.figures[name]
            st.metric(
                metric.title,
                scores.value_text(found),
                delta=scores.interval_text(found),
                delta_color="off",
                delta_arrow="off",
                help=f"{metric.help} Below it: {found.how}.",
            )
        st.markdown(scores.badge(report.badge))
    st.markdown(_verdict(report))
    if report.ece.note:
        st.caption(plain(report.ece.note))


def _verdict(report: Report) -> str:
    """The reliability diagram in words."""
    floor = (
        f"On so many clips even a perfectly calibrated model has an ECE of about "
        f"**{report.ece_by_chance:.3f}**."
    )
    ece = report.ece.value or 0.0
    if not (report.ece.low or 0) > 0:
        return f"{floor} This one does not differ from it: no sign of miscalibration."
    gap = sum(_excess(row) for row in report.reliability)
    way = "overconfident" if gap > 0 else "underconfident"
    return f"{floor} This one has **{ece:.3f}**: on the whole it is **{way}**."


def _excess(row: Mapping[str, float | None]) -> float:
    """Confidence beyond what was right, summed over the clips of a bin."""
    return float(row["n"] or 0) * ((row["confidence"] or 0.0) - (row["accuracy"] or 0.0))
