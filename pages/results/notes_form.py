"""Tags and a note on a run, and a tag on several; the last change can be undone."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from pages.components import buttons
from pages.components.errors import plain
from ser_core.core import SerError, count
from ser_core.runs.run_notes import annotate, notes_of, undo

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ser_core.runs.catalogue import RunInfo

FAULT, CHANGED = "_notes_fault", "_notes_changed"
FORM, TAGS, NOTE = "notes-form", "notes-tags", "notes-note"


def line(run: RunInfo) -> None:
    """What is said of a run, and the form to change it behind a button."""
    said = notes_of(run.folder)
    fault()
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        if said.tags:
            st.markdown(
                " ".join(f":gray-badge[{plain(tag)}]" for tag in said.tags), width="content"
            )
        with st.popover("Tags and note", type="tertiary", key=f"{FORM}-{run.id}"):
            tags = st.text_input(
                "Tags", ", ".join(said.tags), key=f"{TAGS}-{run.id}", placeholder="baseline, paper",
                help="Separated by commas.",
            )  # fmt: skip
            note = st.text_area("Note", said.note, key=f"{NOTE}-{run.id}")
            buttons.button("Save", _save, run, tags, note, key="notes-save", type="primary")
        if said.undoable:
            st.button("Undo", key="notes-undo", type="tertiary", on_click=_undo, args=([run],),
                      help="Take back the last change of tags and note.")  # fmt: skip
    if said.note:
        st.markdown(plain(said.note).replace("\n", "  \n"))


def of_several(picked: Sequence[RunInfo]) -> None:
    """A field for a tag that all ticked results get or lose."""
    with st.popover("Tag", disabled=not picked, key="notes-several"):
        tag = st.text_input("Tag", key="notes-tag", placeholder="baseline")
        with st.container(horizontal=True):
            for label, taken in (("Add", False), ("Remove", True)):
                buttons.button(
                    label, _tag, picked, tag, taken, key=f"notes-{label}", disabled=not tag.strip()
                )


def fault() -> None:
    """Why the last change was refused, and the way back from one of several results."""
    if FAULT in st.session_state:
        st.error(st.session_state.pop(FAULT))


def undo_several() -> None:
    """The way back from the last change of several results in this visit."""
    changed: list[RunInfo] = st.session_state.get(CHANGED, [])
    if changed:
        with st.container(border=True, horizontal=True, vertical_alignment="center"):
            st.markdown(f"Tags of {count(len(changed), 'result')} changed.", width="content")
            st.button("Undo", key="notes-undo-several", on_click=_undo, args=(changed,))


def _save(run: RunInfo, tags: str, note: str) -> None:
    _try(partial(annotate, run.folder, tags.split(","), note))
    _forget(run)


def _tag(picked: Sequence[RunInfo], tag: str, taken: bool) -> None:
    changed = []
    for run in picked:
        said = notes_of(run.folder)
        tags = [each for each in said.tags if each != tag.strip()]
        tags = tags if taken else [*tags, *tag.split(",")]
        if _try(partial(annotate, run.folder, tags, said.note)):
            changed.append(run)
        _forget(run)
    st.session_state[CHANGED] = changed


def _undo(runs: Sequence[RunInfo]) -> None:
    for run in runs:
        _try(partial(undo, run.folder))
        _forget(run)
    st.session_state.pop(CHANGED, None)


def _forget(run: RunInfo) -> None:
    """Fields show what is kept, not what was typed before."""
    for key in (TAGS, NOTE):
        st.session_state.pop(f"{key}-{run.id}", None)


def _try(change: Callable[[], object]) -> bool:
    """Make a change; where it fails, say why on the next run of the page."""
    try:
        change()
    except SerError as error:
        st.session_state[FAULT] = plain(error)
        return False
    return True
