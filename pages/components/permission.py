"""A question before a link opens a place that the user has not opened before.

The address of a page may name a corpus, a folder of recordings, an encoder or a file of a split.
Whoever made the link chose it, not the user: nothing there is looked at until the user has
agreed. What the user types or chooses on a page is opened without a question, and so is what was
opened before (`ser_core.storage.opened`).
"""

from __future__ import annotations

import streamlit as st

from pages.components.errors import plain
from ser_core.core import SerError
from ser_core.corpora import recent_corpora
from ser_core.storage.opened import remember_opened, was_opened

_AGREED = "_agreed_places"
SHOWN = 300
"""Letters of a path that are shown."""


def granted(place: str) -> bool:
    """Whether a place may be opened without a question."""
    agreed: set[str] = st.session_state.get(_AGREED, set())
    return place in agreed or was_opened(place) or place in recent_corpora()


def grant(place: str) -> None:
    """The user has chosen a place, or agreed to a link: it is opened from now on."""
    st.session_state.setdefault(_AGREED, set()).add(place)
    try:
        remember_opened(place)
    except SerError:  # on a disk that cannot be written to it holds for this session
        return


def ask(place: str, what: str) -> None:
    """Say that a link names a place, and let the user open it.

    Args:
        place: Its path, as the address has it.
        what: What the link takes it for: "corpus", "folder of recordings".
    """
    short = place if len(place) <= SHOWN else f"{place[:SHOWN]} …"
    with st.container(border=True, key=f"ask-{what.replace(' ', '-')}"):
        st.warning(
            f"This link opens a {what} that was not opened here before: {plain(short)}. "
            "Open it only if you trust whoever made the link."
        )
        st.button(
            f"Open this {what}",
            key=f"agree-{what}",
            on_click=grant,
            args=(place,),
        )
