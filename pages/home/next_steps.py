"""What is open, what was trained, and where to go next."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from pages.components import navigation, theme
from pages.components.errors import plain
from ser_core.core import count
from ser_core.runs.finished import finished_runs

if TYPE_CHECKING:
    from pages.components.selection import Active

NEXT = {
    "corpus": "Browse the clips, check them, split them without leaks",
    "representations": "Thirteen representations of a clip; compare two clips",
    "train": "Train a model, scored on held-out clips",
    "results": "Metrics with intervals, confusion matrix, errors",
    "explain": "Attribution maps: which part of a sound led to the prediction",
    "robustness": "Attacks, noise and other perturbations, shortcut tests",
    "ensemble": "Pool several models, and test whether it helps",
    "predict": "Classify recorded or uploaded speech",
    "export": "One ONNX file of a model, compared with the app",
}


def show(active: Active) -> None:
    """The open corpus, and a link to every page with its purpose."""
    corpus = active.corpus
    with st.container(border=True):
        st.subheader("Current corpus")
        minutes = corpus.usable["duration"].sum() / 60
        st.markdown(
            f"**{plain(corpus.name)}**: {count(len(corpus.usable), 'clip')}, "
            f"{count(len(corpus.speakers), 'speaker')}, {minutes:,.0f} min of speech"
        )
        st.html(theme.chips(corpus.emotions))
        if corpus.licence:
            st.caption(f"Licence: {plain(corpus.licence)}")
        trained = finished_runs()
        st.markdown(f"**Finished runs**: {trained or 'none yet'}")
    with st.container(border=True):
        st.subheader("Next")
        for name, purpose in NEXT.items():
            if name in navigation.PAGES:
                with st.container(gap="xxsmall"):
                    navigation.link(name, f"{navigation.PAGES[name]} →")
                    st.caption(purpose)
