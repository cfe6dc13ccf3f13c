"""Predict: a recording, many of them, or a long one, answered by a model of your choice."""

from __future__ import annotations

import streamlit as st

from pages.components import navigation
from pages.components.errors import error_boundary
from pages.shared.predict import choosing, kept, loading, many, single, voices

active = navigation.enter()
st.title("Predict")
info = choosing.choose()
if info is not None:
    loading.begin(info)
tabs = st.tabs(
    ["One recording", "Many recordings", "Kept recordings"],
    key="tab",
    on_change="rerun",
    bind="query-params",
)
for tab, show in zip(tabs, (single.show, many.show), strict=False):
    if tab.open and info is not None:
        with tab, error_boundary():
            model = loading.model(info)
            voices.panel(model, active)
            show(info, model, active)
if tabs[2].open:
    with tabs[2], error_boundary():
        kept.show()
