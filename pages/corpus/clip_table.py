"""The clips of a corpus as a table with filters; the dock below plays the chosen one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd
import streamlit as st

from pages.components import navigation, selection, theme
from pages.components.errors import plain
from pages.corpus import annotate, filters
from ser_core.core import count
from ser_core.corpora import EMOTIONS, UNLABELLED
from ser_core.evaluation import PREFIX
from ser_core.plots.palette import EMOTION_COLORS
from ser_core.plots.results import prediction_figure

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pages.components.selection import Active
    from pages.corpus.filters import Filtered

TABLE, SORT, HEADINGS = "clips-table", "sort", "_headings"
HEIGHT = 560
CHIPS = ("emotion", "new_label", "answer")
"""Columns of emotions, which are shown as coloured chips."""
SHARES = ("confidence", "self_confidence", "clipped")
"""Columns of shares, which are shown in per cent with as many decimals in all rows."""
MOST_ROWS = 20_000
"""Rows of the table; all of them go to the browser at every change of the page."""

COLUMNS: dict[str, Callable[[], Any]] = {
    "emotion": lambda: st.column_config.MultiselectColumn(
        "Emotion", options=list(EMOTIONS), color=list(EMOTION_COLORS.values()), width=112
    ),
    "new_label": lambda: st.column_config.MultiselectColumn(
        "New label",
        options=list(EMOTIONS),
        color=list(EMOTION_COLORS.values()),
        width=112,
        help="What you say it is; kept beside the corpus.",
    ),
    "tags": lambda: st.column_config.ListColumn("Tags", width=90),
    "answer": lambda: st.column_config.MultiselectColumn(
        "Answer",
        options=list(EMOTIONS),
        color=list(EMOTION_COLORS.values()),
        width=112,
        help="Held-out answer of the chosen run: of a model that was not trained on the clip.",
    ),
    "confidence": lambda: st.column_config.NumberColumn(
        "Confidence", format="%.0f %%", width=85, help="Probability of the answer."
    ),
    "self_confidence": lambda: st.column_config.NumberColumn(
        "Label", format="%.0f %%", width=70, help="Probability that the model gives to the label."
    ),
    "wrong": lambda: st.column_config.CheckboxColumn(
        "Wrong", width=60, help="Whether the held-out answer differs from the label."
    ),
    "corpus": lambda: st.column_config.TextColumn("Corpus", width=90),
    "speaker": lambda: st.column_config.TextColumn("Speaker", width=70),
    "gender": lambda: st.column_config.TextColumn("Gender", width=70),
    "age": lambda: st.column_config.NumberColumn("Age", width=50, help="In years."),
    "intensity": lambda: st.column_config.TextColumn("Intensity", width=70),
    "duration": lambda: st.column_config.NumberColumn("Duration", format="%.2f s", width=70),
    "text": lambda: st.column_config.TextColumn("Text", width="large"),
    "sentence": lambda: st.column_config.TextColumn("Sentence", width=75),
    "part": lambda: st.column_config.TextColumn(
        "Part", width=80, help="Part of the split of the chosen run; unlabelled: to predict."
    ),
    "problem": lambda: st.column_config.TextColumn("Problem", width="medium"),
    "rms_db": lambda: st.column_config.NumberColumn("Level", format="%.1f dBFS", width=90),
    "peak": lambda: st.column_config.NumberColumn("Peak", format="%.3f", width=70),
    "clipped": lambda: st.column_config.NumberColumn(
        "Clipped", format="%.2f %%", width=75, help="Share of samples at full scale."
    ),
    "silent_start": lambda: st.column_config.NumberColumn(
        "Silent start", format="%.2f s", width=90
    ),
    "silent_end": lambda: st.column_config.NumberColumn("Silent end", format="%.2f s", width=90),
    "clip": lambda: st.column_config.TextColumn("Clip", help="Path inside the corpus."),
}

SORTABLE = tuple(name for name in COLUMNS if name not in ("part", "tags"))


def show(active: Active) -> None:
    """Filters and table; the row of the current clip is marked, and a click makes another it."""
    found = filters.show(active)
    table(active, found.clips, found.order)
    left, right = st.columns([3, 2], gap="medium")
    with left:
        annotate.show(active, found, current(active, found))
    with right:
        show_answer(found, active.heard)


def current(active: Active, found: Filtered) -> str:
    """The current clip where it is among those that were found; else none."""
    return active.heard if active.heard in found.clips.index else ""


def _sorted(clips: pd.DataFrame) -> pd.DataFrame:
    """The clips by the column of the address; what has no value there is last."""
    column, descending = _sorting()
    if column == "clip":
        return clips.sort_index(ascending=not descending)
    if column not in clips:
        return clips
    return clips.sort_values(column, ascending=not descending, kind="stable")


def _sorting() -> tuple[str, bool]:
    """Column that the table is sorted by, empty in the order of the corpus; whether downwards."""
    wanted = str(st.query_params.get(SORT, ""))
    column = wanted.removeprefix("-")
    return (column if column in SORTABLE else "", wanted.startswith("-"))


NO_SORT_IN_BROWSER = """<style>
[data-testid="stDataFrameColumnMenu"] [role="menu"]
> :is(:nth-child(2), :nth-child(3), :nth-child(4)) { display: none; }
</style>"""
"""Takes sorting out of a column's menu: the browser would do it alone, and Next not know of it."""


