"""Ensemble: pool finished runs, and compare the weights with equal ones."""

from __future__ import annotations

import streamlit as st

from pages.components.errors import error_boundary
from pages.ensemble import create_form, ensemble_detail, ensemble_list, url_params

if url_params.ensemble_id():
    with error_boundary():
        ensemble_detail.show(url_params.ensemble_id())
else:
    st.title("Ensemble")
    views = {"New": create_form.show, "Ensembles": ensemble_list.show}
    tabs = st.tabs(list(views), key="ensembles", on_change="rerun", bind="query-params")
    for tab, view in zip(tabs, views.values(), strict=True):
        if tab.open:
            with tab, error_boundary():
                view()
