"""The pages, the links between them, and the side bar.

Links carry the selection in their address, also when they are opened in a new tab.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

import streamlit as st

from pages.components import buttons, corpus_picker, selection, theme
from pages.components.errors import plain
from ser_core import settings
from ser_core.words import count

if TYPE_CHECKING:
    from pages.components.selection import Active


@dataclass(frozen=True)
class PageEntry:
    """A page of the workbench: its file, its title, and what one does there."""

    file: str
    title: str
    purpose: str


SECTIONS: dict[str, dict[str, PageEntry]] = {
    "": {
        "home": PageEntry("pages/home/page.py", "Home", "Where you are and what to do next"),
    },
    "Data": {
        "corpus": PageEntry("pages/corpus/page.py", "Corpus", "Browse, check and split clips"),
        "representations": PageEntry(
            "pages/representations/page.py", "Representations", "See a sound in thirteen ways"
        ),
    },
    "Models": {
        "train": PageEntry("pages/train/page.py", "Train", "Choose a recipe, start it, watch it"),
        "results": PageEntry(
            "pages/results/page.py", "Results", "How good it is, and how sure that is"
        ),
        "explain": PageEntry(
            "pages/explain/page.py", "Explain", "Why it answers so, and whether that is so"
        ),
        "robustness": PageEntry(
            "pages/robustness/page.py",
            "Robustness",
            "Attacks, bad lines, and what a model leans on",
        ),
        "ensemble": PageEntry(
            "pages/ensemble/page.py", "Ensemble", "Pool models with weights they earn"
        ),
    },
    "Use": {
        "predict": PageEntry("pages/predict/page.py", "Predict", "Let a model answer recordings"),
        "export": PageEntry(
            "pages/export/page.py", "Export", "A model as one file that runs anywhere"
        ),
    },
}
_run = threading.local()
PAGES = {name: entry for entries in SECTIONS.values() for name, entry in entries.items()}


def choose() -> st.Page:
    """The page that the address asks for."""
    pages = {
        section: [
            st.Page(entry.file, title=entry.title, url_path=name, default=name == "home")
            for name, entry in entries.items()
        ]
        for section, entries in SECTIONS.items()
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


def run(page: st.Page) -> None:
    """Run a page with everything that `app.py` puts around it."""
    buttons.run_pending()
    selection.load()
    sidebar()
    _run.through_app = True
    try:
        page.run()
        buttons.run_pressed()
    finally:
        _run.through_app = False


def enter() -> Active:
    """What the page works on; every page begins with this.

    When the first visit to a fresh server goes straight to a page, streamlit takes `pages/` for a
    folder of independent pages and runs the file without `app.py`, until `st.navigation` is called
    for the first time. So call it, and begin again.
    """
    if not getattr(_run, "through_app", False):
        choose()
        st.rerun()
    return selection.active()


def link(name: str, label: str = "", *, help: str | None = None, **changes: str) -> None:  # noqa: A002
    """A link to a page with the selection, changed as given, in its address.

    Nothing is shown for a page that this version does not have.
    """
    if name in PAGES:
        params = {**selection.active().selection.params(), **changes}
        entry = PAGES[name]
        st.page_link(entry.file, label=label or entry.title, help=help, query_params=params)


def sidebar() -> None:
    """Logo, links to all pages, and the corpus that is open."""
    st.logo(theme.LOGO, size="large")
    with st.sidebar:
        for section, entries in SECTIONS.items():
            if section:
                st.caption(section)
            for name, entry in entries.items():
                link(name, help=entry.purpose)
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
