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
if clip:
    found = comparison.load(active, clip)
    other = None if isinstance(found, SerError) else found
    left, right = st.columns(2)
    with left:
        shown = clip_source.choose(active, narrow=True, beside=other)
    with right:
        comparison.show_second(active, shown, found, clip)
else:
    shown, other = clip_source.choose(active, narrow=False), None
    comparison.show_offers(active, shown)
if shown is not None:
    views().show(active, shown, other)
