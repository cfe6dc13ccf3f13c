"""Feedback on a prediction: the true label, and the recording saved as a labelled clip."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from pages.components import buttons, clip_source, errors, prediction_card
from ser_core.core import SerError
from ser_core.corpora import EMOTIONS
from ser_core.inference import feedback

if TYPE_CHECKING:
    import pandas as pd

    from pages.components.clip_source import SelectedSound
    from ser_core.inference.catalogue import ModelInfo
    from ser_core.inference.classify import InferenceModel


def show(shown: SelectedSound, row: pd.Series[Any], model: InferenceModel, info: ModelInfo) -> None:
    """Ask for the true label, and save the recording with it after consent."""
    name = f"really-{hash((shown.name, shown.start))}"
    options = [*model.classes, *(each for each in EMOTIONS if each not in model.classes)]
    st.markdown("**Correct label**")
    emotion = st.pills("Correct label", options, key=name, label_visibility="collapsed")
    if emotion is None:
        st.caption("With its label, the recording becomes a clip to evaluate and train models on.")
        return
    consent = st.checkbox(
        "The speaker agrees that the recording is stored on this computer",
        key=f"{name}-consent",
    )
    speaker = st.text_input(
        "Speaker (optional)",
        key=f"{name}-speaker",
        help="Any name. Speaker-disjoint splits use it.",
    )
    probabilities = prediction_card.probabilities_of(row, model)
    buttons.button(
        "Save recording and label",
        _save,
        *(shown, emotion, speaker, probabilities, str(row["answer"]), info.title),
        key=f"{name}-keep",
        disabled=not consent,
    )


def _save(
    shown: SelectedSound,
    emotion: str,
    speaker: str,
    given: dict[str, float],
    answer: str,
    model: str,
) -> None:
    try:
        feedback.keep(
            clip_source.decoded(shown.content, shown.name, None),
            emotion,
            consent=True,  # the button is off without it
            answer=answer,
            probabilities=given,
            model=model,
            name=shown.name,
            speaker=speaker,
        )
    except SerError as error:
        errors.show(error)
        return
    st.toast(f"Saved as {emotion}. It is listed under Kept recordings.")
