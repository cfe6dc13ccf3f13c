"""Try an exported file on a sound, run by onnxruntime alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from pages.components import enrolment, model_loading, navigation, single_prediction
from pages.components.errors import error_boundary
from ser_core.inference.catalogue import models

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pages.components.selection import Active
    from ser_core.inference.catalogue import ModelInfo
    from ser_core.models.onnx_metadata import Spec


def show(files: Mapping[Path, Spec], info: ModelInfo, active: Active) -> None:
    """A sound as on the page Predict, enrolment where the model can, and the prediction."""
    st.subheader("Try it here")
    listed = {each.folder: each for each in models()}
    known = {path.name: listed[path] for path in files if path in listed}
    left, right = st.columns([2, 3], gap="medium", vertical_alignment="bottom")
    with left:
        name = st.selectbox("File", list(known), key="try-file")
    own = known.get(str(name))
    if own is None:
        return
    with error_boundary():
        model = model_loading.model(own)
        with right:
            enrolment.panel(model, active)
        found = single_prediction.current_sound(model)
        if found is None:
            return
        left, right = st.columns([3, 2], gap="medium")
        with left:
            model = model_loading.for_speaker(found[0].speaker, own, model, active.corpus)
            single_prediction.show(own, model, *found, has_panel=True)
        with right, st.container(border=True):
            single_prediction.show_label(found[0], own, active)
            st.markdown("Predicted by onnxruntime, as in your own program.")
            navigation.link("predict", "Batch prediction and timeline →", model=own.key)
            navigation.link("predict", "Predict with the source model →", model=info.key)
