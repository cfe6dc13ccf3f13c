"""Errors are for people: what happened, to what, and what to do. The traceback goes to the log."""

from __future__ import annotations

import contextlib
import logging
from typing import TYPE_CHECKING

import streamlit as st

from ser_core.core import SerError
from ser_core.core.system_errors import told

if TYPE_CHECKING:
    from collections.abc import Iterator

_LOG = logging.getLogger(__name__)
_MARKDOWN = str.maketrans({character: f"\\{character}" for character in "\\`*_{}[]()#+-!|<>~$:"})


def plain(text: object) -> str:
    """Text that Markdown shows as it is: file names are full of underscores and stars."""
    return str(text).translate(_MARKDOWN)


def show(error: SerError) -> None:
    """Show an error of the workbench where the page is at."""
    st.error(plain(error))


@contextlib.contextmanager
def error_boundary() -> Iterator[None]:
    """Show what goes wrong inside instead of a traceback; the rest of the page goes on."""
    try:
        yield
    except SerError as error:
        _LOG.info("shown to the user: %s", error)
        show(error)
    except Exception as error:  # noqa: BLE001  (the outermost door: logged, and told to the user)
        _LOG.exception("a page failed")
        if refusal := told(error):
            show(refusal)
            return
        st.error(
            "Something went wrong on this page, and the fault is the workbench's. "
            "Reload the page to go on; the details are in the terminal it was started from."
        )
