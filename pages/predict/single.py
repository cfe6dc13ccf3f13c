"""One recording: the prediction for all of it, and its timeline."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from pages.components import clip_source, dock, enrolment, model_loading, single_prediction
from pages.predict import feedback_form, timeline
from ser_core.inference.classify import LONG

if TYPE_CHECKING:
    from pages.components.selection import Active
    from ser_core.inference.catalogue import ModelInfo
    from ser_core.inference.classify import InferenceModel


def show(info: ModelInfo, model: InferenceModel, active: Active) -> None:
    """The prediction for the sound of the dock, and its timeline."""
    _own_sound()
    found = single_prediction.current_sound(model)
    if found is None:
        return
    shown, wave = found
    model = model_loading.for_speaker(shown.speaker, info, model, active.corpus)
    left, right = st.columns([3, 2], gap="medium")
    with left:
        row = single_prediction.show(info, model, shown, wave, has_panel=True)
    with right, st.container(border=True):
        single_prediction.show_label(shown, info, active)
        feedback_form.show(shown, row, model, info)
    if wave.duration > LONG:
        st.caption(
            f"One prediction for {wave.duration:.0f} s says little: the timeline shows how "
            "it changes."
        )
    timeline.show(info, model, shown, wave, enrolment.enrolled_speaker(info, model))


def _own_sound() -> None:
    """Ways to a sound of one's own; the field for it opens in the dock."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        for label, source in (
            ("Record a sentence", clip_source.MICROPHONE),
            ("Upload a file", clip_source.UPLOAD),
        ):
            st.button(
                label,
                key=f"own-{source}",
                on_click=dock.ask_for,
                args=(source,),
            )
