"""Figures of a corpus: how long, how many, how loud, how high."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from ser_core.corpora import PARTS, UNUSED, ordered
from ser_core.plots import cells
from ser_core.plots.palette import NO_EMOTION, NO_LABEL, emotion_color
from ser_core.plots.theme import finish, whole_numbers

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_WRITTEN_CELLS = 400  # more numbers than this in one plot cannot be read


def _by_emotion(clips: pd.DataFrame) -> Iterator[tuple[str, str, pd.DataFrame]]:
    """Name, colour and rows of each emotion that occurs, in the order of the vocabulary."""
    for emotion in ordered(clips["emotion"].dropna()):
        yield emotion, emotion_color(emotion), clips[clips["emotion"] == emotion]
    unlabelled = clips[clips["emotion"].isna()]
    if len(unlabelled):
        yield NO_LABEL, NO_EMOTION, unlabelled


def _names(present: Iterable[str]) -> list[str]:
    """Classes in order, and clips without a label after them."""
    found = list(present)
    named = ordered(name for name in found if name != NO_LABEL)
    return [*named, NO_LABEL] if NO_LABEL in found else named


def durations_figure(clips: pd.DataFrame, *, height: int = 320) -> go.Figure:
    """How many clips of each emotion are how long (s), stacked.

    `customdata` of a bar is (its span in words, emotion, low and high end in s).
    """
    known = clips.dropna(subset=["duration"])
    figure = go.Figure(layout={"barmode": "stack", "bargap": 0.04})
    if known.empty:
        return finish(figure, height=height, name="durations")
    durations = known["duration"].to_numpy(dtype=float)
    width = _round_step(np.ptp(durations), min(40, max(8, int(len(known) ** 0.5))))
    # The last edge lies beyond the longest clip: each bar holds its lower edge, not its upper one.
    last = np.floor(durations.max() / width + 1e-9) + 2
    edges = width * np.arange(durations.min() // width, last)
    middles = (edges[:-1] + edges[1:]) / 2
    spans = [(f"{a:.2f} to {b:.2f} s", a, b) for a, b in itertools.pairwise(edges.tolist())]
    for name, color, rows in _by_emotion(known):
        counts, _ = np.histogram(rows["duration"].to_numpy(dtype=float), bins=edges)
        figure.add_bar(
            x=middles,
            y=counts,
            width=width * 0.96,
            name=name,
            marker={"color": color, "line": {"width": 0}},
            customdata=[(span, name, low, high) for span, low, high in spans],
            selected={"marker": {"opacity": 1}},
            unselected={"marker": {"opacity": 1}},
            hovertemplate=f"{name}, %{{customdata[0]}}<br>%{{y}} clips<extra></extra>",
        )
    figure.update_xaxes(title="Duration (s)", dtick=_round_step(np.ptp(edges), 8), tick0=0)
    highest, _ = np.histogram(known["duration"].to_numpy(dtype=float), bins=edges)
    figure.update_yaxes(title="Clips", **whole_numbers(int(highest.max(initial=0))))
    return finish(figure, height=height, name="durations", legend=True)


def _round_step(span: float, steps: int) -> float:
    """Size of about so many steps over a span, rounded to 1, 2 or 5 times a power of ten.

    >>> [_round_step(span, 10) for span in (1.9, 3.1, 12.0, 0.0)]
    [0.2, 0.5, 1.0, 0.1]
    """
    exact = span / steps or 0.1
    power = 10.0 ** np.floor(np.log10(exact))
    return float(next(factor for factor in (1, 2, 5, 10) if factor * power >= 0.8 * exact) * power)


def counts_figure(clips: pd.DataFrame, *, height: int = 320) -> go.Figure:
    """Number of clips for each emotion (rows) and speaker (columns).

    Plotly reports no selection on heatmaps, so an invisible marker lies on every cell; its
    `customdata` is (emotion, speaker).
    """
    counts = pd.crosstab(
        clips["emotion"].astype(object).fillna(NO_LABEL),
        clips["speaker"].astype(object).fillna("not named"),
    )
    names = _names(counts.index)
    counts = counts.loc[names[::-1]]
    write = counts.size <= _WRITTEN_CELLS
    figure = go.Figure(
        go.Heatmap(
            z=counts.where(counts > 0),
            x=[str(speaker) for speaker in counts.columns],
            y=counts.index,
            colorscale=cells.COUNTS,
            zmin=0,
            xgap=2,
            ygap=2,
            showscale=not write,
            colorbar={"title": "Clips", "thickness": 12},
            hoverinfo="skip",
        )
    )
    figure.add_trace(_cell_markers(counts))
    figure.update_layout(hovermode="closest", clickmode="event+select")
    if write:
        cells.write(
            figure,
            (
                (str(who), str(name), str(n))
                for name, row in counts.iterrows()
                for who, n in row.items()
            ),
        )
    figure.update_xaxes(title="Speaker", type="category", showgrid=False)
    figure.update_yaxes(type="category", showgrid=False)
    return finish(figure, height=height, name="clips-by-speaker")


def _cell_markers(counts: pd.DataFrame) -> go.Scatter:
    about = [(str(name), str(who)) for name in counts.index for who in counts.columns]
    unseen = {"marker": {"opacity": 0}}
    return go.Scatter(
        x=[who for _, who in about],
        y=[name for name, _ in about],
        customdata=about,
        mode="markers",
        marker={"size": 26, "symbol": "square", "opacity": 0},
        selected=unseen,
        unselected=unseen,
        showlegend=False,
        text=[f"{n} clips" for n in counts.to_numpy().ravel()],
        hovertemplate="%{customdata[0]}, speaker %{customdata[1]}<br>%{text}<extra></extra>",
    )


def spread_figure(
    clips: pd.DataFrame, column: str, *, title: str, unit: str, height: int = 320
) -> go.Figure:
    """Spread of a measured quantity within each emotion: median, quartiles, range, outliers.

    `customdata` of an outlier is its clip.

    Args:
        clips: `Corpus.clips` joined with the columns of a scan.
        column: The measured column; rows where it is missing are left out.
        title: Name of the quantity.
        unit: Its unit.
        height: In pixels.
    """
    figure = go.Figure()
    known = clips.dropna(subset=[column])
    for name, color, rows in _by_emotion(known):
        figure.add_box(
            y=rows[column].to_numpy(dtype=float),
            name=name,
            marker={"color": color, "size": 3, "opacity": 0.5},
            line={"width": 1.5},
            text=[f"{clip}" for clip in rows.index],
            customdata=[f"{clip}" for clip in rows.index],
            selected={"marker": {"opacity": 0.5}},
            unselected={"marker": {"opacity": 0.5}},
            boxpoints="outliers",
            hovertemplate=f"%{{text}}<br>%{{y:.1f}} {unit}<extra></extra>",
        )
    figure.update_yaxes(title=f"{title} ({unit})")
    figure.update_xaxes(showgrid=False)
    return finish(figure, height=height, name=column)


def parts_figure(emotions: pd.Series, parts: pd.Series, *, height: int = 260) -> go.Figure:
    """Share of each emotion in each part of a split, as stacked bars that name the counts.

    Args:
        emotions: Emotion of each clip, indexed by clip.
        parts: Part of each clip, indexed by clip: a column of `Split.table`.
        height: In pixels.
    """
    table = pd.crosstab(parts, emotions.reindex(parts.index).astype(object).fillna(NO_LABEL))
    table = table.loc[[part for part in (*PARTS, UNUSED) if part in table.index][::-1]]
    totals = table.sum(axis=1)
    figure = go.Figure(layout={"barmode": "stack"})
    for name in _names(table.columns):
        figure.add_bar(
            y=[f"{part} ({totals[part]:,})" for part in table.index],
            x=100 * table[name] / totals,
            customdata=table[name],
            name=name,
            orientation="h",
            marker={"color": emotion_color(name), "line": {"width": 0}},
            text=table[name],
            textposition="inside",
            insidetextanchor="middle",
            textangle=0,
            hovertemplate=f"{name}<br>%{{customdata}} clips, %{{x:.1f}} %<extra></extra>",
        )
    figure.update_xaxes(title="Share of the part's clips (%)", range=[0, 100], showgrid=False)
    return finish(figure, height=height, name="split", legend=True)
