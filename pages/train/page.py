"""Train: edit a recipe, see its split and estimated time, start it, watch its jobs."""

from __future__ import annotations

import streamlit as st

from pages.components.errors import error_boundary
from pages.train import job_list, recipe_state
from pages.train.loading import recipe_views, sweep_views

RECIPE, JOBS, SWEEPS = "Recipe", "Jobs", "Sweeps"

st.title("Train")
tabs = st.tabs([RECIPE, JOBS, SWEEPS], key="view", on_change="rerun", bind="query-params")
if tabs[0].open:
    with tabs[0], error_boundary():
        job_list.show_reminder()
        recipe_state.restore()
        if not recipe_state.ask():
            sections, starting = recipe_views()
            left, right = st.columns([2, 1], gap="medium")
            with left:
                sections.show()
            with right:
                starting.show()
if tabs[1].open:
    with tabs[1], error_boundary():
        job_list.show()
if tabs[2].open:
    with tabs[2], error_boundary():
        recipe_state.restore()
        if not recipe_state.ask():
            sweep_views().show()
