"""Figures of an ensemble: the search, weights, errors in common, confidence and cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import plotly.graph_objects as go

from ser_core.evaluation import METRICS, Interval
from ser_core.plots.palette import ACCENT, NO_EMOTION
from ser_core.plots.results import MARK, Row
from ser_core.plots.theme import base_layout, finish

if TYPE_CHECKING:
    import pandas as pd

BEFORE, AFTER = NO_EMOTION, ACCENT
"""Colours of what is not calibrated yet, and what is."""


def weight_rows(weights: Sequence[Mapping[str, Any]]) -> list[Row]:
    """Weights with their intervals, for `intervals_figure` and `print_intervals`.

    Args:
        weights: A mapping a member: `member`, `weight`, `low`, `high`, and maybe `importance`.
    """
    return [_weight_row(each) for each in weights]


def _weight_row(each: Mapping[str, Any]) -> Row:
    found = Interval("weight", each["weight"], each["low"], each["high"])
    known = each.get("importance") is not None
    note = f"importance {100 * each['importance']:.0f} %" if known else ""
    return Row(str(each["member"]), found, ACCENT, note, filled=each["weight"] > 0)


def history_figure(trials: Sequence[Mapping[str, float]], objective: str) -> go.Figure:
    """Every trial of the search, and the best so far.

    Args:
        trials: A mapping a trial: `trial`, `value`, `best`, and maybe `start`.
        objective: Name in `METRICS`.
    """
    title = METRICS[objective].title
    numbers = [each["trial"] for each in trials]
    starts = [str(each.get("start") or "") for each in trials]
    figure = go.Figure()
    figure.add_scatter(
        x=numbers,
        y=[each["value"] for each in trials],
        mode="markers",
        name="trial",
        marker={
            "size": 6,
            "color": [MARK if start else NO_EMOTION for start in starts],
            "opacity": 0.75,
        },
        customdata=[start or "drawn by the search" for start in starts],
        hovertemplate=f"trial %{{x}}, %{{customdata}}<br>{title} %{{y:.4f}}<extra></extra>",
    )
    figure.add_scatter(
        x=numbers,
        y=[each["best"] for each in trials],
        mode="lines",
        name="best so far",
        line={"color": ACCENT, "width": 2, "shape": "hv"},
        hovertemplate=f"best {title} %{{y:.4f}}<extra></extra>",
    )
    figure.update_xaxes(title="Trial", rangemode="tozero")
    figure.update_yaxes(title=f"{title}, clips of the fit")
    return finish(figure, height=300, name="search", legend=True)


def overlap_figure(pairs: Sequence[Mapping[str, Any]], measure: str) -> go.Figure:
    """Errors that members share, pair by pair.

    Args:
        pairs: Rows of `ser_core.ensemble.error_overlap.error_overlap`.
        measure: Key in `OVERLAPS`.
    """
    title, low, digits = OVERLAPS[measure]
    names = list(dict.fromkeys(name for each in pairs for name in (each["first"], each["second"])))
    values = np.full((len(names), len(names)), np.nan)
    for each in pairs:
        i, j = names.index(each["first"]), names.index(each["second"])
        number = each[measure]
        values[i, j] = values[j, i] = np.nan if number is None else number
    figure = go.Figure(
        go.Heatmap(
            z=values, x=names, y=names, zmin=low, zmax=1,
            colorscale=[[0, "#17958c"], [0.5, "#6f7d88"], [1, "#c2452d"]],
            text=[[f"{v:{digits}}" if np.isfinite(v) else "" for v in row] for row in values],
            texttemplate="%{text}",
            textfont={"color": "#ffffff"},
            xgap=2, ygap=2, showscale=False,
            hovertemplate=f"%{{y}} and %{{x}}<br>{title} %{{z:.3f}}<extra></extra>",
        )
    )  # fmt: skip
    figure.update_layout(base_layout(height=110 + 44 * max(2, len(names)), name="overlap"))
    figure.update_xaxes(type="category", showgrid=False, automargin=True)
    figure.update_yaxes(type="category", showgrid=False, automargin=True, autorange="reversed")
    return figure


OVERLAPS: dict[str, tuple[str, float, str]] = {
    "shared": ("share of errors in common", 0.0, ".2f"),
    "q": ("Yule's Q", -1.0, ".2f"),
    "kappa": ("Cohen's kappa of being correct", -1.0, ".2f"),
}
"""Measures of overlap: title, least value, digits."""


def calibration_figure(
    before: Sequence[Mapping[str, Any]], after: Sequence[Mapping[str, Any]]
) -> go.Figure:
    """Accuracy against confidence, before and after calibration.

    Args:
        before: A row a bin, as `Report.reliability`.
        after: Likewise.
    """
    figure = go.Figure()
    figure.add_scatter(
        x=[0, 1], y=[0, 1], mode="lines", hoverinfo="skip", showlegend=False,
        line={"dash": "dot", "width": 1.5, "color": NO_EMOTION},
    )  # fmt: skip
    for name, curve, color in (("before", before, BEFORE), ("after", after, AFTER)):
        bins = [row for row in curve if row["n"]]
        figure.add_scatter(
            x=[row["confidence"] for row in bins],
            y=[row["accuracy"] for row in bins],
            mode="lines+markers",
            name=name,
            line={"color": color, "width": 2, "dash": "dash" if name == "before" else "solid"},
            marker={"size": 7, "symbol": "circle-open" if name == "before" else "circle"},
            customdata=[row["n"] for row in bins],
            hovertemplate=f"{name}: confidence %{{x:.2f}}<br>right %{{y:.2f}}<br>"
            "%{customdata:,} clips<extra></extra>",
        )
    figure.update_xaxes(title="Confidence", range=[0, 1])
    figure.update_yaxes(title="Accuracy", range=[0, 1.02])
    return finish(figure, height=360, name="calibration", legend=True)


def coverage_figure(
    curves: Mapping[str, pd.DataFrame], *, point: tuple[float, float] | None = None
) -> go.Figure:
    """Risk-coverage curve: error rate against the share of clips that get a prediction.

    Args:
        curves: `coverage_risk` tables by name; the first is drawn in full colour.
        point: Coverage and risk of the chosen threshold, marked.
    """
    figure = go.Figure()
    colors = (ACCENT, NO_EMOTION, "#8a63d2")
    for number, (name, table) in enumerate(curves.items()):
        figure.add_scatter(
            x=100 * table["coverage"],
            y=100 * table["risk"],
            mode="lines",
            name=name,
            line={
                "color": colors[number % 3], "width": 2, "dash": "solid" if not number else "dot",
            },
            customdata=table["threshold"],
            hovertemplate=f"{name}: coverage %{{x:.0f}} %, risk %{{y:.1f}} %<br>threshold "
                          f"%{{customdata:.2f}}<extra></extra>",
        )  # fmt: skip
    if point is not None:
        figure.add_scatter(
            x=[100 * point[0]], y=[100 * point[1]], mode="markers", name="threshold",
            marker={"size": 13, "symbol": "star", "color": MARK},
            hovertemplate="threshold: coverage %{x:.0f} %, risk %{y:.1f} %<extra></extra>",
        )  # fmt: skip
    figure.update_xaxes(title="Coverage (%)", range=[0, 101])
    figure.update_yaxes(title="Risk: errors among covered clips (%)", rangemode="tozero")
    return finish(figure, height=340, name="coverage", legend=True)
