"""Feature maps as files for a paper: the same axes and colours, drawn by matplotlib.

Figures are made without pyplot: it holds every figure in a global list and is not safe in threads.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any, Literal

from ser_core.plots.palette import ACCENT, emotion_color
from ser_core.plots.scales import beyond, scale_for
from ser_core.plots.ticks import axis_title, bin_ticks

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap
    from matplotlib.figure import Figure

    from ser_core.features.feature_map import FeatureMap
    from ser_core.plots.scales import Scale

Format = Literal["png", "svg"]

_STYLE: dict[Any, object] = {
    "font.size": 9,
    "axes.titlesize": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "svg.fonttype": "none",
    "svg.hashsalt": "workbench",
    "path.simplify": True,
}
DPI = 200


def print_feature_map(feature_map: FeatureMap, kind: Format, scale: Scale | None = None) -> bytes:
    """PNG or SVG of one feature map, titled with representation and clip.

    Args:
        feature_map: What to print.
        kind: Format of the file.
        scale: As on the page; that of the feature map when absent.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    channels = len(feature_map.values)
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(7, 1.2 + 2.2 * channels), layout="constrained", dpi=DPI)
        panels = figure.subplots(channels, 1, squeeze=False, sharex=True)[:, 0]
        scale = scale or scale_for([feature_map])
        for channel, panel in enumerate(panels):
            _draw(panel, feature_map, channel, scale)
            panel.set_title(feature_map.representation.channel_names[channel].capitalize())
        panels[-1].set_xlabel(axis_title(feature_map.time_label, feature_map.time_unit))
        _bar(figure, list(panels), feature_map, scale)
        figure.suptitle(f"{feature_map.representation.title} of {feature_map.name}", fontsize=10)
        return _saved(figure, kind)


def print_means(
    features: Mapping[str, FeatureMap],
    clips: Mapping[str, int],
    scale: Scale,
    title: str,
    kind: Format,
) -> bytes:
    """PNG or SVG of a mean for each emotion, on one scale, with the number of clips behind each.

    Args:
        features: Means by emotion, or how far each is from the mean of all.
        clips: Number of clips by emotion.
        scale: As on the page.
        title: Above all of them.
        kind: Format of the file.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    first = next(iter(features.values()))
    with mpl.rc_context(_STYLE):
        if first.is_line:
            figure = Figure(figsize=(7, 3.4), layout="constrained", dpi=DPI)
            _lines(figure.subplots(), features, clips)
        else:
            columns = min(3, len(features))
            rows = -(-len(features) // columns) * len(first.values)
            figure = Figure(figsize=(9, 0.8 + 2.1 * rows), layout="constrained", dpi=DPI)
            _small_multiples(figure, features, clips, scale, columns)
        figure.suptitle(title, fontsize=10)
        return _saved(figure, kind)


def _lines(panel: Axes, features: Mapping[str, FeatureMap], clips: Mapping[str, int]) -> None:
    for emotion, feature_map in features.items():
        label = f"{emotion} ({clips[emotion]:,})"
        panel.plot(
            feature_map.times,
            feature_map.values[0, 0],
            color=emotion_color(emotion),
            lw=1.2,
            label=label,
        )
    _name_line_axes(panel, feature_map)
    panel.set_xlabel(axis_title(feature_map.time_label, feature_map.time_unit))
    panel.legend(frameon=False, ncols=3, loc="upper center", bbox_to_anchor=(0.5, -0.18))


def _small_multiples(
    figure: Figure,
    features: Mapping[str, FeatureMap],
    clips: Mapping[str, int],
    scale: Scale,
    columns: int,
) -> None:
    shown = list(features.values())
    channels = len(shown[0].values)
    rows = -(-len(shown) // columns) * channels
    panels = figure.subplots(rows, columns, squeeze=False, sharex=True, sharey=True)
    for panel in panels.ravel():
        panel.set_visible(False)
    for number, (emotion, feature_map) in enumerate(features.items()):
        for channel, name in enumerate(feature_map.representation.channel_names):
            panel = panels[number // columns * channels + channel, number % columns]
            panel.set_visible(True)
            _draw(panel, feature_map, channel, scale)
            panel.label_outer()
            panel.set_title(f"{emotion}, {clips[emotion]:,} clips{f', {name}' if name else ''}")
    figure.supxlabel(axis_title(shown[0].time_label, shown[0].time_unit), fontsize=9)
    _bar(figure, list(panels.ravel()), shown[0], scale)


def _draw(panel: Axes, feature_map: FeatureMap, channel: int, scale: Scale) -> None:
    """One channel: a line, or a feature map whose vertical axis counts bins."""
    if feature_map.is_line:
        panel.plot(feature_map.times, feature_map.values[0, 0], color=ACCENT, lw=1)
        panel.set_ylim(scale.low, scale.high)
        _name_line_axes(panel, feature_map)
        return
    half, bins = feature_map.step / 2, feature_map.values.shape[1]
    panel.imshow(
        feature_map.values[channel],
        origin="lower",
        aspect="auto",
        interpolation="nearest",
        extent=(feature_map.times[0] - half, feature_map.times[-1] + half, -0.5, bins - 0.5),
        vmin=scale.low,
        vmax=scale.high,
        cmap=_colors(scale),
    )
    ticks = bin_ticks(feature_map.representation.bin_axis())
    panel.set_yticks(ticks.positions, ticks.texts)
    panel.set_ylabel(ticks.title)


def _name_line_axes(panel: Axes, feature_map: FeatureMap) -> None:
    axis, unit = feature_map.representation.bin_axis(), feature_map.representation.unit
    panel.set_ylabel(axis_title(axis.label, unit))
    panel.margins(x=0)


def _bar(figure: Figure, panels: list[Axes], feature_map: FeatureMap, scale: Scale) -> None:
    if feature_map.is_line:
        return
    shown = next(panel.images[0] for panel in panels if panel.images)
    bar = figure.colorbar(shown, ax=panels, extend=_beyond(feature_map, scale), pad=0.02, aspect=30)
    bar.set_label(feature_map.representation.unit)
    bar.outline.set_visible(False)


def _beyond(feature_map: FeatureMap, scale: Scale) -> str:
    """On which ends of the colour bar there are values that it does not reach."""
    ends = {(0, 0): "neither", (1, 0): "min", (0, 1): "max", (1, 1): "both"}
    return ends[beyond(feature_map, scale)]


def _colors(scale: Scale) -> Colormap:
    """The colours of the page, on white where they let it through."""
    from matplotlib.colors import LinearSegmentedColormap

    stops = [(float(str(position)), _on_white(str(color))) for position, color in scale.colors]
    return LinearSegmentedColormap.from_list("page", stops)


def _on_white(color: str) -> tuple[float, float, float]:
    """Red, green and blue up to 1 of a colour in CSS.

    >>> _on_white("#ff0000"), _on_white("rgba(0, 0, 0, 0)")
    ((1.0, 0.0, 0.0), (1.0, 1.0, 1.0))
    """
    from matplotlib.colors import to_rgb

    if color.startswith("#"):
        return to_rgb(color)
    *levels, alpha = map(float, color.removeprefix("rgba(").removesuffix(")").split(","))
    red, green, blue = (1 - alpha + alpha * level / 255 for level in levels)
    return red, green, blue


def _saved(figure: Figure, kind: Format) -> bytes:
    file = io.BytesIO()
    figure.savefig(file, format=kind, metadata={"Date": None} if kind == "svg" else None)
    return file.getvalue()
