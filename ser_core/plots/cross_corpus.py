"""The matrix of corpora: scores by the corpus that trained and the corpus that is tested."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import plotly.graph_objects as go

from ser_core.plots import cells
from ser_core.plots.publication_results import Format, heading, printed
from ser_core.plots.results import MARK
from ser_core.plots.theme import finish

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ser_core.evaluation import Cell, CorpusMatrix

TITLES = {"uar": "UAR", "wa": "WA"}


def matrix_figure(matrix: CorpusMatrix) -> go.Figure:
    """Heatmap with the score and its interval in each cell; cells within a corpus are framed.

    Colours begin at the score of guessing, so that what is no better is as pale as nothing.
    """
    table = matrix.table()
    figure = go.Figure(
        go.Heatmap(
            z=table.to_numpy(), x=table.columns, y=table.index, colorscale=cells.COUNTS,
            zmin=1 / matrix.classes, zmax=1, xgap=2, ygap=2, showscale=False,
            customdata=[[_said(matrix.cell(row, column)) for column in table.columns]
                        for row in table.index],
            hovertemplate="Trained on %{y}, tested on %{x}<br>%{customdata}<extra></extra>",
        )
    )  # fmt: skip
    cells.write(
        figure, [(each.tested_on, each.trained_on, _text(each, "<br>")) for each in matrix.cells]
    )
    for each in matrix.cells:
        if each.is_within:
            row, column = matrix.rows.index(each.trained_on), matrix.columns.index(each.tested_on)
            edges = {"x0": column - 0.5, "x1": column + 0.5, "y0": row - 0.5, "y1": row + 0.5}
            figure.add_shape(type="rect", **edges, line={"color": MARK, "width": 2})
    figure.update_xaxes(title="Tested on", type="category", showgrid=False)
    figure.update_yaxes(title="Trained on", type="category", showgrid=False, autorange="reversed")
    return finish(figure, height=110 + 84 * len(table), name="cross-corpus")


def print_matrix(matrix: CorpusMatrix, title: str, badge: str, kind: Format) -> bytes:
    """The same as a file for a paper."""
    table = matrix.table()
    texts = np.full(table.shape, "", dtype=object)
    for each in matrix.cells:
        place = matrix.rows.index(each.trained_on), matrix.columns.index(each.tested_on)
        texts[place] = _text(each, "\n")

    def draw(figure: Figure) -> None:
        import seaborn as sns

        panel = figure.subplots()
        sns.heatmap(
            table, annot=texts, fmt="", cmap="Greens", square=True, linewidths=0.5, ax=panel,
            vmin=1 / matrix.classes, vmax=1, mask=table.isna(), annot_kws={"size": 8},
            cbar_kws={"shrink": 0.7, "label": TITLES.get(matrix.metric, matrix.metric)},
        )  # fmt: skip
        panel.set(xlabel="Tested on", ylabel="Trained on")
        panel.set_title(heading(title, badge))

    return printed((2.6 + 1.3 * table.shape[1], 1.4 + 1.3 * table.shape[0]), kind, draw)


def _text(cell: Cell, newline: str) -> str:
    found = cell.figure
    if found.value is None:
        return "–"
    ends = f"{newline}{found.low:.2f}–{found.high:.2f}" if found.low is not None else ""
    return f"{found.value:.2f}{ends}"


def _said(cell: Cell | None) -> str:
    if cell is None:
        return "not tested"
    whose = "other speakers of the same corpus" if cell.is_within else "another corpus"
    return f"{cell.figure}, {cell.clips:,} clips, {whose}"
