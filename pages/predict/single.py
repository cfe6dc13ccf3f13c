"""One recording: the prediction for all of it, and its timeline."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit as st

from pages.components import (
    enrolment,
    model_loading,
    navigation,
    single_prediction,
)
from pages.predict import feedback_form, timeline
from ser_core.inference.catalogue import EXPORTED
from ser_core.inference.classify import LONG

if TYPE_CHECKING:
    import pandas as pd

    from pages.components.clip_source import SelectedSound
    from pages.components.selection import Active
    from ser_core.inference.catalogue import ModelInfo
    from ser_core.inference.classify import InferenceModel


def show(info: ModelInfo, model: InferenceModel, active: Active) -> None:
    """Choose a sound, and see its prediction and timeline."""
    found = single_prediction.choose_sound(model, active)
    if found is None:
        return
    shown, wave = found
    model = model_loading.for_speaker(shown.speaker, info, model, active.corpus)
    left, right = st.columns([3, 2], gap="medium")
    with left:
        row = single_prediction.show(info, model, shown, wave)
    with right:
        _links_and_feedback(shown, row, model, info, active)
    if wave.duration > LONG:
        st.caption(
            f"One prediction for {wave.duration:.0f} s says little: the timeline shows how "
            "it changes."
        )
    timeline.show(info, model, shown, wave, enrolment.enrolled_speaker(info, model))


def _links_and_feedback(
    shown: SelectedSound,
    row: pd.Series[Any],
    model: InferenceModel,
    info: ModelInfo,
    active: Active,
) -> None:
    """Links to explanation and representations, and the form for feedback."""
    with st.container(border=True):
        if isinstance(shown.content, Path):
            single_prediction.show_label(shown, info, active)
            if info.kind != EXPORTED:  # predictions only: no access to a network
                navigation.link(
                    "explain", "Explain the prediction →", model=info.key, clip=shown.name
                )
            navigation.link("representations", "Show its representations →", clip=shown.name)
        else:
            single_prediction.show_label(shown, info, active)
            if info.kind != EXPORTED:
                navigation.link("explain", "Explain the prediction →", model=info.key)
            navigation.link("representations", "Show its representations →")
        feedback_form.show(shown, row, model, info)
