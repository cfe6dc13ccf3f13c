"""A corpus at a glance, in charts that are linked with the table: length, number, level, pitch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from pages.components import selection, theme
from pages.corpus import corpus_scan, filters
from ser_core.plots.corpus import counts_figure, durations_figure, spread_figure
from ser_core.plots.palette import NO_LABEL

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd
    import plotly.graph_objects as go

    from pages.components.selection import Active

DURATIONS, COUNTS, LEVEL, PITCH = (
    f"overview-{name}" for name in ("durations", "counts", "loudness", "pitch")
)


def show(active: Active) -> None:
    """Four figures of the clips that meet the filters; the last two need them to be measured."""
    found = filters.show(active)
    clips = filters.usable(found)
    if clips.empty:
        st.info("No labelled clip meets the filters. Remove one.")
        return
    left, right = st.columns(2)
    with left:
        help_ = "Click a bar to see its clips in the table."
        figure = durations_figure(clips)
        _card("Clip duration", figure, DURATIONS, help_, lambda: _bar_clicked(active, clips))
    with right:
        help_ = "Click a cell to see its clips in the table."
        _card("Clips by emotion and speaker", counts_figure(clips), COUNTS, help_, _cell_clicked)
    _measured(active, clips)


def _measured(active: Active, clips: pd.DataFrame) -> None:
    found = corpus_scan.measures(active, "level and pitch of each emotion")
    if found is None:
        return
    measured = clips.join(found[["rms_db", "f0", "peak", "clipped"]])
    left, right = st.columns(2)
    with left:
        figure = spread_figure(measured, "rms_db", title="Level", unit="dBFS")
        help_ = (
            "Mean power (RMS) of a clip in dB of full scale: 0 is the loudest possible. Click an "
            "outlier to play it."
        )
        _card("Level", figure, LEVEL, help_, lambda: _outlier_clicked(LEVEL))
    with right:
        figure = spread_figure(measured, "f0", title="Pitch", unit="Hz")
        help_ = (
            "Fundamental frequency (F0), median over a clip's voiced frames. Women and men differ "
            "more than emotions do. Click an outlier to play it."
        )
        _card("Pitch", figure, PITCH, help_, lambda: _outlier_clicked(PITCH))
    measures = found.drop(columns="fingerprint").rename(
        columns={name: f"{name}_measured" for name in found if name in clips}
    )
    st.download_button(
        "Download the measurements as CSV",
        lambda: clips.join(measures).to_csv().encode(),
        file_name=f"{active.corpus.name}-measurements.csv",
        mime="text/csv",
        on_click="ignore",
    )


def _card(
    title: str, figure: go.Figure, key: str, help_: str, on_select: Callable[[], None]
) -> None:
    with st.container(border=True):
        st.markdown(f"**{title}**", help=help_)
        theme.figure(figure, key=key, on_select=on_select)


def _clicked(key: str) -> Any:
    """What lies behind the point that was clicked; None where none was."""
    state: Any = st.session_state[key]
    points = state["selection"]["points"]
    return points[0].get("customdata") if points else None


def _bar_clicked(active: Active, clips: pd.DataFrame) -> None:
    found = _clicked(DURATIONS)
    if found is None:
        return
    span, emotion, low, high = found
    within = clips["duration"].between(low, high, inclusive="left")
    within &= clips["emotion"].fillna(NO_LABEL) == emotion
    filters.choose(active, list(clips.index[within]), f"of {emotion}, {span}")
    filters.show_table()


def _cell_clicked() -> None:
    found = _clicked(COUNTS)
    if found is not None:
        filters.show_table(emotion=[found[0]], speaker=[found[1]])


def _outlier_clicked(key: str) -> None:
    clip = _clicked(key)
    if clip is not None:
        selection.choose(clip=clip if isinstance(clip, str) else clip[0])
        filters.show_table()
