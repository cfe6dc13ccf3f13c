"""Download buttons; a file is made when its button is pressed."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from ser_core.plots.publication_results import MIME

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from streamlit.delta_generator import DeltaGenerator

    from ser_core.plots.publication_results import Format

KINDS = {
    "csv": "text/csv",
    "html": "text/html",
    "json": "application/json",
    "pdf": "application/pdf",
    "yaml": "text/yaml",
}
"""Kinds of files by their ending."""


def button(label: str, name: str, mime: str, make: Callable[[], bytes | str], help_: str) -> None:
    """A button for one file, made when it is pressed."""
    st.download_button(
        label,
        make,
        file_name=name,
        mime=mime,
        key=f"file-{name}",
        help=help_,
        on_click="ignore",
    )


def figures(stem: str, draw: Callable[[Format], bytes]) -> None:
    """Buttons for a figure to print: PNG, SVG, PDF."""
    with row():
        st.caption("For print", width="content")
        for kind, mime in MIME.items():
            words = {"png": "for a text document", "svg": "scalable", "pdf": "for LaTeX"}[kind]
            button(
                kind.upper(), f"{stem}.{kind}", mime, partial(draw, kind), f"The figure, {words}"
            )


def files(stem: str, kinds: Mapping[str, tuple[str, Callable[[], bytes | str], str]]) -> None:
    """Buttons for tables and texts.

    Args:
        stem: Beginning of the files' names.
        kinds: By label: end of the file's name, maker, help.
    """
    for label, (end, make, help_) in kinds.items():
        mime = KINDS.get(end.rpartition(".")[2], "text/plain")
        button(label, f"{stem}{end}", mime, make, help_)


def row() -> DeltaGenerator:
    """A container that lays small buttons in a row."""
    return st.container(horizontal=True, vertical_alignment="center", gap="small")
