"""Ensemble: pool finished runs, see what the weights are worth, keep the result."""

from __future__ import annotations

import streamlit as st

from pages.components import navigation
from pages.components.errors import error_boundary
from pages.shared.ensemble import address, choosing, listing, opened

navigation.enter()
if address.chosen():
    with error_boundary():
        opened.show(address.chosen())
else:
    st.title("Ensemble")
    views = {"New": choosing.show, "Ensembles": listing.show}
    tabs = st.tabs(list(views), key="ensembles", on_change="rerun", bind="query-params")
    for tab, view in zip(tabs, views.values(), strict=True):
        if tab.open:
            with tab, error_boundary():
                view()
