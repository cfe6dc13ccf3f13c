"""A corpus at a glance: how long, how many, how loud, how high."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from pages.components import theme
from pages.corpus import corpus_scan
from ser_core.plots.corpus import counts_figure, durations_figure, spread_figure

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from pages.components.selection import Active


def show(active: Active) -> None:
    """Four figures; the last two need the clips to be measured."""
    clips = active.corpus.usable
    left, right = st.columns(2)
    with left:
        _card("Clip duration", durations_figure(clips), "durations")
    with right:
        _card("Clips by emotion and speaker", counts_figure(clips), "counts")
    found = corpus_scan.measures(active, "level and pitch of each emotion")
    if found is None:
        return
    measured = clips.join(found[["rms_db", "f0", "peak", "clipped"]])
    left, right = st.columns(2)
    with left:
        figure = spread_figure(measured, "rms_db", title="Level", unit="dBFS")
        help_ = "Mean power (RMS) of a clip in dB of full scale: 0 is the loudest possible."
        _card("Level", figure, "loudness", help_)
    with right:
        figure = spread_figure(measured, "f0", title="Pitch", unit="Hz")
        help_ = (
            "Fundamental frequency (F0), median over a clip's voiced frames. Women and men differ "
            "more than emotions do."
        )
        _card("Pitch", figure, "pitch", help_)
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


def _card(title: str, figure: go.Figure, key: str, help_: str | None = None) -> None:
    with st.container(border=True):
        st.markdown(f"**{title}**", help=help_)
        theme.figure(figure, key=f"overview-{key}")
