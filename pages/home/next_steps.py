"""What is open, what was trained, and where to go next."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from pages.components import navigation, theme
from pages.components.errors import plain
from ser_core.core.formatting import count
from ser_core.runs.finished import finished_runs

if TYPE_CHECKING:
    from pages.components.selection import Active

NEXT = {
    "corpus": "Browse the clips, check them for faults, split them without leaks",
    "representations": "See a clip in thirteen ways, and compare two",
    "train": "Train a model that is scored on what it has not heard",
    "results": "Read what a model scores, how surely, and where it errs",
    "explain": "See and hear which part of a sound made the answer",
    "robustness": "Try a model under noise, bad lines and attack",
    "ensemble": "Pool several models, and see whether that is worth it",
    "predict": "Record or upload speech, and hear what a model makes of it",
    "export": "Write a model as one file that answers anywhere as it does here",
}


def show(active: Active) -> None:
    """The open corpus, and a link to every page with its purpose."""
    corpus = active.corpus
    with st.container(border=True):
        st.subheader("Open now")
        minutes = corpus.usable["duration"].sum() / 60
        st.markdown(
            f"**{plain(corpus.name)}**: {count(len(corpus.usable), 'clip')}, "
            f"{count(len(corpus.speakers), 'speaker')}, {minutes:,.0f} min of speech"
        )
        st.html(theme.chips(corpus.emotions))
        if corpus.licence:
            st.caption(f"Licence: {plain(corpus.licence)}")
        trained = finished_runs()
        st.markdown(f"**Trained here**: {count(trained, 'run') if trained else 'nothing yet'}")
    with st.container(border=True):
        st.subheader("Next")
        for name, purpose in NEXT.items():
            if name in navigation.PAGES:
                with st.container(gap="xxsmall"):
                    navigation.link(name, f"{navigation.PAGES[name].title} →")
                    st.caption(purpose)
