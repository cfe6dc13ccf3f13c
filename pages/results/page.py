"""Results: the scores of all runs and evaluations, one in detail, several compared."""

from __future__ import annotations

import streamlit as st

from pages.components.errors import error_boundary
from pages.results import (
    comparison,
    encoder_layers,
    leak_premium,
    loading,
    run_detail,
    run_list,
    url_params,
)
from ser_core import tracking
from ser_core.runs.catalogue import runs, runs_and_fetched

VIEWS = {
    "All results": run_list.show,
    "Leak premium": leak_premium.show,
    "Layers of an encoder": encoder_layers.show,
}

if url_params.read(url_params.RUN):
    with error_boundary():
        run_detail.show(url_params.read(url_params.RUN))
elif url_params.runs_to_compare():
    with error_boundary():
        comparison.show(url_params.runs_to_compare())
else:
    st.title("Results")
    known = runs()
    with error_boundary():
        known = runs_and_fetched()
    shown = (loading.all_results(known), known, known)
    tabs = st.tabs(list(VIEWS), key="results", on_change="rerun", bind="query-params")
    for tab, show, of in zip(tabs, VIEWS.values(), shown, strict=True):
        if tab.open:
            with tab:
                show(of)
    st.caption("All runs are in MLflow too:")
    st.code(f"mlflow ui --backend-store-uri {tracking.uri()}", language="bash")
