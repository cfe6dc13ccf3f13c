"""The pages, the links between them, and the side bar.

Links carry the selection in their address, also when they are opened in a new tab.
"""

from __future__ import annotations

from typing import Any

import streamlit as st

from pages.components import corpus_picker, selection, theme
from pages.components.errors import plain
from ser_core.core import count, settings

SECTIONS = {
    "": {
        "home": "Home",
    },
    "Data": {
        "corpus": "Corpus",
        "representations": "Representations",
    },
    "Models": {
        "train": "Train",
        "results": "Results",
        "explain": "Explain",
        "robustness": "Robustness",
        "ensemble": "Ensemble",
    },
    "Use": {
        "predict": "Predict",
        "export": "Export",
    },
}
SKIP = '<a class="ser-skip" href="#dock">Change the clip or the model</a>'
"""First in the order of the keyboard: leads to the dock, which is last (`assets/dock.js`)."""

LEFT = "_left"
RETURNS = ("representations", "predict", "explain", "robustness")
"""Pages that the side bar opens as they were left; a link to the page one is on opens it anew."""

PAGES = {name: title for titles in SECTIONS.values() for name, title in titles.items()}
"""Titles of all pages by their names."""


def _file(name: str) -> str:
    return f"pages/{name}/page.py"


def choose() -> st.Page:
    """The page that the address asks for."""
    pages = {
        section: [
            st.Page(_file(name), title=title, url_path=name, default=name == "home")
            for name, title in titles.items()
        ]
        for section, titles in SECTIONS.items()
    }
    return st.navigation(pages, position="hidden")


def start_app() -> None:
    """Begin again through `app.py`; what the scripts directly in `pages/` do.

    Until `st.navigation` is called for the first time, streamlit takes every `pages/*.py` for a
    page of its own and runs that file instead of `app.py`. So the first visit to a fresh server,
    when it goes straight to a page, finds a script of the page's name there (streamlit would say
    that there is no such page otherwise), which registers the pages and runs again.
    """
    choose()
    st.rerun()


def remember(name: str) -> None:
    """Keep what a page has in its address beside the selection."""
    if name in RETURNS:
        own = {k: v for k, v in st.query_params.to_dict().items() if k not in selection.SHARED}
        st.session_state.setdefault(LEFT, {})[name] = own


def link(name: str, label: str = "", *, help: str | None = None, **changes: str) -> None:  # noqa: A002
    """A link to a page with the selection, changed as given, in its address; empty ones are not.

    Nothing is shown for a page that this version does not have.
    """
    if name in PAGES:
        params = selection.active().selection.params()
        if changes.get("clip"):
            params.pop(selection.SOURCE, None)  # the clip is meant, not the own sound
        params = {name: value for name, value in {**params, **changes}.items() if value}
        st.page_link(_file(name), label=label or PAGES[name], help=help, query_params=params)


def link_as_left(here: str, name: str, label: str = "", **how: Any) -> None:
    """A link to a page as it was left; to the page one is on, as it is opened anew.

    Args:
        here: Name of the page that is shown.
        name: Of the page to go to.
        label: Its title when empty.
        how: Further arguments of `link`.
    """
    own = {} if name == here else st.session_state.get(LEFT, {}).get(name, {})
    link(name, label, **{**own, **how})


def sidebar(here: str) -> None:
    """Logo, links to all pages, and the corpus that is open.

    Args:
        here: Name of the page that is shown.
    """
    st.logo(theme.LOGO, size="large")
    with st.sidebar:
        st.html(SKIP)
        for section, titles in SECTIONS.items():
            if section:
                st.caption(section)
            # Without a help: the tooltip of a link covers the one above it and takes its clicks.
            for name in titles:
                link_as_left(here, name)
        st.space("small")
        _corpus_card()


def _corpus_card() -> None:
    corpus = selection.active().corpus
    demo = " (demo)" if corpus.root == settings.demo_corpus() else ""
    with st.container(border=True, gap="xxsmall"):
        st.caption("Corpus")
        st.markdown(f"**{plain(corpus.name)}**{demo}")
        st.caption(
            f"{count(len(corpus.usable), 'clip')} · {count(len(corpus.speakers), 'speaker')}"
        )
        corpus_picker.reopen_button()
