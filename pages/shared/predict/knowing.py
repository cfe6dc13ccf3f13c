"""How well a model knows a clip of the open corpus, beside whatever is told of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from pages.shared.predict import loading
from ser_core.predicting.familiar import familiar

if TYPE_CHECKING:
    from pages.components.selection import Active
    from ser_core.predicting.listing import ModelInfo


def badge(clip: str, info: ModelInfo, active: Active) -> None:
    """Whether the model was trained on this clip, or on its voice; nothing where nobody knows."""
    known = familiar(loading.origin_of(info, active.corpus), active.corpus, clip)
    if known is not None:
        color = "green" if known.fair else "orange"
        st.markdown(f":{color}-badge[{known.badge}] {known.said}")
