"""Cells of a table of counts: coloured by how many, with what they hold written on them."""

from __future__ import annotations

from collections.abc import Iterable

import plotly.graph_objects as go

COUNTS = [[0, "rgba(20, 140, 132, 0.08)"], [1, "rgba(20, 140, 132, 0.8)"]]
"""Colour map of counts. It covers the ground more, the more there are: on a light page many are
dark, on a dark one bright, and the text of either theme can be read on all of it."""


WRITTEN = "written on a cell"
"""Name of the annotations; a page gives them the strongest colour of its theme's text."""


def write(figure: go.Figure, cells: Iterable[tuple[str, str, str]], *, size: int = 12) -> None:
    """Write (x, y, text) on cells.

    As annotations: Plotly would choose the colour of a heatmap's own text for a white page, and
    writes nothing where there is no value.
    """
    for x, y, text in cells:
        figure.add_annotation(
            x=x, y=y, text=text, showarrow=False, font={"size": size}, name=WRITTEN
        )
