"""Misclassified clips, the most confident first, with filters and a player."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from pages.components import downloads, scores
from pages.results import loading, prediction_table
from ser_core.core import count
from ser_core.evaluation.clip_predictions import mistakes

if TYPE_CHECKING:
    import pandas as pd

    from ser_core.evaluation import Report
    from ser_core.runs.catalogue import RunInfo


def show(run: RunInfo, report: Report) -> None:
    """Filters and table on the left, the chosen mistake on the right."""
    wrong = mistakes(loading.table(run))
    if wrong.empty:
        st.success("Every test clip was classified correctly.")
        return
    total = len(loading.table(run))
    st.markdown(
        f"**{len(wrong):,} of {count(total, 'prediction')} are wrong** "
        f"({100 * len(wrong) / total:.1f} %), most confident first. {scores.badge(report.badge)}"
    )
    left, right = st.columns([6, 5], gap="medium")
    with left:
        rows = _filtered(wrong)
        picked = (
            prediction_table.choose_row(rows, key="mistakes-table", height=440)
            if len(rows)
            else None
        )
        if picked is None:
            st.info("No error matches. Remove a filter.")
            return
        _below(run, rows)
    with right:
        prediction_table.show_prediction(run, rows.iloc[picked], key="mistake")


def _filtered(wrong: pd.DataFrame) -> pd.DataFrame:
    with st.container(horizontal=True):
        for label, column in (("True", "true"), ("Predicted", "answer"), ("Speaker", "speaker")):
            options = sorted(wrong[column].dropna().unique())
            if len(options) > 1:
                chosen = st.multiselect(
                    label, options, key=f"wrong-{column}", bind="query-params", placeholder="all"
                )
                wrong = wrong[wrong[column].isin(chosen)] if chosen else wrong
    return wrong.reset_index(drop=True)


def _below(run: RunInfo, rows: pd.DataFrame) -> None:
    with st.container(horizontal=True, horizontal_alignment="distribute"):
        st.caption(f"{count(len(rows), 'error')}. Click a row to play it.", width="content")
        downloads.button(
            "Download as CSV",
            f"{run.id}-mistakes.csv",
            "text/csv",
            lambda: str(rows.to_csv(index=False)),
            "The errors in the table, with all probabilities",
        )
