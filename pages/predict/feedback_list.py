"""Recordings that were kept with their true label: to hear, and to delete."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import streamlit as st

from pages.components import errors, navigation, theme
from pages.components.errors import plain
from ser_core.core.errors import SerError
from ser_core.core.formatting import count
from ser_core.inference import feedback

if TYPE_CHECKING:
    from ser_core.inference.feedback import FeedbackRecording, RemovedRecordings

MOST_SHOWN = 20
REMOVED = "_kept_removed"


def show() -> None:
    """All recordings that are kept, with a way to delete each."""
    _undo()
    found = feedback.recordings()
    if not found:
        st.info(
            "Nothing is kept. After an answer, say what it really was: the recording then becomes "
            "a clip of a corpus of your own, on this computer alone."
        )
        return
    _header(found)
    for each in found[:MOST_SHOWN]:
        _recording(each)
    if len(found) > MOST_SHOWN:
        st.caption(f"The newest {MOST_SHOWN}; the page Corpus shows all.")


def _header(found: list[FeedbackRecording]) -> None:
    right = sum(each.emotion == each.answer for each in found)
    st.markdown(
        f"**{count(len(found), 'recording')}**; the model was right in {right} of them. "
        "Deleting takes sound and label off the disk at once, with all that was computed from it. "
        "A model that was trained on it keeps what it learned."
    )
    where = {"corpus": str(feedback.folder()), "reader": "feedback", "clip": found[0].sound.name}
    with st.container(horizontal=True, vertical_alignment="center"):
        navigation.link("corpus", "Open them as a corpus →", **where)
        navigation.link("train", "Train on them →", **where)
        st.button("Delete all", on_click=_delete, args=([each.id for each in found],))


def _recording(each: FeedbackRecording) -> None:
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        with st.container(width=330, gap="xxsmall"):
            st.html(theme.chip(each.emotion))
            voice = f" · {plain(each.speaker)}" if each.speaker else ""
            when = datetime.fromtimestamp(each.kept).strftime("%d %b %Y, %H:%M")
            st.caption(f"{plain(each.name)}{voice} · {each.seconds:.1f} s · {when}")
            st.caption(f"The model said {each.answer}, {100 * each.confidence:.0f} %")
        with st.container(width="stretch"):
            if each.sound.is_file():
                st.audio(each.sound.read_bytes(), format="audio/flac")
        st.button("Delete", key=f"delete-{each.id}", on_click=_delete, args=([each.id],))


def _delete(ids: list[str]) -> None:
    """Delete from the disk; what is needed to undo it is in memory alone."""
    removed: list[RemovedRecordings] = []
    for recording_id in ids:
        try:
            removed.append(feedback.delete(recording_id))
        except SerError as error:
            errors.show(error)
    st.session_state[REMOVED] = [*st.session_state.get(REMOVED, []), *removed]


def _undo() -> None:
    """Say what was deleted; it can be put back until the user says that it is enough."""
    removed: list[RemovedRecordings] = st.session_state.get(REMOVED, [])
    if not removed:
        return
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        st.markdown(
            f"{count(len(removed), 'recording')} deleted from the disk. It can be put back from "
            "memory until you close this page."
        )
        st.button("Undo", on_click=_restore)
        st.button("Forget it", on_click=_forget, help="Also from memory: for good.")


def _restore() -> None:
    for each in st.session_state.pop(REMOVED, []):
        try:
            feedback.restore(each)
        except SerError as error:
            errors.show(error)


def _forget() -> None:
    st.session_state.pop(REMOVED, None)
