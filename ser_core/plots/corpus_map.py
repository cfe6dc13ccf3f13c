"""The map of a corpus: clips as points in a plane, coloured by what one asks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import plotly.graph_objects as go

from ser_core.corpora import ordered
from ser_core.plots.palette import EMOTION_COLORS, NO_EMOTION, NO_LABEL, emotion_color
from ser_core.plots.theme import finish

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    import pandas as pd

OTHERS = "other clips"
RIGHT, WRONG, UNKNOWN = "right", "wrong", "no answer"
VERDICTS = {RIGHT: "#3c6ecd", WRONG: "#e60037", UNKNOWN: NO_EMOTION}
"""Colours of held-out answers."""

MOST_SVG = 8_000
"""Points above which they are drawn by WebGL."""


def map_figure(
    points: pd.DataFrame,
    groups: pd.Series[str],
    *,
    clip: str = "",
    chosen: Collection[str] = (),
    height: int = 560,
) -> go.Figure:
    """Points in the colours of their groups; those without a group in faint grey behind.

    `customdata` of a point is its clip.

    Args:
        points: Two columns, indexed by clip.
        groups: Group of each clip that is shown in colour, indexed by clip.
        clip: One that is marked by a ring.
        chosen: Clips beside which the others are faint; none for all alike.
        height: In pixels.
    """
    kind = go.Scattergl if len(points) > MOST_SVG else go.Scatter
    horizontal, vertical = points.columns
    figure = go.Figure()
    shown = groups.reindex(points.index)
    behind = points[shown.isna()]
    if len(behind):
        figure.add_trace(
            kind(
                x=behind[horizontal], y=behind[vertical], mode="markers", name=OTHERS,
                marker={"size": 4, "color": NO_EMOTION, "opacity": 0.2}, hoverinfo="skip",
            )
        )  # fmt: skip
    for name, color in group_colors(shown).items():
        own = points[shown == name]
        figure.add_trace(
            kind(
                x=own[horizontal], y=own[vertical], mode="markers", name=name,
                marker={"size": 6, "color": color, "opacity": 0.75},
                unselected={"marker": {"opacity": 0.15}},
                selectedpoints=_places(own.index, chosen),
                customdata=[str(each) for each in own.index],
                hovertemplate=f"{name}<br>%{{customdata}}<extra></extra>",
            )
        )  # fmt: skip
    if clip in points.index:
        place = points.loc[clip]
        figure.add_trace(
            kind(
                x=[place[horizontal]], y=[place[vertical]], mode="markers", showlegend=False,
                marker={"size": 14, "color": "rgba(0,0,0,0)",
                        "line": {"width": 2.5, "color": NO_EMOTION}},
                hoverinfo="skip", name="clip",
            )
        )  # fmt: skip
    finish(figure, height=height, name="map", legend=True)
    figure.update_layout(dragmode="lasso", clickmode="event+select", hovermode="closest")
    figure.update_xaxes(showgrid=False, showticklabels=False)
    figure.update_yaxes(showgrid=False, showticklabels=False)
    return figure


def _places(clips: pd.Index[str], chosen: Collection[str]) -> list[int] | None:
    """Numbers of the chosen clips among these; None where nothing is chosen."""
    return [place for place, clip in enumerate(clips) if clip in chosen] if chosen else None


def group_colors(groups: pd.Series[str]) -> Mapping[str, str]:
    """Colour of each group that occurs, in the order of the legend.

    Emotions and verdicts have their own; others, such as speakers, take the colours of the palette
    in turn, by name.
    """
    found = [str(name) for name in groups.dropna().unique()]
    if {*found} <= {*VERDICTS}:
        return {name: color for name, color in VERDICTS.items() if name in found}
    if {*found} - {NO_LABEL} <= {*EMOTION_COLORS}:
        named = [*ordered(name for name in found if name != NO_LABEL)]
        return {name: emotion_color(name) for name in (*named, *({NO_LABEL} & {*found}))}
    colors = list(EMOTION_COLORS.values())
    return {name: colors[place % len(colors)] for place, name in enumerate(sorted(found))}
