"""Entry of the workbench: `streamlit run app.py`. Navigation and the selection, no more."""

from __future__ import annotations

import streamlit as st

from pages.components import errors, navigation, theme, warmup

st.set_page_config(page_icon=theme.ICON, layout="wide")
theme.apply()
page = navigation.choose()
with errors.error_boundary():
    navigation.run(page)
warmup.begin()
