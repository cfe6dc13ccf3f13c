"""Figures of explanations: maps over what the model sees, shares, and atlases."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import plotly.graph_objects as go

from ser_core.features.feature_map import FeatureMap, feature_map_of, raster
from ser_core.plots.palette import ACCENT, DIVERGING, NO_EMOTION, emotion_color
from ser_core.plots.representations import WIDE, Size, cell_names, feature_map_figure
from ser_core.plots.results import MARK, prediction_figure
from ser_core.plots.scales import scale_for
from ser_core.plots.theme import finish
from ser_core.plots.ticks import axis_title, bin_ticks

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt
    import pandas as pd

    from ser_core.explain import Attribution
    from ser_core.explain.feature_groups import GroupShares, Importance
    from ser_core.explain.model_input import Floats, Map

GREYS = [[0.0, "rgba(128, 136, 144, 0.02)"], [1.0, "rgba(128, 136, 144, 0.85)"]]
"""For what lies under a map: legible on both backgrounds, and no colour that the map has."""

MARKS = [
    [0.0, "rgba(224, 104, 47, 0)"],
    [0.35, "rgba(224, 104, 47, 0.45)"],
    [1.0, "rgba(190, 30, 45, 1)"],
]
"""For maps without a sign: nothing is transparent."""


def explained_feature_map(found: Attribution, name: str, start: float = 0.0) -> FeatureMap:
    """What the model was given, with its axes."""
    return feature_map_of(found.representation, found.feature_map, name, start)


def reach(*several: Map) -> float:
    """Size that the colours reach: one value in five hundred is beyond it."""
    sizes = np.concatenate([np.abs(each).ravel() for each in several])
    return float(np.quantile(sizes, 0.998)) or float(sizes.max()) or 1.0


def map_figure(
    found: Attribution,
    name: str,
    *,
    size: Size = WIDE,
    opacity: float = 0.85,
    threshold: float = 0.0,
    limit: float | None = None,
) -> go.Figure:
    """A map over the feature map that the model was given.

    Hovering shows time, bin, relevance and the value of the feature. A representation that is one
    number a frame is drawn as its line, with the relevance as bars behind it.

    Args:
        found: The map.
        name: Of the clip.
        size: How large.
        opacity: Of the map, 0 to 1.
        threshold: Share of the colours' reach below which nothing is shown, 0 to 1.
        limit: Relevance that has the strongest colour; by `reach` when absent.
    """
    feature_map = explained_feature_map(found, name)
    limit = limit or reach(found.values)
    shown = np.where(np.abs(found.values) >= threshold * limit, found.values, 0)
    if feature_map.is_line:
        return _over_line(found, feature_map, shown, limit, size, opacity)
    figure = feature_map_figure(feature_map, scale_for([feature_map]), size, colorbar=False)
    reduced = raster(feature_map, size.rows, size.columns)
    figure.update_traces(hoverinfo="skip", hovertemplate=None)
    figure.update_layout(coloraxis={"colorscale": GREYS}, coloraxis2=_colors(found, limit, size))
    for channel in range(len(shown)):
        cells = _cells(shown[channel], reduced.bins_per_cell, reduced.frames_per_cell)
        figure.add_trace(_overlay(found, reduced.feature_map, cells, channel, opacity))
        figure.data[-1].y = cell_names(reduced)
    return figure


def _colors(found: Attribution, limit: float, size: Size) -> dict[str, Any]:
    signed = found.method.signed
    return {
        "cmin": -limit if signed else 0.0,
        "cmax": limit,
        "colorscale": DIVERGING if signed else MARKS,
        "colorbar": {
            "thickness": size.bar,
            "tickfont": {"size": size.font},
            "nticks": 5,
            "outlinewidth": 0,
            "exponentformat": "e",
            "xpad": 4,
            "ypad": 0,
        },
    }


def _overlay(
    found: Attribution, feature_map: FeatureMap, cells: Floats, channel: int, opacity: float
) -> go.Heatmap:
    number, unit = "" if channel == 0 else str(channel + 1), found.representation.unit
    return go.Heatmap(
        z=cells,
        x0=feature_map.start,
        dx=feature_map.step,
        xaxis=f"x{number}",
        yaxis=f"y{number}",
        coloraxis="coloraxis2",
        opacity=opacity,
        customdata=feature_map.values[channel],  # noqa: PD011  (no pandas)
        hovertemplate=f"%{{x:.2f}} {feature_map.time_unit}<br>%{{y}}<br>relevance %{{z:.3~g}}<br>"
        f"%{{customdata:.4~g}} {unit}<extra></extra>",
    )


def _cells(values: Map, tall: int, wide: int) -> Floats:
    """Means over the cells of a raster."""
    rows = np.arange(0, values.shape[0], tall)
    columns = np.arange(0, values.shape[1], wide)
    sums = np.add.reduceat(np.add.reduceat(values.astype(float), rows, 0), columns, 1)
    heights = np.diff([*rows, values.shape[0]])[:, None]
    return np.asarray(sums / (heights * np.diff([*columns, values.shape[1]])))


def _over_line(
    found: Attribution,
    feature_map: FeatureMap,
    shown: Map,
    limit: float,
    size: Size,
    opacity: float,
) -> go.Figure:
    """Bars over a line: each the mean over as many frames as leave a bar a column of the picture.

    A bar is an element of the page, and samples of a sound are frames by the ten thousand.
    """
    figure = feature_map_figure(feature_map, scale_for([feature_map]), size)
    wide = -(-shown.shape[-1] // size.columns)
    bars = _cells(shown[0], 1, wide)[0]
    if wide > 1:  # means of several frames reach less far
        limit *= reach(bars) / reach(found.values)
    times = feature_map.times
    figure.add_bar(
        x=[float(times[first : first + wide].mean()) for first in range(0, len(times), wide)],
        y=bars,
        width=wide * feature_map.step,
        yaxis="y2",
        opacity=opacity,
        marker={
            "color": [MARK if value > 0 else "#2d7ed2" for value in bars],
            "line": {"width": 0},
        },
        hovertemplate="relevance %{y:.3~g}<extra></extra>",
    )
    low = -limit if found.method.signed else 0.0
    figure.update_layout(
        yaxis2={"overlaying": "y", "side": "right", "range": [low, limit], "title": "Relevance",
                "showgrid": False},
        bargap=0,
    )  # fmt: skip
    return figure


def explained_prediction_figure(
    probabilities: Mapping[str, float], mapped: Mapping[str, float] | None = None, *, true: str = ""
) -> go.Figure:
    """All probabilities of one clip as bars; those of the part that maps explain as pale bars.

    Args:
        probabilities: Of the whole model, by emotion, 0 to 1.
        mapped: Of those of its networks that the maps are of; None where that is the whole model.
        true: The true emotion, marked in the labels.
    """
    figure = prediction_figure(probabilities, true=true)
    figure.update_xaxes(range=[0, 145])  # room for what stands beside a long bar
    if mapped is None:
        return figure
    figure.update_traces(name="whole ensemble", hovertemplate=_HOVER)
    (whole,) = figure.data
    figure.add_bar(
        x=[100 * value for value in mapped.values()],
        y=whole.y,
        orientation="h",
        name="explained network",
        marker={"color": whole.marker.color, "opacity": 0.35, "line": {"width": 0}},
        text=[f"{100 * value:.0f} %" for value in mapped.values()],
        textposition="outside",
        cliponaxis=False,
        hovertemplate=_HOVER,
    )
    figure.update_layout(barmode="group", bargap=0.25, bargroupgap=0.05)
    figure.update_layout(height=24 + 38 * len(probabilities))
    return figure


_HOVER = "%{y}: %{x:.1f} %, %{fullData.name}<extra></extra>"


def reading_figure(table: pd.DataFrame, color: str = ACCENT) -> go.Figure:
    """Share of the relevance in each part, beside the share of the feature map that it is.

    Args:
        table: Rows of one aspect of `speech_relevance.relevance_by_aspect`.
        color: Of the relevance.
    """
    parts = list(table["part"])
    figure = go.Figure(
        [
            _bars("relevance", parts, 100 * table["share"], color),
            _bars("input", parts, 100 * table["area"], NO_EMOTION),
        ]
    )
    figure.update_layout(barmode="group")
    figure.update_xaxes(title="Share (%)", rangemode="tozero")
    figure.update_yaxes(autorange="reversed")
    return finish(figure, height=96 + 36 * len(parts), name="reading", legend=True)


def group_shares_figure(found: GroupShares, color: str = ACCENT) -> go.Figure:
    """What each group of features adds to a probability, between the average voice and the clip.

    Args:
        found: From `feature_groups.group_shares`.
        color: Of what speaks for the class.
    """
    names = ["average voice", *found.added, "this clip"]
    sizes = [found.average, *found.added.values(), found.probability]
    whole = ["absolute", *("relative" for _ in found.added), "total"]
    figure = go.Figure(
        go.Waterfall(
            orientation="h",
            y=names,
            x=[100 * each for each in sizes],
            measure=whole,
            text=[f"{100 * each:+.1f}" if kind == "relative" else f"{100 * each:.1f}"
                  for each, kind in zip(sizes, whole, strict=True)],
            increasing={"marker": {"color": color}},
            decreasing={"marker": {"color": NO_EMOTION}},
            totals={"marker": {"color": ACCENT}},
            hovertemplate="%{y}<br>%{text} points<extra></extra>",
        )
    )  # fmt: skip
    reached = 100 * np.cumsum([0.0, *sizes[:-1]])
    margin = 0.15 * (reached.max() - reached.min())  # for the number beside a short bar
    span = [min(0.0, reached.min() - margin), reached.max() + margin]
    figure.update_xaxes(title=f"Probability of {found.emotion} (%)", range=span)
    figure.update_yaxes(autorange="reversed")
    return finish(figure, height=96 + 36 * len(names), name="feature-groups", legend=False)


def importance_figure(found: Importance) -> go.Figure:
    """UAR that each group of features is worth, with the spread over permutations.

    Args:
        found: From `feature_groups.permutation_importance`.
    """
    figure = go.Figure(
        go.Bar(
            y=[row.group for row in found.groups],
            x=[row.loss for row in found.groups],
            error_x={"type": "data", "array": [row.spread for row in found.groups]},
            orientation="h",
            marker={"color": ACCENT, "line": {"width": 0}},
            hovertemplate="%{y}<br>%{x:.3f} UAR lost<extra></extra>",
        )
    )
    figure.update_xaxes(title="UAR lost")
    figure.update_yaxes(autorange="reversed")
    return finish(figure, height=96 + 36 * len(found.groups), name="importance", legend=False)


def _bars(name: str, parts: list[str], values: Any, color: str) -> go.Bar:
    return go.Bar(
        name=name,
        y=parts,
        x=list(values),
        orientation="h",
        marker={"color": color, "line": {"width": 0}},
        hovertemplate=f"%{{y}}<br>%{{x:.1f}} % of the {name}<extra></extra>",
    )


def atlas_figure(table: pd.DataFrame) -> go.Figure:
    """Share of the relevance by part and predicted class, with intervals; a dash is the even share.

    Args:
        table: From `Bench.atlas`.
    """
    figure = go.Figure()
    parts = list(dict.fromkeys(table["part"]))
    classes = list(dict.fromkeys(table["answer"]))
    for number, predicted in enumerate(classes):
        rows = table[table["answer"] == predicted]
        shift = (number - (len(classes) - 1) / 2) * 0.8 / max(1, len(classes))
        positions = [parts.index(part) + shift for part in rows["part"]]
        figure.add_trace(_points(predicted, positions, rows))
        figure.add_trace(_dashes(positions, rows))
    figure.update_xaxes(tickvals=list(range(len(parts))), ticktext=parts, showgrid=False)
    figure.update_yaxes(title="Share of the relevance (%)", rangemode="tozero")
    return finish(figure, height=380, name="atlas", legend=True)


def _points(predicted: str, positions: list[float], rows: pd.DataFrame) -> go.Scatter:
    value, low, high = (100 * rows[name].astype(float) for name in ("value", "low", "high"))
    return go.Scatter(
        x=positions,
        y=list(value),
        error_y={"array": list(high - value), "arrayminus": list(value - low), "thickness": 1.6},
        mode="markers",
        name=predicted,
        marker={"size": 8, "color": emotion_color(predicted)},
        customdata=list(zip(rows["part"], low, high, 100 * rows["area"], strict=True)),
        hovertemplate=f"{predicted}<br>%{{customdata[0]}}: %{{y:.1f}} % "
        "(%{customdata[1]:.1f} to %{customdata[2]:.1f})<br>"
        "%{customdata[3]:.1f} % of the input<extra></extra>",
    )


def _dashes(positions: list[float], rows: pd.DataFrame) -> go.Scatter:
    return go.Scatter(
        x=positions,
        y=list(100 * rows["area"]),
        mode="markers",
        marker={"symbol": "line-ew", "size": 12, "line": {"width": 1.5, "color": NO_EMOTION}},
        showlegend=False,
        hoverinfo="skip",
    )


def mean_map_figure(
    values: Floats | Map, representation: Any, predicted: str, limit: float | None = None
) -> go.Figure:
    """Mean relevance over bins and the course of the clip, in units of an even map.

    Args:
        values: Shape (bins, points), summing to 1.
        representation: Whose bins they are.
        predicted: For the name of the file.
        limit: Value of the strongest colour.
    """
    points = values.shape[1]
    ticks = bin_ticks(representation.bin_axis())
    figure = go.Figure(
        go.Heatmap(
            z=values * values.size,
            x=(np.arange(points) + 0.5) * 100 / points,
            colorscale=MARKS,
            zmin=0,
            zmax=limit or float(np.quantile(values * values.size, 0.995)) or 1.0,
            colorbar={"thickness": 8, "outlinewidth": 0, "nticks": 4},
            hovertemplate="%{x:.0f} % of the clip<br>%{z:.2f} times an even map<extra></extra>",
        )
    )
    figure.update_xaxes(title="Part of the clip (%)", showgrid=False)
    figure.update_yaxes(
        title=ticks.title, tickvals=ticks.positions, ticktext=ticks.texts, showgrid=False
    )
    return finish(figure, height=240, name=f"atlas-{predicted}")


def cascade_figure(curve: dict[str, float]) -> go.Figure:
    """Similarity of a map to those under cascading randomisation of the weights."""
    names = ["none", *curve]
    figure = go.Figure(
        go.Scatter(
            x=names,
            y=[1.0, *curve.values()],
            mode="lines+markers",
            line={"color": ACCENT, "width": 2},
            hovertemplate="weights shuffled down to %{x}<br>rank correlation %{y:.2f}"
            "<extra></extra>",
        )
    )
    figure.update_xaxes(title="Weights shuffled from the output down to", showgrid=False)
    figure.update_yaxes(title="Rank correlation with the map", range=[-1.05, 1.05])
    return finish(figure, height=260, name="cascade")


def print_map(found: Attribution, name: str, kind: Literal["png", "svg"]) -> bytes:
    """PNG or SVG of a map over the feature map, for a paper.

    Args:
        found: The map.
        name: Of the clip, for the title.
        kind: Format of the file.
    """
    from matplotlib.figure import Figure

    channels, limit = len(found.values), reach(found.values)
    figure = Figure(figsize=(7, 1.4 + 2.2 * channels), layout="constrained", dpi=200)
    panels = figure.subplots(channels, 1, squeeze=False, sharex=True)[:, 0]
    for channel, panel in enumerate(panels):
        shown = _print_channel(panel, found, channel, limit)
        panel.set_title(found.representation.channel_names[channel].capitalize(), fontsize=9)
    panels[-1].set_xlabel("Time (s)")
    bar = figure.colorbar(shown, ax=list(panels), pad=0.02, aspect=30)
    bar.set_label("Relevance")
    bar.outline.set_visible(False)
    figure.suptitle(f"{found.emotion}: {found.method.label}\n{name}", fontsize=9)
    file = io.BytesIO()
    figure.savefig(file, format=kind, metadata={"Date": None} if kind == "svg" else None)
    return file.getvalue()


def _print_channel(panel: Any, found: Attribution, channel: int, limit: float) -> Any:
    values = found.values[channel]  # noqa: PD011  (no pandas)
    feature_map = found.feature_map[channel]
    seconds = 1 / found.representation.frame_rate
    bins, frames = values.shape
    options: dict[str, Any] = {
        "origin": "lower",
        "aspect": "auto",
        "interpolation": "nearest",
        "extent": (-seconds / 2, (frames - 0.5) * seconds, -0.5, bins - 0.5),
    }
    panel.imshow(feature_map, cmap="Greys", **options)
    ticks = bin_ticks(found.representation.bin_axis())
    panel.set_yticks(ticks.positions, ticks.texts)
    panel.set_ylabel(axis_title(found.representation.bin_axis().label, ""))
    strength: npt.NDArray[Any] = np.clip(np.abs(values) / limit, 0, 1)
    low = -limit if found.method.signed else 0.0
    colors = "seismic" if found.method.signed else "Reds"
    return panel.imshow(values, cmap=colors, vmin=low, vmax=limit, alpha=0.85 * strength, **options)
