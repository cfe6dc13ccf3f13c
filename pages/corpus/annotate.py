"""Labels and tags of the user for one clip or all in the table; the corpus is never changed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from pages.components import buttons, selection
from pages.components.errors import plain
from ser_core.core import EMOTIONS, SerError, count
from ser_core.corpora import clip_notes as kept
from ser_core.corpora import ordered

if TYPE_CHECKING:
    from collections.abc import Callable

    from pages.components.selection import Active
    from pages.corpus.filters import Filtered
    from ser_core.corpora.clip_notes import ClipNotes

ONE, ALL = "The chosen clip", "All in the table"
BACK = "as in the corpus"
FAULT, USED, UNDONE = "_annotation_fault", "_annotation_used", "_annotation_undone"


def columns(clips: pd.DataFrame, said: ClipNotes) -> pd.DataFrame:
    """The clips with `new_label` and `tags` where something was said of any of them."""
    found = clips
    if said.labels:
        new = clips.index.to_series().map(dict(said.labels)).astype("string")
        found = found.assign(new_label=new)
    if said.tags:
        tags = [list(said.tags.get(str(clip), ())) for clip in clips.index]
        found = found.assign(tags=pd.Series(tags, index=clips.index, dtype=object))
    return found


def show(active: Active, found: Filtered, clip: str) -> None:
    """Fields for a label and a tag, the way back, and the way to train with the new labels."""
    said = kept.notes_of(active.corpus.root)
    if UNDONE in st.session_state:
        st.toast(f"Undone: {plain(st.session_state.pop(UNDONE))}", icon=":material/undo:")
    with st.expander("Label and tag", expanded=_stays_open(said)):
        st.caption(
            "Kept beside the corpus, in the workbench's data: the corpus is never changed. New "
            "labels hold in training and evaluation only where the corpus is opened with them."
        )
        if FAULT in st.session_state:
            st.error(st.session_state.pop(FAULT))
        _fields(active, found, clip, said)
        _undo(active, said)
        _opened(active, said)


def _fields(active: Active, found: Filtered, clip: str, said: ClipNotes) -> None:
    scope = st.segmented_control(
        "For", [ONE, ALL], default=ONE, required=True, key="annotate-for",
        label_visibility="collapsed",
    )  # fmt: skip
    clips = [clip] if scope == ONE and clip else [str(each) for each in found.clips.index]
    clips = [] if scope == ONE and not clip else clips
    st.caption(plain(clip) if scope == ONE else count(len(clips), "clip"))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        known = ordered({*EMOTIONS, *active.corpus.emotions})
        label = st.selectbox("New label", [*known, BACK], key="annotate-label", width=170)
        buttons.button(
            "Set label", _try, lambda: _relabel(active, clips, label), disabled=not clips
        )
        tag = st.text_input("Tag", key="annotate-tag", placeholder="noisy", width=170)
        buttons.button(
            "Add tag", _try, lambda: kept.tag(active.corpus.root, clips, tag), disabled=not clips
        )
        buttons.button(
            "Remove tag",
            _try,
            lambda: kept.tag(active.corpus.root, clips, tag, remove=True),
            disabled=not clips or not said.tags,
        )


def _relabel(active: Active, clips: list[str], label: str) -> None:
    opening = active.corpus.opening
    own = opening.own_labels if opening else False
    kept.relabel(active.corpus.root, clips, "" if label == BACK else label, own=own)


def _undo(active: Active, said: ClipNotes) -> None:
    if said.last is None:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(
            f"{count(len(said.labels), 'new label')}, {count(len(said.tags), 'tagged clip')}.",
            width="content",
        )
        st.button(
            f"Undo: {plain(said.last)}", key="annotate-undo", type="tertiary",
            on_click=_take_back, args=(active, said.last),
        )  # fmt: skip
        st.download_button(
            "Download as CSV", lambda: _csv(said), mime="text/csv", on_click="ignore",
            file_name=f"{active.corpus.name}-clip-notes.csv",
        )  # fmt: skip


def _csv(said: ClipNotes) -> bytes:
    clips = sorted({*said.labels, *said.tags})
    rows = pd.DataFrame(
        {
            "clip": clips,
            "label": [said.labels.get(clip, "") for clip in clips],
            "tags": [", ".join(said.tags.get(clip, ())) for clip in clips],
        }
    )
    return rows.to_csv(index=False).encode()


def _opened(active: Active, said: ClipNotes) -> None:
    """The choice to open the corpus with the new labels, or without them again."""
    opening = active.corpus.opening
    if opening is None:
        return
    in_force = dict(opening.relabelled)
    if said.labels and in_force != dict(said.labels):
        st.button(
            f"Open with {count(len(said.labels), 'new label')}",
            key="annotate-open", on_click=_try, args=(lambda: _open(active, dict(said.labels)),),
            help="Recipes of the page Train then say which clips have another label.",
        )  # fmt: skip
    if in_force:
        st.markdown(f"The corpus is open with {count(len(in_force), 'new label')}.")
        st.button(
            "Open with the labels of the corpus",
            key="annotate-close", on_click=_try, args=(lambda: _open(active, {}),),
        )  # fmt: skip


def _open(active: Active, labels: dict[str, str]) -> None:
    opening = active.corpus.opening
    if opening is not None:
        # Without its name: what is kept by a name stays as it is.
        selection.open_as(replace(opening, relabelled=labels, name=""))


def _stays_open(said: ClipNotes) -> bool:
    """Whether the panel is open: where something was changed, also if that was undone just now."""
    return bool(said.changes) or bool(st.session_state.get(USED)) or FAULT in st.session_state


def _take_back(active: Active, what: str) -> None:
    _try(lambda: kept.undo(active.corpus.root))
    if FAULT not in st.session_state:
        st.session_state[UNDONE] = what


def _try(change: Callable[[], object]) -> None:
    """Make a change; where it fails, say why on the next run of the page."""
    st.session_state[USED] = True
    try:
        change()
    except SerError as error:
        st.session_state[FAULT] = plain(error)