def table(active: Active, clips: pd.DataFrame, order_words: str) -> None:
    """The clips, sorted as asked for; a click makes one current.

    Args:
        active: What the page works on.
        clips: The clips that were found.
        order_words: How these are sorted as they are, in words.
    """
    found = _sorted(clips)
    part = found.head(MOST_ROWS)
    names = list(part.index)
    st.session_state["_clips_found"] = names
    selection.keep_order(active.corpus, list(found.index))
    rows = [names.index(active.heard)] if active.heard in part.index else []
    st.html(NO_SORT_IN_BROWSER)
    shown = _for_display(part)
    # Lists, as of chips, are never empty.
    known = shown.assign(**{name: part[name].to_numpy() for name in CHIPS if name in part})
    order = [c for c in COLUMNS if c in known and (c == "clip" or _has_content(known[c]))]
    headings = [name for name in st.session_state.get(HEADINGS, []) if name in order]
    st.session_state[HEADINGS] = headings
    st.session_state[TABLE] = {"selection": {"rows": rows, "columns": headings, "cells": []}}
    st.dataframe(
        shown,
        key=TABLE,
        on_select=_clicked,
        # With columns to select, a click on a heading is told, instead of sorting in the browser
        # alone: Next has to know the order.
        selection_mode=[
            "single-row-required" if rows else "single-row",
            "single-column",
            "single-cell",
        ],
        hide_index=True,
        height=HEIGHT,
        column_order=order,
        column_config=_with_arrow(_columns(order)),
        placeholder="",
    )
    if len(found) > len(part):
        st.caption(
            f"The table holds the first {len(part):,} of these. Filter or search for others."
        )
    _below_table(active, found, "" if _sorting()[0] else order_words)


def _below_table(active: Active, found: pd.DataFrame, order_words: str) -> None:
    total = len(active.corpus.clips)
    part = f"{len(found):,} of " if len(found) < total else ""
    usual = order_words in ("", filters.ORDER[filters.ALL])
    sort = "" if usual else f", {order_words}"
    with st.container(horizontal=True, horizontal_alignment="distribute"):
        st.caption(
            f"{part}{count(total, 'clip')}{sort}. Click a row to play it, a heading to sort."
            if len(found)
            else f"None of the {total:,} clips matches. Remove a filter.",
            width="content",
        )
        if found.empty:
            return
        st.download_button(
            "Download as CSV",
            lambda: found.to_csv().encode(),
            file_name=f"{active.corpus.name}-clips.csv",
            mime="text/csv",
            on_click="ignore",
            help="The clips in the table, with all their metadata.",
        )


def small_table(table: pd.DataFrame, *, key: str) -> str:
    """A table of a few clips; returns the chosen one, the first to begin with."""
    shown = _for_display(table)
    order = [c for c in COLUMNS if c in shown and (c == "clip" or _has_content(shown[c]))]
    state = st.dataframe(
        shown,
        key=key,
        on_select=lambda: _mark_row(key),
        selection_mode=["single-row-required", "single-cell"],
        hide_index=True,
        height=min(360, 38 + 35 * len(shown)),
        column_order=order,
        column_config=_columns(order),
        placeholder="",
    )
    rows = state["selection"]["rows"]
    return str(table.index[rows[0] if rows and rows[0] < len(table) else 0])


