"""The sentence of the current clip by the same speaker in every emotion."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from pages.components import player, selection
from ser_core.corpora import other_sentence, same_emotion, siblings

if TYPE_CHECKING:
    from pages.components.selection import Active

MOST_SPEAKERS = 40  # more of them are chosen on the page Corpus


def show_emotions(active: Active) -> None:
    """The same sentence by the same speaker, once in every emotion."""
    group = siblings(active.corpus, active.clip)
    if len(group) < 2:
        return
    st.subheader(f"One speaker, one sentence, {len(group)} emotions")
    _choices(active)
    grid = st.container(key="home-emotions").grid(min(6, len(group)), min_column_width=220)
    for clip in group.index:
        with grid.cell(), st.container(border=True, gap="xsmall"):
            player.clip_card(active.corpus, clip)
            st.button(
                "Current clip" if clip == active.heard else "Make it current",
                key=f"show-{clip}",
                type="tertiary",
                disabled=clip == active.heard,
                on_click=selection.choose,
                kwargs={"clip": clip},
            )


def _choices(active: Active) -> None:
    """Let the user change the speaker and the sentence of all clips on the page."""
    speakers = active.corpus.speakers
    own = active.row["speaker"]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if own in speakers and 1 < len(speakers) <= MOST_SPEAKERS:
            st.pills(
                "Speaker",
                speakers,
                default=own,
                required=True,
                key=f"speaker-of-{active.clip}",
                on_change=_change_speaker,
                args=(f"speaker-of-{active.clip}",),
            )
        another = other_sentence(active.corpus, active.clip)
        if another != active.clip:
            st.button("Another sentence", on_click=selection.choose, kwargs={"clip": another})


def _change_speaker(key: str) -> None:
    active = selection.active()
    selection.choose(clip=same_emotion(active.corpus, active.clip, st.session_state[key]))
