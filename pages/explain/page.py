"""Explain: which parts of a sound a prediction rests on, and whether the map is faithful."""

from __future__ import annotations

import streamlit as st

from pages.components import model_picker, selection
from pages.components.errors import error_boundary
from pages.explain import loading
from ser_core.inference.catalogue import EXPORTED

active = selection.active()
st.title("Explain")
info = model_picker.current()
tabs = st.tabs(
    ["Explain", "Compare", "Faithfulness", "Atlas"],
    key="tab",
    on_change="rerun",
    bind="query-params",
)
if info is not None and info.kind == EXPORTED:
    st.info(
        "Attribution methods need the network's gradients, which an exported file does not "
        "have. Choose the model that it was exported from."
    )
elif info is not None:
    for name, tab in zip(loading.VIEWS, tabs, strict=True):
        if tab.open:
            with tab, error_boundary():
                loading.view(name).show(info, active)
