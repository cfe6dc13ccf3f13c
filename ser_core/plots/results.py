"""Figures of a training: confusion, intervals, calibration, learning curves, one prediction."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from ser_core.plots import cells
from ser_core.plots.palette import ACCENT, NO_EMOTION, emotion_color
from ser_core.plots.theme import base_layout, finish

if TYPE_CHECKING:
    import pandas as pd

    from ser_core.evaluation import Interval

MARK = "#e0682f"
"""For what is marked: the best epoch, the chosen cell. Legible on both backgrounds."""

CELL = 44
"""Pixels of the invisible markers that make the cells of the confusion matrix clickable."""


def confusion_figure(
    counts: pd.DataFrame, *, normalised: bool = False, chosen: tuple[str, str] | None = None
) -> go.Figure:
    """Confusion matrix: true emotions down, predicted ones across.

    Plotly reports no selection on heatmaps, so an invisible marker lies on every cell; its
    `customdata` is (true, predicted, clips, share).

    Args:
        counts: Clips by true (rows) and predicted emotion (columns).
        normalised: Whether to colour and write the share of each true emotion, in percent.
        chosen: True and predicted emotion of the cell to frame.
    """
    values = counts.to_numpy()
    totals = values.sum(axis=1, keepdims=True)
    shares = np.divide(100 * values, totals, out=np.full(values.shape, np.nan), where=totals > 0)
    shown = shares if normalised else values.astype(float)
    figure = go.Figure(
        go.Heatmap(
            z=np.where(values > 0, shown, np.nan),
            x=counts.columns,
            y=counts.index,
            colorscale=cells.COUNTS,
            zmin=0,
            zmax=100 if normalised else None,
            xgap=2,
            ygap=2,
            showscale=False,
            hoverinfo="skip",
        )
    )
    figure.add_trace(_markers(counts, shares))
    cells.write(figure, _written(counts, shares, normalised=normalised), size=13)
    figure.update_layout(hoverdistance=-1, hovermode="closest", clickmode="event+select")
    last = len(counts) - 0.5
    figure.update_xaxes(title="Answer", type="category", showgrid=False, range=[-0.5, last])
    figure.update_yaxes(title="True emotion", type="category", showgrid=False, range=[last, -0.5])
    if chosen is not None:
        _frame(figure, list(counts.index).index(chosen[0]), list(counts.columns).index(chosen[1]))
    return finish(figure, height=90 + 54 * len(counts), name="confusion")


def _written(
    counts: pd.DataFrame, shares: Any, *, normalised: bool
) -> Iterator[tuple[str, str, str]]:
    """Predicted emotion, true emotion and text of every cell that holds a clip."""
    values = counts.to_numpy(int)
    for row, column in zip(*np.nonzero(values), strict=True):
        value, share = values[row, column], shares[row, column]
        text = f"{share:.0f} %" if normalised else f"{value:,}"
        yield str(counts.columns[column]), str(counts.index[row]), text


def _markers(counts: pd.DataFrame, shares: Any) -> go.Scatter:
    about = [
        (
            true,
            predicted,
            int(counts.loc[true, predicted]),
            float(np.nan_to_num(shares[row, column])),
        )
        for row, true in enumerate(counts.index)
        for column, predicted in enumerate(counts.columns)
    ]
    unseen = {"marker": {"opacity": 0}}
    return go.Scatter(
        x=[predicted for _, predicted, *_ in about],
        y=[true for true, *_ in about],
        customdata=about,
        mode="markers",
        marker={"size": CELL, "symbol": "square", "opacity": 0},
        selected=unseen,
        unselected=unseen,
        showlegend=False,
        hovertemplate="%{customdata[0]} predicted as %{customdata[1]}<br>%{customdata[2]} clips, "
        "%{customdata[3]:.1f} % of %{customdata[0]}<extra></extra>",
    )


def _frame(figure: go.Figure, row: int, column: int) -> None:
    edges = {"x0": column - 0.5, "x1": column + 0.5, "y0": row - 0.5, "y1": row + 0.5}
    figure.add_shape(type="rect", **edges, line={"color": MARK, "width": 3})


@dataclass(frozen=True)
class Row:
    """A line of `intervals_figure`.

    Attributes:
        label: At its left.
        interval: What is drawn.
        color: Of the point.
        note: Behind the label's value when the pointer is on it.
        filled: Whether the point is: a hollow one is a figure to be read with care.
        badge: What the figure wears, where the figure as a whole wears none.
    """

    label: str
    interval: Interval
    color: str = ACCENT
    note: str = ""
    filled: bool = True
    badge: str = ""


def emotion_rows(intervals: Mapping[str, Interval]) -> list[Row]:
    """Rows of figures by emotion, in the colours of the emotions."""
    return [Row(name, found, emotion_color(name)) for name, found in intervals.items()]


def intervals_figure(
    rows: Sequence[Row],
    *,
    title: str,
    chance: float | None = None,
    limits: tuple[float, float] = (0.0, 1.0),
    zero: str = "chance",
) -> go.Figure:
    """Figures with their 95 % intervals, one above the other on one scale.

    Args:
        rows: From the top down.
        title: Of the axis.
        chance: Where to draw the line of chance level.
        limits: Ends of the axis.
        zero: What that line is called.
    """
    figure = go.Figure()
    positions = list(range(len(rows)))
    for position, row in zip(positions, rows, strict=True):
        if row.interval.value is not None:
            figure.add_trace(_interval(position, row))
    figure.update_layout(base_layout(height=76 + 34 * max(1, len(rows)), name=title))
    figure.update_xaxes(title=title, automargin=True, zeroline=False, range=list(limits))
    figure.update_yaxes(
        automargin=True,
        zeroline=False,
        tickvals=positions,
        ticktext=[row.label for row in rows],
        range=[len(rows) - 0.4, -0.6],
        showgrid=False,
    )
    if chance is not None:
        figure.add_vline(
            x=chance,
            line={"dash": "dot", "width": 1, "color": NO_EMOTION},
            annotation={"text": zero, "font": {"size": 11}, "yanchor": "bottom", "y": 0.99},
            annotation_position="top",
        )
        figure.update_layout(margin={"t": 26})
    return figure


def _interval(position: int, row: Row) -> go.Scatter:
    found = row.interval
    value = found.value or 0.0
    bars = None
    if found.low is not None and found.high is not None:
        ends = {"array": [found.high - value], "arrayminus": [value - found.low]}
        bars = {"type": "data", "symmetric": False, "thickness": 2, "width": 5, **ends}
    note = f"<br>{row.note}" if row.note else ""
    return go.Scatter(
        x=[value],
        y=[position],
        error_x=bars,
        mode="markers",
        marker={
            "size": 10,
            "color": row.color,
            "symbol": "circle" if row.filled else "circle-open",
            "line": {"width": 2, "color": row.color},
        },
        cliponaxis=False,  # a perfect figure stands on the edge
        showlegend=False,
        hovertemplate=f"{row.label}: {found}{note}<extra></extra>",
    )


def reliability_figure(curve: Sequence[Mapping[str, Any]]) -> go.Figure:
    """Accuracy against confidence, with the share of clips in each bin below.

    Args:
        curve: A row a bin, as `Report.reliability`.
    """
    bins = [row for row in curve if row["n"]]
    figure = make_subplots(2, 1, shared_xaxes=True, row_heights=[0.78, 0.22], vertical_spacing=0.06)
    figure.add_scatter(
        x=[0, 1], y=[0, 1], mode="lines", hoverinfo="skip",
        line={"dash": "dot", "width": 1.5, "color": NO_EMOTION}, row=1, col=1,
    )  # fmt: skip
    accuracy = np.array([row["accuracy"] for row in bins], dtype=float)
    low, high = (np.array([r[f"accuracy_{e}"] for r in bins], dtype=float) for e in ("low", "high"))
    figure.add_scatter(
        x=[row["confidence"] for row in bins],
        y=accuracy,
        error_y={"array": high - accuracy, "arrayminus": accuracy - low, "thickness": 1.5},
        mode="lines+markers",
        line={"color": ACCENT, "width": 2},
        marker={"size": 7},
        customdata=[row["n"] for row in bins],
        hovertemplate="confidence %{x:.2f}<br>accuracy %{y:.2f}<br>%{customdata:,} clips"
        "<extra></extra>",
        row=1,
        col=1,
    )
    total = sum(row["n"] for row in curve) or 1
    figure.add_bar(
        x=[(row["low"] + row["high"]) / 2 for row in curve],
        y=[100 * row["n"] / total for row in curve],
        width=[0.94 * (row["high"] - row["low"]) for row in curve],
        marker={"color": ACCENT, "opacity": 0.55, "line": {"width": 0}},
        hovertemplate="%{y:.1f} % of the clips<extra></extra>",
        row=2,
        col=1,
    )
    figure.update_yaxes(title="Accuracy", range=[0, 1.02], row=1, col=1)
    figure.update_yaxes(title="Clips (%)", row=2, col=1)
    figure.update_xaxes(range=[0, 1])
    figure.update_xaxes(title="Confidence", row=2, col=1)
    return finish(figure, height=430, name="reliability")


CURVES: dict[str, tuple[tuple[str, str, str], ...]] = {
    "Loss": (("train_loss", "training", NO_EMOTION), ("val_loss", "validation", "#3b6fd1")),
    "Validation score": (("val_uar", "UAR", ACCENT), ("val_wa", "WA", "#8a63d2")),
}
"""The two panels of a course: name in the history, name for people, colour."""


def course_figure(
    history: Sequence[Mapping[str, float]], *, best_epoch: int, epochs: int | None = None
) -> go.Figure:
    """Losses and scores by epoch, with the best and the last epoch marked.

    Args:
        history: One mapping an epoch.
        best_epoch: The epoch whose weights are used, counted from 1; 0 for none yet.
        epochs: Epochs in all, while it is still under way.
    """
    figure = make_subplots(1, 2, subplot_titles=list(CURVES), horizontal_spacing=0.1)
    figure.update_annotations(font={"size": 12}, x=0, xanchor="left")
    figure.layout.annotations[1].x = 0.55
    numbers = [each["epoch"] for each in history]
    for column, lines in enumerate(CURVES.values(), start=1):
        for key, label, color in lines:
            values = [each[key] for each in history]
            figure.add_scatter(
                x=numbers,
                y=values,
                mode="lines+markers" if len(numbers) < 30 else "lines",
                name=label,
                line={"color": color, "width": 2},
                marker={"size": 5},
                hovertemplate=f"epoch %{{x}}<br>{label} %{{y:.3f}}<extra></extra>",
                row=1,
                col=column,
            )
        _mark_epochs(figure, history, best_epoch, lines[-1 if column == 1 else 0][0], column)
    last = epochs or len(history)
    pad = max(0.3, 0.03 * last)
    figure.update_xaxes(title="Epoch", range=[1 - pad, last + pad], tickformat="d")
    figure.update_xaxes(dtick=1 if last <= 12 else None)
    finish(figure, height=320, name="course", legend=True)
    figure.update_layout(
        margin={"t": 30},
        legend={"y": -0.28, "yanchor": "top"},
    )
    return figure


def courses_figure(courses: Mapping[str, Sequence[Sequence[Mapping[str, float]]]]) -> go.Figure:
    """Validation UAR by epoch of several results over each other.

    Args:
        courses: By name of the result, the history of each of its trainings. The line is their
            mean over the trainings that reached the epoch.
    """
    figure = go.Figure()
    for name, histories in courses.items():
        by_epoch: dict[float, list[float]] = {}
        for history in histories:
            for each in history:
                by_epoch.setdefault(each["epoch"], []).append(each["val_uar"])
        figure.add_scatter(
            x=sorted(by_epoch),
            y=[float(np.mean(by_epoch[epoch])) for epoch in sorted(by_epoch)],
            mode="lines+markers" if len(by_epoch) < 30 else "lines",
            name=name,
            marker={"size": 5},
            hovertemplate=f"{name}<br>epoch %{{x}}<br>UAR %{{y:.3f}}<extra></extra>",
        )
    figure.update_xaxes(title="Epoch", tickformat="d")
    figure.update_yaxes(title="Validation UAR")
    finish(figure, height=320, name="courses", legend=True)
    return figure


def _mark_epochs(
    figure: go.Figure,
    history: Sequence[Mapping[str, float]],
    best_epoch: int,
    key: str,
    column: int,
) -> None:
    marks = {"best epoch": (best_epoch, "star", 13), "last": (len(history), "diamond-open", 10)}
    for label, (epoch, symbol, size) in marks.items():
        if 1 <= epoch <= len(history):
            figure.add_scatter(
                x=[epoch],
                y=[history[epoch - 1][key]],
                mode="markers",
                name=label,
                showlegend=column == 2,
                marker={"symbol": symbol, "size": size, "color": MARK, "line": {"width": 2}},
                hovertemplate=f"{label}: epoch %{{x}}<br>%{{y:.3f}}<extra></extra>",
                row=1,
                col=column,
            )


def prediction_figure(probabilities: Mapping[str, float], *, true: str) -> go.Figure:
    """All probabilities of one clip as bars, in the colours of the emotions.

    Args:
        probabilities: By emotion.
        true: The true emotion, marked in the labels.
    """
    names = list(probabilities)
    figure = go.Figure(
        go.Bar(
            x=[100 * value for value in probabilities.values()],
            y=[f"<b>{name}</b>" if name == true else name for name in names],
            orientation="h",
            marker={"color": [emotion_color(name) for name in names], "line": {"width": 0}},
            text=[
                f"{100 * value:.0f} %{' · true' if name == true else ''}"
                for name, value in probabilities.items()
            ],
            textposition="outside",
            cliponaxis=False,
            hovertemplate="%{y}: %{x:.1f} %<extra></extra>",
        )
    )
    figure.update_layout(base_layout(height=24 + 24 * len(names), name="answer"))
    figure.update_xaxes(range=[0, 125], visible=False)
    figure.update_yaxes(automargin=True, autorange="reversed", showgrid=False)
    return figure
