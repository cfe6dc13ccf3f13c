"""Calibration: the reliability diagram, ECE, NLL and Brier score."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from pages.components import downloads, scores, theme
from pages.components.errors import plain
from ser_core.evaluation import METRICS, calibration_verdict, interval_text, value_text
from ser_core.plots.publication_results import print_reliability
from ser_core.plots.results import reliability_figure

if TYPE_CHECKING:
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
                value_text(found),
                delta=interval_text(found),
                delta_color="off",
                delta_arrow="off",
                help=f"{metric.help} Below it: {found.how}.",
            )
        st.markdown(scores.badge(report.badge))
    st.markdown(calibration_verdict(report))
    if report.ece.note:
        st.caption(plain(report.ece.note))
