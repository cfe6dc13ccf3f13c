"""Representations: one sound in thirteen ways, one enlarged, two compared, means by emotion."""

from __future__ import annotations

import streamlit as st

from pages.components import clip_source, selection
from pages.representations import comparison
from pages.representations.loading import views
from ser_core.core import SerError

active = selection.active()
st.title("Representations")
clip = comparison.chosen_clip(active)
shown, other = clip_source.shown(), None
if clip:
    found = comparison.load(active, clip)
    other = None if isinstance(found, SerError) else found
    left, right = st.columns(2)
    with right:
        comparison.show_second(active, shown, found, clip)
    with left:
        if shown is not None:
            clip_source.show_waveform(shown, other, key="sound-waveform")
else:
    comparison.show_offers(active, shown)
    if shown is not None:
        clip_source.show_waveform(shown, None, key="sound-waveform")
if shown is not None:
    views().show(active, shown, other)
