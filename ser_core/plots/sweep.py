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

TICKS = (1, 2, 5)
"""Ticks of each decade of a logarithmic axis."""

APART = 0.08
"""Ticks nearer to an end of their axis than this share of it are left out."""

STEP = 0.05
"""The axis of the UAR ends at multiples of it."""


def coordinates_figure(
    trials: pd.DataFrame,
    fields: Mapping[str, str],
    ends: Mapping[str, tuple[float, float]],
    logarithmic: frozenset[str] = frozenset(),
) -> go.Figure:
    """Whole trials as lines through an axis a field, coloured by validation UAR.

    Args:
        trials: Rows of `ser_core.sweeps.study.Found.trials` that have a `value`.
        fields: Titles of the fields, by their columns.
        ends: The least and the greatest number that may be tried, of the columns of numbers; the
            axes go from one to the other, so that is seen what of it was tried.
        logarithmic: Columns whose axis is logarithmic.
    """
    axes = [
        _number_axis(trials[name], title, ends[name], log=name in logarithmic)
        if name in ends
        else _choice_axis(trials[name], title)
        for name, title in fields.items()
    ]
    values = trials["value"]
    low, high = (math.floor(values.min() / STEP), math.ceil(values.max() / STEP))
    rounded = [round(STEP * end, 2) for end in (low, max(high, low + 1))]
    axes.append({"label": TITLE, "values": list(values), "range": rounded})
    line = {"color": list(values), "colorscale": SHADES, "showscale": False}
    figure = go.Figure(go.Parcoords(dimensions=axes, line=line, labelside="top"))
    figure.update_layout(base_layout(height=380, name="trials"))
    half = 4 * len(next(iter(fields.values()), ""))  # of the first title, which begins left of it
    figure.update_layout(margin={"l": max(60, half), "r": 60, "t": 60, "b": 30})
    return figure


def _choice_axis(values: pd.Series[Any], title: str) -> dict[str, Any]:
    names = sorted({str(value) for value in values})
    return {
        "label": title, "values": [names.index(str(value)) for value in values],
        "tickvals": list(range(len(names))), "ticktext": names, "range": [-0.5, len(names) - 0.5],
    }  # fmt: skip


def _number_axis(
    values: pd.Series[Any], title: str, ends: tuple[float, float], *, log: bool
) -> dict[str, Any]:
    numbers = [float(value) for value in values]
    if not log:
        return {"label": title, "values": numbers, "range": [float(end) for end in ends]}
    ticks = [math.log10(tick) for tick in _logarithmic_ticks(*ends)]
    return {
        "label": title, "values": [math.log10(value) for value in numbers],
        "range": [ticks[0], ticks[-1]], "tickvals": ticks,
        "ticktext": [f"{10**tick:.3g}" for tick in ticks],
    }  # fmt: skip


def _logarithmic_ticks(low: float, high: float) -> list[float]:
    """Both ends, and the ticks of all decades between them.

    >>> _logarithmic_ticks(2e-4, 2e-2)
    [0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02]
    """
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    every = [float(f"{step}e{decade}") for decade in decades for step in TICKS]
    apart = (high / low) ** APART
    return [low, *(tick for tick in every if low * apart < tick < high / apart), high]


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
