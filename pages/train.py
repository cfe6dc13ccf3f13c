"""Train."""

from __future__ import annotations

import streamlit as st

from pages.shared import navigation

navigation.enter()
st.title("Train")
