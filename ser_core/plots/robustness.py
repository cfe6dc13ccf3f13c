"""Figures of robustness: curves against severity and epsilon, the overview, and class flows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import plotly.graph_objects as go

from ser_core.plots.palette import ACCENT, NO_EMOTION, emotion_color
from ser_core.plots.results import MARK
from ser_core.plots.theme import base_layout, finish

if TYPE_CHECKING:
    import pandas as pd

    from ser_core.evaluation import Interval
    from ser_core.robustness.curve import Curve

SECOND = "#8a63d2"
FIGURES = {"uar": ("UAR", ACCENT), "wa": ("WA", SECOND)}
"""Title and colour of each figure of a curve."""

ATTACKS = {"fgsm": ("FGSM", ACCENT), "pgd": ("PGD", MARK), "random": ("Random signs", NO_EMOTION)}
"""Title and colour of each attack."""

BAND = 0.16
"""Opacity of an interval."""


def perturbation_figure(curve: Curve, *, axis: str, chance: float) -> go.Figure:
    """UAR and WA against the level of one perturbation, with their intervals.

    Args:
        curve: With the predictions.
        axis: What the levels are.
        chance: UAR of guessing.
    """
    figure = go.Figure()
    for metric, (title, color) in FIGURES.items():
        found = [curve.interval(point, metric) for point in curve.points]
        # Where emotions are as frequent as each other the two are alike: both stay to be seen.
        dash = "solid" if metric == "uar" else "dot"
        _line(figure, found, _notes(curve), title, color, dash=dash)
    return _finished(figure, curve, axis=_axis(axis, curve.unit), chance=chance)


def attack_figure(
    curves: Mapping[str, Curve], *, metric: str, axis: str, chance: float | None = None
) -> go.Figure:
    """Several attacks at the same levels against epsilon.

    Args:
        curves: By name of the attack.
        metric: "uar", "wa", or "success": the share of the clips right before that are turned.
        axis: What epsilon is.
        chance: UAR of guessing, where it is to be shown.
    """
    figure = go.Figure()
    for name, curve in curves.items():
        title, color = ATTACKS.get(name, (curve.title, SECOND))
        found = [
            curve.success(point) if metric == "success" else curve.interval(point, metric)
            for point in curve.points
        ]
        _line(figure, found, _notes(curve), title, color)
    one = next(iter(curves.values()))
    words = {"success": "Success rate of the attack", "uar": "UAR", "wa": "WA"}
    return _finished(figure, one, axis=axis, chance=chance, title=words[metric])


def recalls_figure(curve: Curve, *, axis: str) -> go.Figure:
    """Recall of every emotion against the level; hovering shows the intervals."""
    figure = go.Figure()
    for emotion, found in curve.recalls().items():
        if any(each.value is not None for each in found):
            color = emotion_color(emotion)
            _line(figure, found, _notes(curve), emotion, color, band=False)
    return _finished(figure, curve, axis=_axis(axis, curve.unit), title="Recall")


def flows_figure(flows: pd.DataFrame) -> go.Figure:
    """Class changes: clips that were right before, left, and their new predictions, right.

    Args:
        flows: Counts by true (rows) and predicted emotion (columns).
    """
    names, counts = list(flows.index), flows.to_numpy(int)
    links = [
        (row, len(names) + column, int(counts[row, column]), names[row], names[column])
        for row in range(len(names))
        for column in range(len(names))
        if counts[row, column]
    ]
    colors = [emotion_color(name) for name in names]
    figure = go.Figure(
        go.Sankey(
            arrangement="snap",
            textfont={"size": 13, "shadow": "none"},
            node={
                "label": [*names, *names],
                "color": [*colors, *colors],
                "pad": 14,
                "thickness": 14,
                "line": {"width": 0},
                "hovertemplate": "%{label}: %{value:.0f} clips<extra></extra>",
            },
            link={
                "source": [link[0] for link in links],
                "target": [link[1] for link in links],
                "value": [link[2] for link in links],
                "color": [_faint(emotion_color(link[3])) for link in links],
                "customdata": [[link[3], link[4]] for link in links],
                "hovertemplate": "%{customdata[0]} predicted as %{customdata[1]}: %{value:.0f} "
                "clips<extra></extra>",
            },
        )
    )
    return finish(figure, height=340, name="flows")


def overview_figure(summary: pd.DataFrame, *, clean: Interval, chance: float) -> go.Figure:
    """Every perturbation on one scale: the area under its curve and its worst level.

    Args:
        summary: As `Card.summary`.
        clean: UAR on clean clips.
        chance: UAR of guessing.
    """
    rows = summary.to_dict("records")
    positions = list(range(len(rows)))
    figure = go.Figure()
    for position, row in zip(positions, rows, strict=True):
        figure.add_trace(_reach(position, row))
    figure.add_scatter(
        x=[row["worst_uar"] for row in rows],
        y=positions,
        mode="markers",
        name="worst severity",
        marker={"size": 9, "color": MARK, "symbol": "circle-open", "line": {"width": 2}},
        customdata=[
            (row["title"], row["worst_level"], _ends(row["worst_uar_low"], row["worst_uar_high"]))
            for row in rows
        ],
        hovertemplate="%{customdata[0]} at %{customdata[1]}: UAR %{x:.3f}%{customdata[2]}"
        "<extra></extra>",
    )
    figure.add_scatter(
        x=[row["area_uar"] for row in rows],
        y=positions,
        mode="markers",
        name="area under the curve",
        marker={"size": 11, "color": ACCENT},
        customdata=[row["title"] for row in rows],
        hovertemplate="%{customdata}: area %{x:.3f}<extra></extra>",
    )
    figure.update_layout(
        base_layout(height=110 + 30 * max(1, len(rows)), name="overview", legend=True)
    )
    figure.update_xaxes(title="UAR", range=[-0.02, 1.02], automargin=True, zeroline=False)
    figure.update_yaxes(
        automargin=True,
        zeroline=False,
        showgrid=False,
        tickvals=positions,
        ticktext=[row["title"] for row in rows],
        range=[len(rows) - 0.4, -0.6],
    )
    _upright(figure, chance, "chance")
    if clean.value is not None:
        _upright(figure, clean.value, "clean")
    figure.update_layout(margin={"t": 64}, legend={"y": 1.0, "yref": "container", "yanchor": "top"})
    return figure


def _reach(position: int, row: Mapping[Any, Any]) -> go.Scatter:
    return go.Scatter(
        x=[row["worst_uar"], row["area_uar"]],
        y=[position, position],
        mode="lines",
        line={"width": 2, "color": _faint(NO_EMOTION, 0.5)},
        hoverinfo="skip",
        showlegend=False,
    )


def _ends(low: float | None, high: float | None) -> str:
    return "" if low is None or high is None else f" ({low:.3f} to {high:.3f})"


def _upright(figure: go.Figure, x: float, text: str) -> None:
    figure.add_vline(
        x=x,
        line={"dash": "dot", "width": 1, "color": NO_EMOTION},
        annotation={"text": text, "font": {"size": 11}, "yanchor": "bottom", "y": 1.0},
        annotation_position="top",
    )


def _line(
    figure: go.Figure,
    found: Sequence[Interval],
    notes: Sequence[str],
    title: str,
    color: str,
    *,
    band: bool = True,
    dash: str = "solid",
) -> None:
    positions = list(range(len(found)))
    if band:
        known = [n for n, each in enumerate(found) if each.low is not None]
        figure.add_scatter(
            x=[*known, *reversed(known)],
            y=[*(found[n].high for n in known), *(found[n].low for n in reversed(known))],
            mode="lines",
            line={"width": 0},
            fill="toself",
            fillcolor=_faint(color, BAND),
            hoverinfo="skip",
            showlegend=False,
            legendgroup=title,
        )
    figure.add_scatter(
        x=positions,
        y=[each.value for each in found],
        mode="lines+markers",
        name=title,
        legendgroup=title,
        line={"color": color, "width": 2, "dash": dash},
        marker={"size": 7},
        customdata=[
            (note, _ends(each.low, each.high)) for note, each in zip(notes, found, strict=True)
        ],
        hovertemplate=f"{title} at %{{customdata[0]}}: %{{y:.3f}}%{{customdata[1]}}<extra></extra>",
    )


def _notes(curve: Curve) -> list[str]:
    """Levels as words; in sigma too, where that has a meaning."""
    return [
        f"{point.label} ({point.level / curve.sigma:.2g} σ)"
        if curve.sigma and point.level is not None
        else point.label
        for point in curve.points
    ]


def _axis(axis: str, unit: str) -> str:
    return f"{axis} ({unit})" if unit else axis


def _finished(
    figure: go.Figure, curve: Curve, *, axis: str, chance: float | None = None, title: str = ""
) -> go.Figure:
    ticks = [
        point.label if point.is_clean else point.label.removesuffix(f" {curve.unit}")
        for point in curve.points
    ]
    finish(figure, height=360, name=curve.name, legend=True)
    last = len(ticks) - 1
    figure.update_xaxes(
        title=axis,
        tickvals=list(range(len(ticks))),
        ticktext=ticks,
        range=[-0.15, last + 0.15],
        showgrid=False,
    )
    figure.update_yaxes(title=title or "UAR, WA", range=[-0.02, 1.02])
    if chance is not None:
        figure.add_hline(
            y=chance,
            line={"dash": "dot", "width": 1, "color": NO_EMOTION},
            annotation={"text": "chance (UAR)", "font": {"size": 11}},
            annotation_position="bottom left",
        )
    return figure


def _faint(color: str, opacity: float = 0.35) -> str:
    """Colour with opacity.

    >>> _faint("#17958c", 0.5)
    'rgba(23, 149, 140, 0.5)'
    """
    red, green, blue = (int(color[start : start + 2], 16) for start in (1, 3, 5))
    return f"rgba({red}, {green}, {blue}, {opacity:g})"
