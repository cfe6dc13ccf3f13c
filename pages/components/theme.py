"""Styles that streamlit's own theme (`.streamlit/config.toml`) cannot express."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit as st
from streamlit.elements.lib.streamlit_plotly_theme import GRAY_90

from ser_core.plots.cells import WRITTEN
from ser_core.plots.palette import emotion_color
from ser_core.plots.theme import CONFIG

if TYPE_CHECKING:
    import plotly.graph_objects as go

_ASSETS = Path(__file__).parent / "assets"
ICON = str(_ASSETS / "icon.svg")
LOGO = str(_ASSETS / "logo.svg")
_STYLE = _ASSETS / "style.css"


def apply() -> None:
    """Put the style sheet on the page."""
    st.html(_STYLE)


def figure(
    chart: go.Figure,
    *,
    key: str,
    config: dict[str, Any] | None = None,
    on_select: Any = "ignore",
    selection_mode: Any = "points",
) -> Any:
    """Show a figure of `ser_core.plots`, in the colours of the theme the browser shows.

    Args:
        chart: The figure.
        key: Of the element.
        config: Plotly's; that of all figures when absent.
        on_select: "rerun" or a callback where points can be clicked; what is chosen is returned.
        selection_mode: "points", "box", "lasso" or several of them.
    """
    # A stand-in that the browser replaces by the colour of headings; other text is grey, which
    # cannot be read on a strong colour.
    chart.update_annotations(font_color=GRAY_90, selector={"name": WRITTEN})
    return st.plotly_chart(
        chart,
        key=key,
        theme="streamlit",
        config=config or CONFIG,
        on_select=on_select,
        selection_mode=selection_mode,
    )


def chip(emotion: object) -> str:
    """HTML of an emotion's name behind a dot of its colour."""
    name = escape(emotion) if isinstance(emotion, str) else "no label"
    dot = f'<i style="background:{emotion_color(emotion)}"></i>'
    return f'<span class="ser-chip">{dot}{name}</span>'


def chips(emotions: list[str]) -> str:
    """HTML of several emotions' names in a row that wraps."""
    return f'<div class="ser-chips">{"".join(chip(emotion) for emotion in emotions)}</div>'
