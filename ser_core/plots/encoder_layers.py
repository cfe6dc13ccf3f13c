"""UAR by layer of a pretrained encoder, with intervals: for a page, and for print."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import plotly.graph_objects as go

from ser_core.plots.palette import ACCENT, NO_EMOTION
from ser_core.plots.publication_results import Format, heading, printed
from ser_core.plots.results import MARK
from ser_core.plots.theme import finish

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matplotlib.figure import Figure

    from ser_core.inference.layer_curve import LayerCurve, Point

BEST = "best here, chosen on these test speakers: optimistic unless nested"
_COLORS = {False: "#8a63d2", True: ACCENT}
_SYMBOLS = {False: "circle", True: "square"}
_SHIFT = 0.06
"""Of each line, in layers, so that the intervals of the two stand beside each other."""

_BESIDE = {"all": "all<br>layers", "chosen": "chosen<br>(nested)"}
"""What stands beside the layers, and its label."""


@dataclass(frozen=True)
class _Place:
    """A point with where it stands."""

    x: float
    point: Point


def _words(*, enrolled: bool) -> str:
    return "enrolled" if enrolled else "not enrolled"


def _beside(curve: LayerCurve) -> dict[str, float]:
    """Places of what is no single layer, to the right of the last."""
    last = int(curve.about["layers"])
    present = {point.layers for point in curve.points}
    gap = max(1.0, 0.08 * last)
    return {name: last + gap * number for number, name in enumerate(
        [name for name in _BESIDE if name in present], start=1)}  # fmt: skip


def _places(curve: LayerCurve, *, enrolled: bool) -> tuple[list[_Place], list[_Place]]:
    """Points of the single layers, and of the rest."""
    shift = _SHIFT if enrolled else -_SHIFT
    line = [_Place(int(p.layers) + shift, p) for p in curve.line(enrolled=enrolled)]
    rest = [
        _Place(x + shift, point)
        for name, x in _beside(curve).items()
        if (point := curve.point(name, enrolled=enrolled)) is not None
    ]
    return line, rest


def _ticks(curve: LayerCurve, break_: str) -> tuple[list[float], list[str]]:
    last = int(curve.about["layers"])
    step = 1 if last <= 12 else 2 if last <= 26 else 4
    layers = list(range(0, last + 1, step))
    beside = _beside(curve)
    labels = [_BESIDE[name].replace("<br>", break_) for name in beside]
    return [*map(float, layers), *beside.values()], [*map(str, layers), *labels]


def layers_figure(curve: LayerCurve) -> go.Figure:
    """UAR against layers, not enrolled and enrolled, with 95 % intervals.

    Args:
        curve: What was computed.
    """
    figure = go.Figure()
    for enrolled in (False, True):
        line, rest = _places(curve, enrolled=enrolled)
        for places, mode in ((line, "lines+markers"), (rest, "markers")):
            if places:
                figure.add_trace(_trace(places, mode, enrolled=enrolled))
    for trace in _stars(curve):
        figure.add_trace(trace)
    ticks, labels = _ticks(curve, "<br>")
    chance = 1 / len(curve.about["classes"])
    figure.add_hline(
        y=chance,
        line={"dash": "dot", "width": 1, "color": NO_EMOTION},
        annotation={"text": "chance", "font": {"size": 11}, "xanchor": "left", "x": 0.005},
        annotation_position="top left",
    )
    finish(figure, height=400, name="encoder-layers", legend=True)
    figure.update_xaxes(title="Layer (0 is what goes into layer 1)", tickvals=ticks,
                        ticktext=labels, range=[-0.5, max(ticks) + 0.5])  # fmt: skip
    figure.update_yaxes(title="UAR, unseen speakers", range=[0, 1.02])
    return figure


def _trace(places: list[_Place], mode: str, *, enrolled: bool) -> go.Scatter:
    values = [place.point.uar.value or 0.0 for place in places]
    ends = [(place.point.uar.low, place.point.uar.high) for place in places]
    return go.Scatter(
        x=[place.x for place in places],
        y=values,
        error_y={
            "type": "data",
            "symmetric": False,
            "array": [(high or v) - v for v, (_, high) in zip(values, ends, strict=True)],
            "arrayminus": [v - (low or v) for v, (low, _) in zip(values, ends, strict=True)],
            "thickness": 1.5,
            "width": 4,
        },
        mode=mode,
        name=_words(enrolled=enrolled),
        showlegend="lines" in mode,
        line={"color": _COLORS[enrolled], "width": 2},
        marker={"size": 8, "symbol": _SYMBOLS[enrolled], "color": _COLORS[enrolled]},
        customdata=[_said(place.point) for place in places],
        hovertemplate="%{customdata}<extra></extra>",
    )


def _said(point: Point) -> str:
    names = {"all": "all layers", "chosen": "layer chosen by the training speakers"}
    layer = names.get(point.layers, f"layer {point.layers}")
    return f"{layer}, {_words(enrolled=point.enrolled)}<br>UAR {point.uar}<br>{point.uar.how}"


def _stars(curve: LayerCurve) -> Iterator[go.Scatter]:
    """The best layer of each line, with what to think of it."""
    for enrolled in (False, True):
        best = curve.best(enrolled=enrolled)
        shift = _SHIFT if enrolled else -_SHIFT
        yield go.Scatter(
            x=[int(best.layers) + shift],
            y=[best.uar.value],
            mode="markers",
            name=BEST,
            showlegend=enrolled,
            marker={
                "symbol": "circle-open",
                "size": 17,
                "color": MARK,
                "line": {"width": 2.5, "color": MARK},
            },
            hovertemplate=f"layer {best.layers}, {_words(enrolled=enrolled)}: UAR {best.uar}<br>"
            f"{BEST}<extra></extra>",
        )


def print_layers(curve: LayerCurve, kind: Format) -> bytes:
    """The same for print."""
    about = curve.about
    title = f"{about['encoder']} on {about['corpus']}, {about['speakers']} speakers"

    def draw(figure: Figure) -> None:
        panel = figure.subplots()
        for enrolled in (False, True):
            line, rest = _places(curve, enrolled=enrolled)
            marker = "s" if enrolled else "o"
            for places, style in ((line, "-"), (rest, "")):
                values = [place.point.uar.value or 0.0 for place in places]
                ends = [(p.point.uar.low, p.point.uar.high) for p in places]
                panel.errorbar(
                    [place.x for place in places],
                    values,
                    yerr=[
                        [v - (low or v) for v, (low, _) in zip(values, ends, strict=True)],
                        [(high or v) - v for v, (_, high) in zip(values, ends, strict=True)],
                    ],
                    color=_COLORS[enrolled], ls=style, marker=marker, ms=4, capsize=2, lw=1.3,
                    label=_words(enrolled=enrolled) if style else None,
                )  # fmt: skip
            best = curve.best(enrolled=enrolled)
            shift = _SHIFT if enrolled else -_SHIFT
            panel.plot(
                [int(best.layers) + shift], [best.uar.value or 0.0], "o", ms=10, mfc="none",
                mec=MARK, mew=1.8, label=BEST if enrolled else None,
            )  # fmt: skip
        panel.axhline(1 / len(about["classes"]), ls=":", lw=1, color=NO_EMOTION, label="chance")
        panel.set_xticks(*_ticks(curve, "\n"))
        panel.set(xlabel="Layer (0 is what goes into layer 1)", ylabel="UAR, unseen speakers",
                  ylim=(0, 1.02))  # fmt: skip
        panel.grid(axis="y", lw=0.4)
        panel.set_title(heading(title, about["badge"]))
        figure.legend(loc="outside lower center", ncols=2, frameon=False, fontsize=8)

    return printed((6.4, 4.2), kind, draw)
