"""Open another corpus: by path, from those opened lately, or back to the demo."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from pages.components import column_mapping, errors, selection
from ser_core.core import SerError, settings
from ser_core.corpora import (
    READERS,
    Opening,
    option_texts,
    recent_corpora,
    remember_corpus,
    saved_openings,
    snapshot,
)

ANY_READER = "Detected automatically"
SHOWN = "open-corpus"
"""Whether the form is shown; it would stay in front of the corpus that was opened."""


def show() -> None:
    """A button that opens a small form, and the corpora opened lately."""
    with st.popover("Open a corpus", type="primary", key=SHOWN, on_change="rerun"):
        with st.form("open", border=False):
            st.text_input(
                "Folder or table",
                key="open-path",
                placeholder="/home/me/corpora/nEMO",
                help="The folder of a corpus on this computer, or a CSV or TSV table that lists "
                "its clips. The clips are only read, never changed or sent anywhere.",
            )
            st.selectbox(
                "Reader",
                [ANY_READER, *(name for name in READERS if READERS[name].searches)],
                key="open-reader",
                help="How the corpus names its clips and labels. Choose one when it is not "
                "recognised, or recognised as something else.",
            )
            st.text_area(
                "Options",
                key="open-options",
                height=68,
                placeholder="pattern=(?P<speaker>spk\\d+)/",
                help="Of the reader, one a line, as name=value: `pattern=...` for a folder an "
                "emotion, `table=train.csv` or `columns.label=Emotions` for a table.",
            )
            st.toggle(
                "Labels that name no emotion are classes of their own",
                key="open-own",
            )
            st.form_submit_button("Open", on_click=_open_typed, type="primary")
        if "_open_error" in st.session_state:
            st.error(st.session_state.pop("_open_error"))
        column_mapping.show(_open_opening)
        _recent_corpora()


def _recent_corpora() -> None:
    here = str(selection.active().corpus.root)
    others = [path for path in recent_corpora() if path != here]
    kept = [each.name for each in saved_openings.saved()]
    if kept:
        st.caption("Kept")
    for name in kept:
        st.button(
            errors.plain(name), key=f"kept-{name}", on_click=_open, args=(name,), width="stretch"
        )
    if others:
        st.caption("Recent")
    for path in others:
        st.button(path, key=f"recent-{path}", on_click=_open, args=(path,), width="stretch")
    if here != str(settings.demo_corpus()):
        demo = str(settings.demo_corpus())
        st.button("The bundled demo", on_click=_open, args=(demo,), width="stretch")


def reopen_button() -> None:
    """The corpus that was opened last, one press away while the demo is open."""
    if selection.active().corpus.root != settings.demo_corpus():
        return
    for path in recent_corpora()[:1]:
        st.button(
            f"Back to {errors.plain(Path(path).name)}",
            key="latest-corpus",
            type="tertiary",
            help=errors.plain(path),
            on_click=selection.choose,  # every page tells of a corpus that cannot be opened
            kwargs={"corpus": path, "reader": ""},
        )


def _open_typed() -> None:
    path = str(st.session_state["open-path"]).strip().strip("'\"")
    reader = st.session_state["open-reader"]
    if not path:
        st.session_state["_open_error"] = "Type the path of a folder or of a table first."
        return
    named = "" if reader == ANY_READER else str(reader)
    lines = [line for line in st.session_state["open-options"].splitlines() if line.strip()]
    own = bool(st.session_state["open-own"])
    if not lines and not own:
        _open(path, named)
        return
    try:
        options = option_texts.by_name(map(str.strip, lines))
        place = Path(path).expanduser().absolute()
        opening = Opening(place, named, options=options, own_labels=own)
        _open_opening(opening)
    except SerError as error:
        st.session_state["_open_error"] = errors.plain(error)


def _open_opening(opening: Opening) -> None:
    """Open a corpus with options, or say why it cannot be."""
    try:
        _open(str(snapshot(opening)))
    except SerError as error:
        st.session_state["_open_error"] = errors.plain(error)


def _open(path: str, reader: str = "") -> None:
    """Make it the corpus of all pages, or keep the present one and say why not."""
    kept = saved_openings.found(path)
    where = path if kept else Path(path).expanduser().absolute()
    try:
        selection.opened(where, reader)
    except SerError as error:
        st.session_state["_open_error"] = errors.plain(error)
        if not kept and Path(where).exists():
            column_mapping.offer(Path(where))
        return
    st.session_state.pop(column_mapping.PLACE, None)
    if not kept:
        remember_corpus(Path(where))
    st.session_state[SHOWN] = False
    selection.choose(corpus=str(where), reader=reader)
