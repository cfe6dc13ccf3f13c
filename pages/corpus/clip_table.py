"""The clips of a corpus as a table with filters; the dock below plays the chosen one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd
import streamlit as st

from pages.components import selection
from ser_core.core import count
from ser_core.corpora import EMOTIONS, UNLABELLED, filter_clips, ordered
from ser_core.plots.palette import EMOTION_COLORS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pages.components.selection import Active

TABLE, SORT, HEADINGS = "clips-table", "sort", "_headings"
HEIGHT = 560
MOST_ROWS = 20_000
"""Rows of the table; all of them go to the browser at every change of the page."""

COLUMNS: dict[str, Callable[[], Any]] = {
    "emotion": lambda: st.column_config.MultiselectColumn(
        "Emotion", options=list(EMOTIONS), color=list(EMOTION_COLORS.values()), width=112
    ),
    "corpus": lambda: st.column_config.TextColumn("Corpus", width=90),
    "speaker": lambda: st.column_config.TextColumn("Speaker", width=70),
    "gender": lambda: st.column_config.TextColumn("Gender", width=70),
    "age": lambda: st.column_config.NumberColumn("Age", width=50, help="In years."),
    "intensity": lambda: st.column_config.TextColumn("Intensity", width=70),
    "duration": lambda: st.column_config.NumberColumn("Duration", format="%.2f s", width=70),
    "text": lambda: st.column_config.TextColumn("Text", width="large"),
    "sentence": lambda: st.column_config.TextColumn("Sentence", width=75),
    "part": lambda: st.column_config.TextColumn("Part", width=80, help="Unlabelled: to predict."),
    "problem": lambda: st.column_config.TextColumn("Problem", width="medium"),
    "rms_db": lambda: st.column_config.NumberColumn("Level", format="%.1f dBFS", width=90),
    "peak": lambda: st.column_config.NumberColumn("Peak", format="%.3f", width=70),
    "clipped": lambda: st.column_config.NumberColumn(
        "Clipped", format="percent", width=75, help="Share of samples at full scale."
    ),
    "silent_start": lambda: st.column_config.NumberColumn(
        "Silent start", format="%.2f s", width=90
    ),
    "silent_end": lambda: st.column_config.NumberColumn("Silent end", format="%.2f s", width=90),
    "clip": lambda: st.column_config.TextColumn("Clip", help="Path inside the corpus."),
}


SORTABLE = tuple(name for name in COLUMNS if name != "part")


def show(active: Active) -> None:
    """Filters and table; the row of the current clip is marked, and a click makes another it."""
    _table(active, _sorted(_filters(active)))


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


def _filters(active: Active) -> pd.DataFrame:
    clips = active.corpus.clips
    with st.container(horizontal=True):
        emotions = _choice("Emotion", "emotion", ordered(clips["emotion"].dropna()))
        speakers = _choice("Speaker", "speaker", sorted(clips["speaker"].dropna().unique()))
        genders = _choice("Gender", "gender", sorted(clips["gender"].dropna().unique()))
        text = st.text_input(
            "Search",
            key="find",
            live=True,
            bind="query-params",
            placeholder="text or file name",
            help="Clips whose text, sentence or path contains this.",
        )
    return filter_clips(
        clips, emotions=emotions, speakers=speakers, genders=genders, text=text or ""
    )


def _choice(label: str, key: str, options: list[str]) -> list[str]:
    """Several of the values a column takes; nothing to choose where there is only one."""
    if len(options) < 2:
        return []
    return st.multiselect(label, options, key=key, bind="query-params", placeholder="all")


NO_SORT_IN_BROWSER = """<style>
[data-testid="stDataFrameColumnMenu"] [role="menu"]
> :is(:nth-child(2), :nth-child(3), :nth-child(4)) { display: none; }
</style>"""
"""Takes sorting out of a column's menu: the browser would do it alone, and Next not know of it."""


def _table(active: Active, found: pd.DataFrame) -> None:
    part = found.head(MOST_ROWS)
    clips = list(part.index)
    st.session_state["_clips_found"] = clips
    selection.keep_order(active.corpus, list(found.index))
    rows = [clips.index(active.clip)] if active.clip in part.index else []
    st.html(NO_SORT_IN_BROWSER)
    shown = _for_display(part)
    known = shown.assign(emotion=part["emotion"].to_numpy())  # no list, which is never empty
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
    _below_table(active, found)


def _below_table(active: Active, found: pd.DataFrame) -> None:
    total = len(active.corpus.clips)
    part = f"{len(found):,} of " if len(found) < total else ""
    with st.container(horizontal=True, horizontal_alignment="distribute"):
        st.caption(
            f"{part}{count(total, 'clip')}. Click a row to play it, a heading to sort."
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
    """The table with the clip as a column and the emotion as a coloured chip.

    That a clip is unlabelled is no problem of it, and stands in a column of its own.
    """
    shown = table.reset_index(names="clip")
    waiting = shown["problem"] == UNLABELLED
    shown["part"] = waiting.map({True: UNLABELLED, False: ""})
    shown["problem"] = shown["problem"].mask(waiting, "")
    shown["emotion"] = [[e] if isinstance(e, str) else [] for e in shown["emotion"]]
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
