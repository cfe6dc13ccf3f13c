"""The confusion matrix, and the clips of the chosen cell."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import streamlit as st

from pages.components import downloads, scores, theme
from pages.results import loading, prediction_table, url_params
from ser_core.core import count
from ser_core.evaluation.clip_predictions import confusion_cell
from ser_core.plots.publication_results import print_confusion
from ser_core.plots.results import confusion_figure

if TYPE_CHECKING:
    from ser_core.evaluation import Report
    from ser_core.runs.catalogue import RunInfo

COUNTS, SHARES = "Counts", "Shares of each emotion"
CHART = "confusion-chart"
ALL = "any"


def show(run: RunInfo, report: Report) -> None:
    """The matrix on the left, the clips of the chosen cell on the right."""
    left, right = st.columns([5, 6], gap="medium")
    with left:
        _matrix(run, report)
    with right:
        _cell(run, report)


def _matrix(run: RunInfo, report: Report) -> None:
    shown = st.segmented_control(
        "Show",
        [COUNTS, SHARES],
        default=COUNTS,
        required=True,
        key="matrix",
        bind="query-params",
        label_visibility="collapsed",
    )
    normalised = shown == SHARES
    figure = confusion_figure(
        report.confusion_table(), normalised=normalised, chosen=_valid_cell(report)
    )
    theme.figure(figure, key=CHART, on_select=_clicked)
    st.caption(f"Click a cell to play its clips. {scores.badge(report.badge)}")
    draw = partial(print_confusion, report, run.name, normalised=normalised)
    kind = "shares" if normalised else "counts"
    downloads.figures(f"{run.id}-confusion-{kind}", lambda form: draw(form))


def _clicked() -> None:
    """Put the clicked cell into the address."""
    chosen: Any = st.session_state[CHART]
    points = chosen["selection"]["points"]
    if points:
        true, predicted = points[0]["customdata"][:2]
        url_params.write(cell=f"{true}:{predicted}")


def _valid_cell(report: Report) -> tuple[str, str] | None:
    chosen = url_params.cell()
    return chosen if chosen and set(chosen) <= set(report.classes) else None


def _cell(run: RunInfo, report: Report) -> None:
    chosen = _valid_cell(report) or _most_frequent_error(report)
    _choices(report, chosen)
    true, predicted = chosen
    rows = confusion_cell(loading.table(run), true, predicted)
    if rows.empty:
        st.info(f"No clip of {true} was predicted as {predicted}.")
        return
    meaning = "right" if true == predicted else "wrong"
    st.markdown(f"**{count(len(rows), 'prediction')}**: {true} as {predicted}, {meaning}")
    prediction_table.show(run, rows, key=f"cell-{true}-{predicted}")


def _most_frequent_error(report: Report) -> tuple[str, str]:
    """The cell to begin with: the most frequent error, or the largest cell where there is none."""
    table = report.confusion_table()
    values = table.to_numpy(copy=True)
    if values.sum() > values.trace():
        values[range(len(values)), range(len(values))] = -1
    row, column = divmod(int(values.argmax()), len(values))
    return str(table.index[row]), str(table.columns[column])


def _choices(report: Report, chosen: tuple[str, str]) -> None:
    """The same choice without a pointer."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        for label, key, value in zip(
            ("True emotion", "Predicted emotion"), ("cell-true", "cell-answer"), chosen, strict=True
        ):
            st.session_state[key] = value
            st.selectbox(label, report.classes, key=key, on_change=_choice_changed, width=170)


def _choice_changed() -> None:
    url_params.write(cell=f"{st.session_state['cell-true']}:{st.session_state['cell-answer']}")
