"""Interactive feature maps of representations.

The vertical axis counts cells and its ticks carry the real values (Hz, seconds, names), so that a
mel or pitch scale is as even on the screen as in the numbers, and the browser can paint the whole
feature map at once instead of cell by cell.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import plotly.graph_objects as go

from ser_core.features.feature_map import bin_names, raster
from ser_core.plots.palette import ACCENT, emotion_color
from ser_core.plots.theme import axis_style, base_layout
from ser_core.plots.ticks import axis_title, bin_ticks

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ser_core.features.feature_map import FeatureMap, Raster
    from ser_core.plots.scales import Scale

    Span = tuple[float, float]


QUIET: dict[str, Any] = {"displayModeBar": False, "scrollZoom": False, "doubleClick": "reset"}
"""Plotly's `config` for feature maps among many: buttons would cover them."""


@dataclass(frozen=True)
class Size:
    """How large a feature map is.

    Attributes:
        height: In pixels.
        rows: Most cells down; a larger feature map is reduced to it.
        columns: Most cells across.
        font: Of the ticks, in pixels.
        bar: Width of the colour bar, in pixels.
    """

    height: int
    rows: int
    columns: int
    font: int
    bar: int


SMALL = Size(height=218, rows=110, columns=240, font=10, bar=8)
"""A feature map among many."""

LARGE = Size(height=460, rows=520, columns=1500, font=12, bar=12)
"""A feature map that stands alone."""


WIDE = Size(height=340, rows=280, columns=800, font=11, bar=10)
"""One of two feature maps side by side."""


def feature_map_figure(
    feature_map: FeatureMap,
    scale: Scale,
    size: Size = LARGE,
    *,
    span: Span | None = None,
    beside: bool = False,
    colorbar: bool = True,
) -> go.Figure:
    """Figure of a feature map; hovering shows time, bin and value, each with its unit.

    Args:
        feature_map: Values and axes; a line is drawn where it is one number a frame.
        scale: Range of the colours, or of the line's axis.
        size: How large, and in how many cells.
        span: First and last position of the horizontal axis; that of the feature map when absent.
        beside: Put channels side by side instead of one above the other.
        colorbar: Whether to show which colour means what.
    """
    if feature_map.is_line:
        return line_figure({"": feature_map}, scale, size, span=span)
    channels = range(len(feature_map.values))
    if len(channels) > 1 and not beside:
        size = replace(size, height=round(size.height * (0.5 + 0.5 * len(channels))))
    reduced = raster(feature_map, size.rows, size.columns)
    layout = _layout(feature_map, size, headed=len(channels) > 1)
    layout["coloraxis"] = _color_axis(feature_map, scale, size, shown=colorbar)
    for channel in channels:
        layout |= _panel(reduced, channel, size, span or _extent(feature_map), beside=beside)
    if len(channels) > 1:
        layout["annotations"] = [_heading(reduced, channel, size, beside) for channel in channels]
    traces = [_heatmap(reduced, channel) for channel in channels]
    return go.Figure(traces, layout)


def line_figure(
    features: Mapping[str, FeatureMap],
    scale: Scale,
    size: Size = LARGE,
    *,
    span: Span | None = None,
    colors: Sequence[str] = (ACCENT,),
) -> go.Figure:
    """Representations that are one number a frame, as one line each.

    Args:
        features: By what the legend calls them; there is no legend for a single one.
        scale: Range of the vertical axis.
        size: How large.
        span: First and last position of the horizontal axis; that of the first feature map when
            absent.
        colors: One for each line.
    """
    first = next(iter(features.values()))
    label, unit = first.representation.bin_axis().label, first.representation.unit
    title = unit[:1].upper() + unit[1:] if size is SMALL else axis_title(label, unit)
    many = len(features) > 1
    layout = _layout(first, size, headed=many, legend=many) | {
        "xaxis": _time_axis(first, span or _extent(first), size),
        "yaxis": axis_style(title, size=size.font + 1)
        | {
            "range": [scale.low, scale.high],
            "tickfont": {"size": size.font},
            "nticks": 6,
        },
        "hovermode": "x unified" if many else "x",
    }
    lines = [
        go.Scatter(
            x=feature_map.times,
            y=feature_map.values[0, 0],
            name=name,
            mode="lines" if len(feature_map.times) > 1 else "markers",
            line={"width": 1.6, "color": color},
            hovertemplate=f"%{{x:.2f}} {feature_map.time_unit}<br>%{{y:{scale.digits}}} {unit}"
            "<extra></extra>"
            if not many
            else f"%{{y:{scale.digits}}} {unit}",
        )
        for (name, feature_map), color in zip(features.items(), colors, strict=True)
    ]
    return go.Figure(lines, layout)


def means_lines(
    means: Mapping[str, FeatureMap], clips: Mapping[str, int], scale: Scale
) -> go.Figure:
    """Mean course of a quantity for each emotion, in the emotions' colours."""
    named = {f"{name} ({clips[name]:,})": feature_map for name, feature_map in means.items()}
    return line_figure(named, scale, colors=[emotion_color(name) for name in means])


def cell_names(reduced: Raster) -> list[str]:
    """What each cell of the vertical axis stands for: its bin, or its first and last bin."""
    names = bin_names(reduced.feature_map.representation)
    size = reduced.bins_per_cell
    groups = [names[start : start + size] for start in range(0, len(names), size)]
    return [group[0] if len(group) == 1 else f"{group[0]} to {group[-1]}" for group in groups]


