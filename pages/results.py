"""Results: what was trained, how good it is, how sure that is, and what it costs to be honest."""

from __future__ import annotations

import streamlit as st

from pages.components import navigation
from pages.components.errors import error_boundary
from pages.shared.results import address, compare, listing, loading, opened, premium
from ser_core import tracking
from ser_core.training.runs import runs, runs_and_fetched

navigation.enter()
if address.read(address.RUN):
    with error_boundary():
        opened.show(address.read(address.RUN))
elif address.compared():
    with error_boundary():
        compare.show(address.compared())
else:
    st.title("Results")
    known = runs()
    with error_boundary():
        known = runs_and_fetched()
    views = {"All results": listing.show, "Leak premium": premium.show}
    shown = (loading.every(known), known)
    tabs = st.tabs(list(views), key="results", on_change="rerun", bind="query-params")
    for tab, show, of in zip(tabs, views.values(), shown, strict=True):
        if tab.open:
            with tab:
                show(of)
    st.caption("All trainings are in MLflow too. To look at them there:")
    st.code(f"mlflow ui --backend-store-uri {tracking.uri()}", language="bash")
