"""The matrix of several corpora: trained on rows, tested on columns."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from pages.components import downloads, scores, theme
from pages.components.errors import plain
from pages.results import loading
from ser_core.evaluation import corpus_matrix, interval_text
from ser_core.plots.cross_corpus import matrix_figure, print_matrix

if TYPE_CHECKING:
    from ser_core.evaluation import Report
    from ser_core.runs.catalogue import RunInfo


def show(run: RunInfo, report: Report) -> None:
    """The picture, what its cells rest on, and the picture as a file."""
    matrix = corpus_matrix(loading.predictions(run))
    with st.container(border=True):
        st.markdown("**UAR by corpus**")
        theme.figure(matrix_figure(matrix), key="corpora-figure")
        st.caption(
            "Framed cells are of other speakers of the corpus that trained, all others of another "
            f"corpus. Guessing scores {1 / matrix.classes:.2f}, where colours begin. Intervals: "
            "95 %, over the speakers of each corpus. The scores above pool all cells; large "
            f"corpora count more in them. {scores.badge(report.badge)}"
        )
        draw = partial(print_matrix, matrix, f"UAR by corpus, {run.name}", report.badge)
        downloads.figures(f"{run.id}-corpora", draw)
    st.dataframe(
        [
            {"Trained on": plain(cell.trained_on), "Tested on": plain(cell.tested_on),
             "UAR": cell.figure.value, "95 %": interval_text(cell.figure),
             "Clips": cell.clips}
            for cell in matrix.cells
        ],
        hide_index=True,
        column_config={"UAR": st.column_config.NumberColumn("UAR", format="%.3f")},
    )  # fmt: skip
