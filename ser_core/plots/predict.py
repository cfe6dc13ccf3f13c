"""Figures of predictions: of one sound, along a long one, of many."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import plotly.graph_objects as go

from ser_core.plots.palette import NO_EMOTION, emotion_color
from ser_core.plots.theme import axis_style, base_layout, whole_numbers

if TYPE_CHECKING:
    import pandas as pd

PALE = 0.35
"""Opacity of bars without enrolment, beside those with it."""

ABOVE = 106.0
"""Where the predicted classes stand in a timeline, above the stacked probabilities, in percent."""


def probabilities_figure(
    probabilities: Mapping[str, float],
    before: Mapping[str, float] | None = None,
    *,
    threshold: float | None = None,
) -> go.Figure:
    """All probabilities of one sound as bars, in the colours of the emotions.

    Args:
        probabilities: By emotion, 0 to 1.
        before: Those without enrolment, as thin pale bars beneath.
        threshold: Rejection threshold (least confidence of a certain prediction), a dotted line.
    """
    figure = go.Figure()
    figure.add_trace(_bars(probabilities, "enrolled" if before else "", pale=False))
    if before is not None:
        figure.add_trace(_bars(before, "not enrolled", pale=True))
    rows = len(probabilities)
    figure.update_layout(base_layout(height=76 + (40 if before else 30) * rows, name="answer"))
    figure.update_layout(barmode="group", bargap=0.25, bargroupgap=0.05)
    figure.update_xaxes(
        range=[0, 116],
        tickvals=[0, 25, 50, 75, 100],
        showgrid=False,
        **axis_style("Probability (%)"),
    )
    figure.update_yaxes(automargin=True, autorange="reversed", showgrid=False)
    if threshold is not None:
        figure.add_vline(
            x=100 * threshold,
            line={"dash": "dot", "width": 1.5, "color": NO_EMOTION},
            annotation={
                "text": f"rejection threshold {100 * threshold:.0f} %",
                "font": {"size": 11},
                "yanchor": "bottom",
            },
            annotation_position="top",
        )
        figure.update_layout(margin={"t": 22}, height=figure.layout.height + 22)
    if before is not None:
        _legend(figure, {"enrolled": 1.0, "not enrolled": PALE})
    return figure


def _legend(figure: go.Figure, shades: Mapping[str, float]) -> None:
    """A legend of shades, above all else: bars of one shade have the colours of all emotions."""
    for name, opacity in shades.items():
        figure.add_scatter(
            x=[None],
            y=[None],
            mode="markers",
            name=name,
            marker={"symbol": "square", "size": 11, "color": NO_EMOTION, "opacity": opacity},
        )
    figure.update_traces(showlegend=False, selector={"type": "bar"})
    figure.update_layout(
        showlegend=True,
        legend={"y": 1, "yref": "container", "yanchor": "top", "itemclick": False},
        margin={"t": figure.layout.margin.t + 24},
        height=figure.layout.height + 24,
    )


def _bars(probabilities: Mapping[str, float], which: str, *, pale: bool) -> go.Bar:
    names = list(probabilities)
    suffix = f", {which}" if which else ""
    return go.Bar(
        x=[100 * value for value in probabilities.values()],
        y=names,
        orientation="h",
        marker={
            "color": [emotion_color(name) for name in names],
            "opacity": PALE if pale else 1.0,
            "line": {"width": 0},
        },
        text=[f"{100 * value:.0f} %" for value in probabilities.values()],
        textposition="outside",
        cliponaxis=False,
        hovertemplate=f"%{{y}}: %{{x:.1f}} %{suffix}<extra></extra>",
    )


def timeline_figure(
    table: pd.DataFrame, classes: Sequence[str], *, slider: bool = False
) -> go.Figure:
    """Probabilities over time, stacked, with the predicted class of each window as a dot above.

    Hollow where it is uncertain, a cross where the window is unlike the training. The dots can be
    clicked; their `customdata` is (start of the window in seconds, predicted class, confidence in
    percent, note on uncertainty and training).

    Args:
        table: A row a window, as `ser_core.inference.timeline` gives it.
        classes: Emotions in the order of the stack.
        slider: Whether all of a long recording is drawn once more below, small, to zoom in by.
    """
    figure = go.Figure()
    middle = ((table["start"] + table["end"]) / 2).tolist()
    for name in classes:
        figure.add_scatter(
            x=middle,
            y=100 * np.nan_to_num(table[f"p_{name}"].to_numpy(dtype=float)),
            stackgroup="all",
            mode="lines",
            name=name,
            line={"width": 0.5, "color": emotion_color(name)},
            fillcolor=emotion_color(name),
            hovertemplate=f"{name} %{{y:.0f}} %<extra></extra>",
        )
    figure.add_trace(_predictions(table, middle))
    figure.update_layout(base_layout(height=330, name="timeline", legend=True))
    figure.update_layout(hovermode="x", clickmode="event+select", hoverdistance=60)
    figure.update_xaxes(
        title="Middle of the window (s)",
        range=[0, float(table["end"].max())],
        automargin=True,
        zeroline=False,
    )
    figure.update_yaxes(
        title="Probability (%)", range=[0, 112], tickvals=[0, 25, 50, 75, 100], zeroline=False
    )
    if slider:
        _slide(figure)
    return figure


def _slide(figure: go.Figure) -> None:
    figure.update_layout(dragmode="zoom", height=figure.layout.height + 60)
    figure.update_xaxes(rangeslider={"visible": True, "thickness": 0.12})


def turns_figure(table: pd.DataFrame) -> go.Figure:
    """Turns over time, a row a speaker, in the colours of the predicted emotions.

    Where no speaker is named there is one row, without a name.

    The bars can be clicked; their `customdata` is that of the dots of `timeline_figure`. Uncertain
    ones are pale, those unlike the training hatched.

    Args:
        table: A row a turn, as `ser_core.inference.turns.predict_turns` gives it.
    """
    figure = go.Figure()
    known = table[table["answer"] != ""]
    speakers = sorted({str(name) for name in table["speaker"]})
    for emotion, rows in known.groupby("answer", sort=True):
        figure.add_bar(
            base=rows["start"],
            x=rows["end"] - rows["start"],
            y=[name or "speech" for name in rows["speaker"]],
            orientation="h",
            name=str(emotion),
            customdata=_about(rows),
            marker={
                "color": emotion_color(str(emotion)),
                "opacity": [0.45 if unsure else 1.0 for unsure in rows["uncertain"]],
                "pattern": {"shape": ["/" if unlike else "" for unlike in _unlike(rows)]},
                "line": {"width": 0},
            },
            hovertemplate="from %{customdata[0]:.1f} s: %{customdata[1]}, %{customdata[2]:.0f} %"
            "%{customdata[3]}<extra></extra>",
        )
    height = 190 + 34 * len(speakers)
    figure.update_layout(base_layout(height=height, name="turns", legend=True))
    figure.update_layout(barmode="overlay", bargap=0.3, clickmode="event+select")
    figure.update_xaxes(title="Time (s)", automargin=True, zeroline=False)
    figure.update_yaxes(automargin=True, showgrid=False, autorange="reversed", type="category")
    if not any(speakers):
        figure.update_yaxes(showticklabels=False)
    _slide(figure)
    return figure


def _predictions(table: pd.DataFrame, middle: Sequence[float]) -> go.Scatter:
    known = (table["answer"] != "").to_numpy()
    rows = table[known]
    return go.Scatter(
        x=np.asarray(middle)[known],
        y=np.full(int(known.sum()), ABOVE),
        customdata=_about(rows),
        mode="markers",
        marker={
            "size": 11,
            "symbol": [
                ("x" if unlike else "circle") + ("-open" if unsure else "")
                for unsure, unlike in zip(rows["uncertain"], _unlike(rows), strict=True)
            ],
            "color": [emotion_color(name) for name in rows["answer"]],
            "line": {"width": 1.5},
        },
        showlegend=False,
        hovertemplate="from %{customdata[0]:.1f} s: %{customdata[1]}, %{customdata[2]:.0f} %"
        "%{customdata[3]}<extra></extra>",
    )


def _about(rows: pd.DataFrame) -> list[tuple[float, str, float, str]]:
    """Start, predicted class, confidence in percent and note of each row."""
    return [
        (start, predicted, 100 * sure, ", uncertain" * unsure + ", unlike training" * unlike)
        for start, predicted, sure, unsure, unlike in zip(
            rows["start"],
            rows["answer"],
            rows["confidence"],
            rows["uncertain"],
            _unlike(rows),
            strict=True,
        )
    ]


def _unlike(rows: pd.DataFrame) -> list[bool]:
    """Whether each row is unlike the training; no row where that is not known."""
    return [bool(each) for each in rows.get("unlike_training", [False] * len(rows))]


def distribution_figure(
    table: pd.DataFrame, classes: Sequence[str], training: Mapping[str, float] | None = None
) -> go.Figure:
    """Number of recordings by predicted emotion, uncertain ones hollow on top.

    Args:
        table: A row a recording, as `ser_core.inference.classify.classify` gives it.
        classes: Emotions in order.
        training: Share of each emotion among labelled clips, 0 to 1; drawn as a line at the
            number of recordings that this share would be.
    """
    figure = go.Figure()
    for unsure in (False, True):
        rows = table[(table["answer"] != "") & (table["uncertain"] == unsure)]
        counts = rows["answer"].value_counts().reindex(list(classes), fill_value=0)
        if unsure and not counts.sum():
            continue
        colors = [emotion_color(name) for name in classes]
        figure.add_bar(
            x=list(classes),
            y=counts.to_numpy(),
            name="uncertain" if unsure else "confident",
            marker={
                "color": "rgba(0,0,0,0)" if unsure else colors,
                "line": {"width": 2 if unsure else 0, "color": colors},
            },
            hovertemplate="%{y:,} "
            + ("uncertain" if unsure else "confident")
            + " of %{x}<extra></extra>",
        )
    if training:
        total = int((table["answer"] != "").sum())
        shares = [training.get(name, 0.0) for name in classes]
        figure.add_scatter(
            x=list(classes),
            y=[total * share for share in shares],
            customdata=[100 * share for share in shares],
            name="share in training",
            mode="markers",
            marker={
                "symbol": "line-ew",
                "size": 34,
                "line": {"width": 3, "color": NO_EMOTION},
            },
            hovertemplate="%{customdata:.0f} % of the labelled clips are %{x}<extra></extra>",
        )
    highest = max([0, *table.loc[table["answer"] != "", "answer"].value_counts()])
    figure.update_layout(base_layout(height=260, name="distribution"), barmode="stack", bargap=0.25)
    figure.update_yaxes(
        title="Recordings", zeroline=False, automargin=True, **whole_numbers(highest)
    )
    figure.update_xaxes(automargin=True, showgrid=False)
    return figure
