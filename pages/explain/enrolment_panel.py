"""Enrolment beside an explanation: whether there is one, the means to change it, its effect."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from pages.components import enrolment

if TYPE_CHECKING:
    from pages.components.selection import Active
    from pages.explain.clip_explainer import ClipExplainer
    from ser_core.inference.classify import InferenceModel

KNOWN = ":green-badge[Speaker enrolled]"
UNKNOWN = ":gray-badge[Not enrolled]"
UNABLE = ":gray-badge[Does not use enrolment]"
MEANING = {
    KNOWN: "Prediction and explanation use the enrolment, as on Predict.",
    UNKNOWN: "Nothing but the clip is known, and whether its speaker was in training, as on "
    "Predict.",
    UNABLE: "A model that is trained with normalisation by speaker does (page Train).",
}


def show(model: InferenceModel, active: Active) -> None:
    """Whether a speaker is enrolled, with the means to enrol and to remove."""
    enrols = model.predictor.enrols
    badge = (KNOWN if enrolment.clips() else UNKNOWN) if enrols else UNABLE
    st.markdown(badge, help=MEANING[badge], width="content")
    if enrols:
        enrolment.panel(model, active)


def effect(explainer: ClipExplainer) -> None:
    """What enrolment changed of the prediction."""
    if explainer.speaker is None:
        return
    view, before = explainer.view, explainer.without_enrolment.view.probabilities()
    now, was = int(view.probabilities().argmax()), int(before.argmax())
    said = f"without it: {view.classes[was]}, {100 * before[was]:.0f} %"
    if now == was:
        sure = 100 * view.probabilities()[now]
        st.caption(f"Enrolment does not change the predicted class, now {sure:.0f} %; {said}.")
    else:
        st.caption(f"**Enrolment changes the prediction**; {said}.")
