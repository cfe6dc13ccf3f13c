"""Home: what this is, a voice to try at once, what is open, and where to go next."""

from __future__ import annotations

import streamlit as st

from pages.components import clip_source, errors, selection
from pages.home import clip_panel, next_steps, try_it

active = selection.active()
st.title("Speech emotion recognition")
st.container(key="home-intro").markdown(
    "Explore a corpus, train, evaluate and explain models. Every split is audited for leaks from "
    "training into the test, and every score is shown with its 95 % interval."
)
try_it.show()
error = clip_source.current().error
if error is not None:
    errors.show(error)
if active.clip:
    left, right = st.columns([3, 2], gap="small")
    with left:
        clip_panel.show_emotions(active)
    with right:
        next_steps.show(active)
else:
    next_steps.show(active)
    st.info("This corpus has no clip that can be played. The page Corpus says why, clip by clip.")