def _heatmap(reduced: Raster, channel: int) -> go.Heatmap:
    feature_map, number = reduced.feature_map, "" if channel == 0 else str(channel + 1)
    return go.Heatmap(
        z=feature_map.values[channel],
        x0=feature_map.start,
        dx=feature_map.step,
        y=cell_names(reduced),
        xaxis=f"x{number}",
        yaxis=f"y{number}",
        coloraxis="coloraxis",
        hovertemplate=f"%{{x:.2f}} {feature_map.time_unit}<br>%{{y}}<br>%{{z:.4~g}} "
        f"{feature_map.representation.unit}<extra></extra>",
    )


def _panel(
    reduced: Raster, channel: int, size: Size, span: Span, *, beside: bool
) -> dict[str, dict[str, Any]]:
    """Both axes of a channel; the outer ones alone have titles."""
    feature_map, number = reduced.feature_map, "" if channel == 0 else str(channel + 1)
    across, up = _domains(len(feature_map.values), channel, beside=beside)
    time = _time_axis(feature_map, span, size) | {"domain": across, "anchor": f"y{number}"}
    bins = _bin_axis(reduced, size, up[1] - up[0]) | {"domain": up, "anchor": f"x{number}"}
    if channel and beside:
        bins |= {"showticklabels": False, "title": None, "matches": "y"}
    if channel:
        time["matches"] = "x"
    stacked = not beside and len(feature_map.values) > 1
    if stacked and size.font == SMALL.font:  # the whole title is longer than a channel is high
        bins["title"]["text"] = feature_map.representation.bin_axis().unit
    if stacked and channel < len(feature_map.values) - 1:
        time |= {"showticklabels": False, "title": None}
    return {f"xaxis{number}": time, f"yaxis{number}": bins}


def _domains(
    channels: int, channel: int, *, beside: bool
) -> tuple[tuple[float, float], tuple[float, float]]:
    """Share of the width and of the height that a channel takes, the first at the left or top."""
    gap = 0.02 if beside else 0.09
    length = (1 - gap * (channels - 1)) / channels
    start = channel * (length + gap)
    if beside:
        return (start, min(1.0, start + length)), (0.0, 1.0)
    return (0.0, 1.0), (max(0.0, 1 - start - length), 1 - start)


def _heading(reduced: Raster, channel: int, size: Size, beside: bool) -> dict[str, Any]:
    values, names = reduced.feature_map.values, reduced.feature_map.representation.channel_names
    across, up = _domains(len(values), channel, beside=beside)
    return {
        "text": names[channel].capitalize(),
        "x": sum(across) / 2,
        "y": up[1],
        "xref": "paper",
        "yref": "paper",
        "yanchor": "bottom",
        "showarrow": False,
        "font": {"size": size.font + 1},
    }


def _color_axis(
    feature_map: FeatureMap, scale: Scale, size: Size, *, shown: bool
) -> dict[str, Any]:
    return {
        "cmin": scale.low,
        "cmax": scale.high,
        "colorscale": scale.colors,
        "showscale": shown,
        "colorbar": {
            "title": _bar_title(feature_map.representation.unit, size),
            "thickness": size.bar,
            "nticks": 6,
            "tickfont": {"size": size.font},
            "outlinewidth": 0,
            "xpad": 6,
            "ypad": 0,
            "len": 1,
            "y": 0.5,
        },
    }


def _time_axis(feature_map: FeatureMap, span: Span, size: Size) -> dict[str, Any]:
    title = axis_title(feature_map.time_label, feature_map.time_unit)
    return axis_style(title, size=size.font + 1) | {
        "range": span,
        "tickfont": {"size": size.font},
        "nticks": 7,
        "showgrid": False,
        "exponentformat": "none",
    }


def _bin_axis(reduced: Raster, size: Size, share: float) -> dict[str, Any]:
    axis = reduced.feature_map.representation.bin_axis()
    ticks = bin_ticks(axis, most=max(4, min(12, int(size.height * share / 40))))
    return axis_style(ticks.title, size=size.font + 1) | {
        "type": "category",
        "tickmode": "array",
        "tickvals": ticks.in_cells(reduced.bins_per_cell),
        "ticktext": ticks.texts,
        "tickfont": {"size": size.font},
        "range": (-0.5, reduced.feature_map.values.shape[1] - 0.5),
        "showgrid": False,
        "ticks": "outside",
        "ticklen": 3,
    }


def _bar_title(unit: str, size: Size) -> dict[str, Any]:
    """Title of a colour bar: a short one above it, a long one along it.

    Plotly does not keep a title along the bar off the widest tick, only off those it would cover.
    """
    return _title(unit, size) | {"side": "top" if len(unit) < 10 else "right"}


def _title(text: str, size: Size) -> dict[str, Any]:
    return {"text": text, "font": {"size": size.font + 1}}


def _extent(feature_map: FeatureMap) -> Span:
    """From the left edge of the first frame to the right edge of the last."""
    half = feature_map.step / 2
    return float(feature_map.times[0] - half), float(feature_map.times[-1] + half)


def _layout(
    feature_map: FeatureMap, size: Size, *, headed: bool, legend: bool = False
) -> dict[str, Any]:
    """The shared layout, with margins to the size and room above for what stands there."""
    name = f"{feature_map.representation.name}-{feature_map.name}"
    layout = base_layout(height=size.height, name=name, legend=legend)
    # A large feature map leaves room for Plotly's buttons, which come when the pointer is over it.
    layout["margin"]["t"] = 34 if size.font > SMALL.font else 20 if headed else 6
    return layout
