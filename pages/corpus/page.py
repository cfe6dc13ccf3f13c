"""Corpus: open one, browse and play its clips, check it for faults, split it."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

import streamlit as st

from pages.components import selection
from pages.corpus import checks, clip_table, header, overview, shift, split

if TYPE_CHECKING:
    from pages.components.selection import Active


def _map(active: Active) -> None:
    """The map, whose features need torch: nobody waits for it who looks at another view."""
    with st.spinner("Loading the signal processing, a few seconds once …"):
        corpus_map = importlib.import_module("pages.corpus.corpus_map")
    corpus_map.show(active)


VIEWS = {
    "Clips": clip_table.show,
    "Overview": overview.show,
    "Map": _map,
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
