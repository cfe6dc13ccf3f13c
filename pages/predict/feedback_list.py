"""Recordings that were saved with their true label, with players and deletion."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import streamlit as st

from pages.components import errors, navigation, theme
from pages.components.errors import plain
from ser_core.core import SerError, count, files
from ser_core.inference import feedback

if TYPE_CHECKING:
    from ser_core.inference.feedback import FeedbackRecording, RemovedRecordings

MOST_SHOWN = 20
REMOVED = "_kept_removed"


def show() -> None:
    """All recordings that are saved, with a way to delete each."""
    _undo()
    found = feedback.recordings()
    if not found:
        st.info(
            "No recordings yet. Give a prediction its correct label, and the recording becomes "
            "a clip of your own corpus, stored on this computer only."
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
        f"**{count(len(found), 'recording')}**; {right} predicted correctly. Deleting removes "
        "sound, label and stored features from the disk at once; models already trained on a "
        "recording do not change."
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
            st.caption(f"Predicted {each.answer}, {100 * each.confidence:.0f} %")
        with st.container(width="stretch"):
            if each.sound.is_file():
                st.audio(files.read_bytes(each.sound), format="audio/flac")
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
            f"{count(len(removed), 'recording')} deleted from the disk. You can undo this until "
            "you close the page."
        )
        st.button("Undo", on_click=_restore)
        st.button(
            "Delete for good", on_click=_forget, help=("Also from memory; this cannot be undone.")
        )


def _restore() -> None:
    for each in st.session_state.pop(REMOVED, []):
        try:
            feedback.restore(each)
        except SerError as error:
            errors.show(error)


def _forget() -> None:
    st.session_state.pop(REMOVED, None)
