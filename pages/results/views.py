"""The views of Results over everything there is: all runs, leak premiums, layers of encoders."""

from __future__ import annotations

import streamlit as st

from pages.components.errors import error_boundary
from pages.results import encoder_layers, leak_premium, loading, run_list
from ser_core import tracking
from ser_core.runs import mlflow_sync
from ser_core.runs.catalogue import folder_of_runs, runs

VIEWS = {
    "All results": run_list.show,
    "Leak premium": leak_premium.show,
    "Layers of an encoder": encoder_layers.show,
}


def show() -> None:
    """One tab a view."""
    st.title("Results")
    with error_boundary():
        mlflow_sync.fetch(folder_of_runs())
    known = runs()
    shown = (loading.all_results(known), known, known)
    tabs = st.tabs(list(VIEWS), key="results", on_change="rerun", bind="query-params")
    for tab, view, of in zip(tabs, VIEWS.values(), shown, strict=True):
        if tab.open:
            with tab:
                view(of)
    st.caption("All runs are in MLflow too:")
    address = tracking.shown_uri()
    st.code(f"mlflow ui --backend-store-uri {address}", language="bash")
    if "***" in address:
        st.caption("Write the password in place of \\*\\*\\*.")