def _mark_row(key: str) -> None:
    """Mark the row of the cell that was clicked."""
    chosen = row_of(st.session_state[key]["selection"])
    rows = [] if chosen is None else [chosen]
    st.session_state[key] = {"selection": {"rows": rows, "columns": [], "cells": []}}


def _for_display(table: pd.DataFrame) -> pd.DataFrame:
    """The table with the clip as a column and emotions as coloured chips.

    That a clip is unlabelled is no problem of it, and stands in a column of its own.
    """
    shown = table.reset_index(names="clip")
    shown["part"] = filters.part_of(shown)
    shown["problem"] = shown["problem"].mask(shown["problem"] == UNLABELLED, "")
    for name in SHARES:
        if name in shown:
            shown[name] = 100 * shown[name]
    for name in CHIPS:
        if name in shown:
            shown[name] = [[e] if isinstance(e, str) else [] for e in shown[name]]
    return shown


def _columns(order: Sequence[str]) -> dict[str, Any]:
    """How each column is shown; speakers bear the name of their corpus where there are several."""
    several = {"speaker": st.column_config.TextColumn("Speaker", width=115)}
    return {name: COLUMNS[name]() for name in order} | (several if "corpus" in order else {})


def _has_content(column: pd.Series) -> bool:
    return bool((column.dropna() != "").any())


def _with_arrow(columns: dict[str, Any]) -> dict[str, Any]:
    """Show in its heading by which column the table is sorted."""
    column, descending = _sorting()
    if column in columns:
        columns[column]["label"] = f"{columns[column]['label']} {'↓' if descending else '↑'}"
    return columns


def _clicked() -> None:
    """Sort by a heading, or make the row that was clicked, in whichever cell, the current clip."""
    clicked = st.session_state[TABLE]["selection"]
    headings, before = list(clicked["columns"]), st.session_state.get(HEADINGS, [])
    st.session_state[HEADINGS] = headings
    if headings != before:  # one click chooses a heading, the next one leaves it
        selection.write(**{SORT: next_sorting(str((headings or before)[0]), *_sorting())})
        return
    chosen = row_of(clicked)
    found = st.session_state["_clips_found"]
    if chosen is not None and chosen < len(found):
        selection.choose(clip=found[chosen])


def next_sorting(clicked: str, column: str, descending: bool) -> str:
    """What a click on a heading sorts by: upwards, then downwards, then as the corpus has it.

    >>> next_sorting("age", "", False), next_sorting("age", "age", False)
    ('age', '-age')
    >>> next_sorting("age", "age", True), next_sorting("age", "speaker", True)
    ('', 'age')
    """
    if clicked != column:
        return clicked
    return "" if descending else f"-{clicked}"


def row_of(selected: Mapping[str, Any]) -> int | None:
    """Row of a table's selection; a clicked cell is newer than the row that was marked before."""
    if selected["cells"]:
        return int(selected["cells"][0][0])
    return int(selected["rows"][0]) if selected["rows"] else None


def show_answer(found: Filtered, clip: str) -> None:
    """What the chosen run answered to the clip, with all probabilities."""
    if found.answers is None or clip not in found.answers.table.index:
        return
    row: dict[str, Any] = {str(k): v for k, v in found.answers.table.loc[clip].items()}
    wrong: Any = found.answers.columns["wrong"].get(clip)
    verdict = {True: ", wrong", False: ", right"}.get(wrong, "")
    st.markdown(
        f"**Held-out answer {plain(row['answer'])}**{verdict}, "
        f"confidence {100 * row['confidence']:.0f} %"
    )
    given = {
        name.removeprefix(PREFIX): float(value)
        for name, value in row.items()
        if name.startswith(PREFIX)
    }
    theme.figure(prediction_figure(given, true=str(row["true"])), key="corpus-answer")
    model = found.answers.models.get(clip)
    if model:  # of the fold that left the clip out, which is seldom the model of the dock
        navigation.link("explain", "Explain this answer →", model=str(model), clip=clip)
