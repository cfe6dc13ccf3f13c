"""Export: a model as a file that takes a waveform and answers exactly like the app."""

from __future__ import annotations

import streamlit as st

from pages.components import model_picker, navigation
from pages.components.errors import error_boundary
from pages.shared.export import making, offered, source, trying

active = navigation.enter()
st.title("Export")
source.take()
info = model_picker.choose(exported=False)
if info is not None:
    with error_boundary():
        making.show(info, active)
        files = offered.show(info, active)
        if files:
            trying.show(files, info, active)
