"""Figures of a sweep: its trials as parallel coordinates, the course, and what mattered."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import plotly.graph_objects as go

from ser_core.plots.palette import ACCENT, NO_EMOTION
from ser_core.plots.theme import base_layout, finish

if TYPE_CHECKING:
    import pandas as pd

TITLE = "Validation UAR"
SHADES = [[0, "#c9d3d8"], [0.5, "#4fa8a2"], [1, "#0b5f5b"]]
"""From the worst trial to the best; both ends can be told from white and from black."""

TICKS = 6


def coordinates_figure(
    trials: pd.DataFrame, fields: Mapping[str, str], logarithmic: frozenset[str] = frozenset()
) -> go.Figure:
    """Whole trials as lines through an axis a field, coloured by validation UAR.

    Args:
        trials: Rows of `ser_core.sweeps.study.Found.trials` that have a `value`.
        fields: Titles of the fields, by their columns.
        logarithmic: Columns whose axis is logarithmic.
    """
    axes = [_axis(trials[name], title, log=name in logarithmic) for name, title in fields.items()]
    values = trials["value"]
    axes.append({"label": TITLE, "values": list(values)})
    line = {"color": list(values), "colorscale": SHADES, "showscale": False}
    figure = go.Figure(go.Parcoords(dimensions=axes, line=line, labelside="top"))
    figure.update_layout(base_layout(height=380, name="trials"))
    figure.update_layout(margin={"l": 60, "r": 60, "t": 60, "b": 30})
    return figure


def _axis(values: pd.Series[Any], title: str, *, log: bool) -> dict[str, Any]:
    numbers = all(isinstance(v, int | float) and not isinstance(v, bool) for v in values)
    if not numbers:
        names = sorted({str(value) for value in values})
        places = [names.index(str(value)) for value in values]
        ends = [-0.5, len(names) - 0.5]
        return {"label": title, "values": places, "tickvals": list(range(len(names))),
                "ticktext": names, "range": ends}  # fmt: skip
    if not log:
        return {"label": title, "values": [float(value) for value in values]}
    logs = [math.log10(value) for value in values]
    low, high = min(logs), max(logs)
    ticks = [low + (high - low) * step / (TICKS - 1) for step in range(TICKS)]
    return {
        "label": title, "values": logs, "tickvals": ticks,
        "ticktext": [f"{10**tick:.2g}" for tick in ticks],
    }  # fmt: skip


def course_figure(trials: pd.DataFrame) -> go.Figure:
    """Validation UAR of every whole trial, with its interval, and the best so far."""
    whole = trials.dropna(subset=["value"])
    figure = go.Figure()
    figure.add_scatter(
        x=whole["trial"], y=whole["value"], mode="markers", name="trial",
        marker={"size": 7, "color": NO_EMOTION},
        error_y={
            "type": "data", "symmetric": False, "thickness": 1, "width": 0, "color": NO_EMOTION,
            "array": whole["high"] - whole["value"], "arrayminus": whole["value"] - whole["low"],
        },
        hovertemplate="trial %{x}<br>UAR %{y:.3f}<extra></extra>",
    )  # fmt: skip
    figure.add_scatter(
        x=whole["trial"], y=whole["value"].cummax(), mode="lines", name="best so far",
        line={"color": ACCENT, "width": 2, "shape": "hv"},
        hovertemplate="best UAR %{y:.3f}<extra></extra>",
    )  # fmt: skip
    figure.update_xaxes(title="Trial", rangemode="tozero", tickformat="d")
    figure.update_yaxes(title=TITLE)
    return finish(figure, height=300, name="sweep", legend=True)


def importance_figure(importances: Mapping[str, float], fields: Mapping[str, str]) -> go.Figure:
    """Share of the variation of the UAR that each field explains.

    Args:
        importances: Shares by field, which sum to 1.
        fields: Titles of the fields.
    """
    ordered = sorted(importances.items(), key=lambda each: each[1])
    shares = [100 * share for _, share in ordered]
    figure = go.Figure(
        go.Bar(
            x=shares, y=[fields[name] for name, _ in ordered], orientation="h",
            marker={"color": ACCENT}, text=[f"{share:.0f} %" for share in shares],
            textposition="outside", cliponaxis=False,
            hovertemplate="%{y}: %{x:.0f} %<extra></extra>",
        )
    )  # fmt: skip
    figure.update_xaxes(title="Share of the variation (%)", range=[0, 110])
    figure.update_yaxes(automargin=True)
    return finish(figure, height=120 + 34 * len(ordered), name="importance")
