"""Robustness: a model under adversarial attack and common corruptions, and its shortcuts."""

from __future__ import annotations

import streamlit as st

from pages.components import model_picker, selection
from pages.components.errors import error_boundary
from pages.robustness import loading

active = selection.active()
st.title("Robustness")
info = model_picker.current()
# Not "tab": the session would keep that of the page one comes from, and the link be forgotten.
tabs = st.tabs(["Card", "One clip"], key="on", on_change="rerun", bind="query-params")
if info is not None:
    for number, tab in enumerate(tabs):
        if tab.open:
            with tab, error_boundary():
                loading.views()[number].show(info, active)
