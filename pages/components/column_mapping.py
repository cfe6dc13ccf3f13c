"""Columns of a table that is not understood by itself: say which holds the files, the labels."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from pages.components import buttons
from pages.components.errors import plain
from ser_core.corpora import tables_at

if TYPE_CHECKING:
    from collections.abc import Callable

    from ser_core.corpora import Opening
    from ser_core.corpora.clip_tables import ClipTable

PLACE = "_mapping_place"
FIELDS = {"path": "Files", "label": "Emotions", "speaker": "Speakers", "official": "Official split"}
NEEDED = ("path", "label")
NONE = "(none)"


def offer(path: Path) -> None:
    """Remember a place that could not be opened, if tables lie there that can be mapped."""
    if any(len(table.cells) for table in tables_at(path)):
        st.session_state[PLACE] = str(path)


def show(open_as: Callable[[Opening], object]) -> None:
    """Choices of table and columns for the place that was offered; nothing for most.

    Args:
        open_as: What opens the corpus as it was mapped.
    """
    place = st.session_state.get(PLACE)
    if not place:
        return
    tables = {table.name: table for table in tables_at(Path(place)) if len(table.cells)}
    if not tables:
        return
    st.caption("Or say which columns of a table hold what.")
    name = st.selectbox("Table", list(tables), key="mapping-table")
    table = tables[name]
    st.caption(plain(table.why_not or "It can be read as it is."))
    chosen = {field: _column(table, field) for field in FIELDS}
    buttons.button(
        "Open with these columns",
        _open,
        Path(place),
        name,
        chosen,
        open_as,
        disabled=any(not chosen[field] for field in NEEDED),
        help="The columns of files and of emotions are needed.",
    )


def _column(table: ClipTable, field: str) -> str:
    options = [NONE, *map(str, table.cells.columns)]
    guessed = table.columns.get(field, NONE)
    found = st.selectbox(
        FIELDS[field], options, index=options.index(guessed), key=f"mapping-{table.name}-{field}"
    )
    return "" if found == NONE else str(found)


def _open(
    place: Path, name: str, chosen: dict[str, str], open_as: Callable[[Opening], object]
) -> None:
    from ser_core.corpora import Opening

    columns = {field: column for field, column in chosen.items() if column}
    options = {"columns": columns} | ({} if place.is_file() else {"table": name})
    st.session_state.pop(PLACE, None)
    open_as(Opening(place, "manifest", options=options))
