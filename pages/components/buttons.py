"""A button that acts on what its page shows.

Streamlit calls the `on_click` of a button with the arguments of the run before the press. A field
that is left by that very press is not in them yet: who types a name and presses Start would start
without the name. A button of this module acts with the arguments of the run that sees the press.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

if TYPE_CHECKING:
    from collections.abc import Callable

_PRESSED = "_pressed"
_DUE = "_due"


def button(label: str, act: Callable[..., object], *args: object, **how: Any) -> None:
    """A button for what is made of fields beside it.

    Args:
        label: What stands on it.
        act: What a press does. It is called before the page runs again, so that it may set widgets
            and address as a callback may.
        args: Arguments of `act`, of the fields as they stand when the button is pressed.
        how: Further arguments of `st.button`.
    """
    own = (act.__module__, how.get("key", label))
    st.button(label, on_click=_press, args=(own, act, args), **how)
    if st.session_state.get(_PRESSED, (None,))[0] == own:
        if how.get("disabled"):  # by the very field that the press left
            del st.session_state[_PRESSED]
        else:
            _postpone(act, args)


def _press(*pressed: object) -> None:
    st.session_state[_PRESSED] = pressed


def _postpone(act: Callable[..., object], args: tuple[object, ...]) -> None:
    del st.session_state[_PRESSED]
    st.session_state[_DUE] = (act, args)
    st.rerun()


def run_pending() -> None:
    """Do what was pressed; to be called before the first widget of a run."""
    if _DUE in st.session_state:
        act, args = st.session_state.pop(_DUE)
        act(*args)


def run_pressed() -> None:
    """To be called at the end of a run: a button may be pressed and its page left at once.

    Then no run sees the press with newer arguments, and it is done with those it was drawn with.
    """
    if _PRESSED in st.session_state:
        _, act, args = st.session_state[_PRESSED]
        _postpone(act, args)
