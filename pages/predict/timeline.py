"""The timeline: predictions for windows that slide over a recording."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import streamlit as st

from pages.components import downloads, enrolment, model_loading, theme
from pages.predict import unlike_training
from ser_core import audio
from ser_core.core import count
from ser_core.inference.classify import LONG
from ser_core.inference.prediction_files import signed
from ser_core.inference.timeline import Windows, timeline
from ser_core.plots.predict import timeline_figure

if TYPE_CHECKING:
    import pandas as pd

    from pages.components.clip_source import SelectedSound
    from ser_core.audio import Waveform
    from ser_core.inference.catalogue import ModelInfo
    from ser_core.inference.classify import EnrolledSpeaker, InferenceModel
    from ser_core.models.predictor import SpeakerStatistics


def show(
    info: ModelInfo,
    model: InferenceModel,
    shown: SelectedSound,
    wave: Waveform,
    enrolled: EnrolledSpeaker | None,
) -> None:
    """A switch; below it controls, the figure, and a player that begins where one clicks."""
    wanted = st.toggle(
        "Timeline",
        value=wave.duration > LONG,
        key=f"timeline-{wave.duration > LONG}",
        help="Predictions for windows that slide over the recording.",
    )
    if not wanted:
        return
    windows = _controls()
    if wave.duration <= windows.window:
        st.caption(
            f"The recording ({wave.duration:.1f} s) fits into one window of {windows.window:g} "
            "s, so the prediction above covers it. Choose a shorter window."
        )
        return
    table = _table(info, model, shown, wave, windows, enrolled.statistics if enrolled else None)
    figure = timeline_figure(table, model.classes)
    state = theme.figure(figure, key="timeline", on_select="rerun")
    picked = [
        point["customdata"] for point in state["selection"]["points"] if "customdata" in point
    ]
    unlike_training.warn(model, table, "window", "crosses")
    start = float(picked[0][0]) if picked else 0.0
    st.audio(audio.to_wav(wave), format="audio/wav", start_time=start)
    with downloads.row():
        silent = int((table["problem"] != "").sum())
        quiet = f", {silent:,} of them silent" if silent else ""
        st.caption(
            f"{count(len(table), 'window')}{quiet}. Click a dot to play from there.",
            width="content",
        )
        name = f"{shown.stem}-timeline.csv"
        text = signed(table, model, enrolled).to_csv(index=False)
        downloads.button("Download as CSV", name, "text/csv", lambda: text, "One row per window")


def _controls() -> Windows:
    """Window and hop, from the fields' own bounds."""
    values = {}
    with st.container(horizontal=True):
        for field in dataclasses.fields(Windows):
            rule = field.metadata
            values[field.name] = st.number_input(
                f"{field.name.capitalize()} ({rule['unit']})",
                rule["low"],
                rule["high"],
                float(str(field.default)),
                step=0.5,
                key=f"timeline-{field.name}",
                bind="query-params",
                help=rule["help"],
                width=150,
            )
    return Windows(**values)


def _table(
    info: ModelInfo,
    model: InferenceModel,
    shown: SelectedSound,
    wave: Waveform,
    windows: Windows,
    speaker: SpeakerStatistics | None,
) -> pd.DataFrame:
    enrolment_key = enrolment.fingerprint() if speaker else ""
    key = ("timeline", info.folder, info.changed, shown.fingerprint, windows, enrolment_key)

    def make() -> pd.DataFrame:
        with model_loading.progress("Predicting windows") as report:
            return timeline(model, wave, windows, speaker, report)

    found: pd.DataFrame = model_loading.cached(key, make)
    return found
