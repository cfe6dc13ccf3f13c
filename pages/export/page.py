"""Export: a model as one ONNX file that takes a waveform and predicts as the app does."""

from __future__ import annotations

import streamlit as st

from pages.components import model_picker, selection
from pages.components.errors import error_boundary
from pages.export import export_form, file_list, source_model, try_file

active = selection.active()
st.title("Export")
info = source_model.of(model_picker.current())
if info is not None:
    with error_boundary():
        export_form.show(info, active)
        files = file_list.show(info, active)
        if files:
            try_file.show(files, info, active)
