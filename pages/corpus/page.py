"""Corpus: open one, browse and play its clips, check it for faults, split it."""

from __future__ import annotations

import streamlit as st

from pages.components import selection
from pages.corpus import checks, clip_table, corpus_map, header, overview, shift, split

VIEWS = {
    "Clips": clip_table.show,
    "Overview": overview.show,
    "Map": corpus_map.show,
    "Checks": checks.show,
    "Split": split.show,
}

active = selection.active()
header.show(active.corpus)
views = VIEWS | ({"Corpora": shift.show} if active.corpus.corpora else {})
tabs = st.tabs(list(views), key="view", on_change="rerun", bind="query-params")
for tab, show in zip(tabs, views.values(), strict=True):
    if tab.open:
        with tab:
            show(active)
