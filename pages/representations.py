"""Representations: one sound in thirteen ways, one enlarged, two compared, means by emotion."""

from __future__ import annotations

import streamlit as st

from pages.shared import navigation
from pages.shared.representations import source
from pages.shared.representations.loading import views

active = navigation.enter()
st.title("Representations")
shown = source.choose(active)
if shown is not None:
    views().show(active, shown)
