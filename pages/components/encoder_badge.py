"""A badge that says whether a pretrained encoder may have been trained on a corpus."""

from __future__ import annotations

import streamlit as st

from pages.components.errors import plain
from ser_core.features.encoders import catalogue

COLORS = {catalogue.YES: "red", catalogue.UNKNOWN: "orange", catalogue.UNLIKELY: "gray"}

HELP = (
    "**Contamination**: a pretrained encoder that was trained on the clips of a corpus knows its "
    "test clips too, so that scores on it are too high for other recordings.\n\n"
    "- **yes**: the corpus is in its training data.\n"
    "- **unlikely**: its training data are published without this corpus, or the corpus is "
    "younger.\n"
    "- **unknown**: what it was trained on is not published, or its origin is not known.\n\n"
    "The leak grade is about the split alone and does not change by it."
)


def badge(found: catalogue.Contamination) -> str:
    """Markdown of it; the answer alone is in the badge, which is cut off where there is no room."""
    question, _, answer = found.badge.capitalize().partition(": ")
    return f"{question}: :{COLORS[found.answer]}-badge[{answer}]"


def show(found: catalogue.Contamination | None) -> None:
    """The badge with its reason; nothing for a model without an encoder."""
    if found is not None:
        st.markdown(f"{badge(found)} {plain(found.said)}", help=HELP)
