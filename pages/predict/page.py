"""Predict: a recording, the microphone live, a batch, or a timeline, by a model of your choice."""

from __future__ import annotations

import streamlit as st

from pages.components import enrolment, model_loading, model_picker, selection
from pages.components.errors import error_boundary
from pages.predict import batch, feedback_list, live, long, single

active = selection.active()
st.title("Predict")
info = model_picker.current()
if info is not None:
    model_loading.preload(info)
tabs = st.tabs(
    ["One recording", "Live", "Many recordings", "Long recording", "Kept recordings"],
    key="tab",
    on_change="rerun",
    bind="query-params",
)
for tab, show in zip(tabs, (single.show, live.show, batch.show, long.show), strict=False):
    if tab.open and info is not None:
        with tab, error_boundary():
            model = model_loading.answering(info)
            enrolment.panel(model, active)
            show(info, model, active)
if tabs[4].open:
    with tabs[4], error_boundary():
        feedback_list.show()
