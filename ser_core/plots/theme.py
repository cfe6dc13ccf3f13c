"""The layout that all figures share, which `finish` applies before a page shows a figure.

On a page, text, grid and background take the colours of the theme the browser shows
(`st.plotly_chart(theme="streamlit")`): the server does not know it reliably, and a user may switch
it under a drawn figure. So figures set no such colour themselves, only what holds in both themes.
A figure that leaves the page as a file has no browser to colour it: `for_export` does.
"""

from __future__ import annotations

from typing import Any

import plotly.graph_objects as go

from ser_core.plots.palette import BACKGROUNDS

FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', 'Noto Sans', sans-serif"
_INK = {"light": ("#1d2530", "#dde2e8"), "dark": ("#e6e9ee", "#313947")}

WHOLE = 5
"""Below this highest count plotly would also put ticks between whole numbers."""

STANDOFF = 14
"""Pixels from the ticks of an axis to its title."""

CONFIG: dict[str, Any] = {
    "displaylogo": False,
    "displayModeBar": "hover",
    "modeBarButtonsToRemove": [
        "select2d",
        "lasso2d",
        "autoScale2d",
        "zoomIn2d",
        "zoomOut2d",
        "zoom2d",
        "pan2d",
    ],
    "toImageButtonOptions": {"format": "svg"},
    "scrollZoom": False,
}
"""Plotly's `config` for every figure on a page; dragging zooms, with shift it moves."""


def base_layout(*, height: int, name: str = "", legend: bool = False) -> dict[str, Any]:
    """The shared Plotly layout; for the arguments see `finish`.

    A figure that is built on it needs no `finish`, which takes Plotly as long as the figure itself.
    """
    return {
        "height": height,
        "margin": {"l": 12, "r": 12, "t": 34 if legend else 10, "b": 12, "autoexpand": True},
        "font": {"family": FONT, "size": 12},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "hoverlabel": {"font": {"family": FONT, "size": 12}},
        "showlegend": legend,
        "legend": {
            "orientation": "h",
            "traceorder": "normal",
            "x": 0,
            "xanchor": "left",
            "y": 1.02,
            "yanchor": "bottom",
        },
        "bargap": 0.08,
        "meta": {"name": name},
    }


def axis_style(title: str, *, size: int | None = None) -> dict[str, Any]:
    """The shared style of an axis, with its title; `size` is the title's, in pixels."""
    font = {"font": {"size": size}} if size else {}
    words = {"text": title, "standoff": STANDOFF, **font}
    return {"automargin": True, "zeroline": False, "title": words}


def whole_numbers(highest: float) -> dict[str, Any]:
    """The ticks of an axis of counts, whose highest is given: never between two whole numbers."""
    return {"dtick": 1} if highest < WHOLE else {"tickformat": ",d"}


def finish(figure: go.Figure, *, height: int, name: str = "", legend: bool = False) -> go.Figure:
    """Put the shared layout on a figure and return it.

    Args:
        figure: Any figure; its axis titles name the quantity and the unit.
        height: In pixels; the width is the page's.
        name: Label for screen readers, and the file name of a download.
        legend: Whether to show a legend, above the plot and to the left.
    """
    figure.update_layout(base_layout(height=height, name=name, legend=legend))
    figure.update_xaxes(automargin=True, zeroline=False, title_standoff=STANDOFF)
    figure.update_yaxes(automargin=True, zeroline=False, title_standoff=STANDOFF)
    return figure


def for_export(figure: go.Figure, theme: str = "light") -> go.Figure:
    """Copy of a figure that carries the colours of a theme, "light" or "dark", in itself."""
    ink, grid = _INK[theme]
    copy = go.Figure(figure)
    copy.update_layout(
        paper_bgcolor=BACKGROUNDS[theme], plot_bgcolor=BACKGROUNDS[theme], font={"color": ink}
    )
    copy.update_xaxes(gridcolor=grid, linecolor=grid)
    copy.update_yaxes(gridcolor=grid, linecolor=grid)
    return copy
