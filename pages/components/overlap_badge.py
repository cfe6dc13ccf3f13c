"""A badge that says whether a clip overlaps with the training data of a model."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from pages.components import encoder_badge, model_loading
from ser_core.inference.training_overlap import training_overlap

if TYPE_CHECKING:
    from pages.components.selection import Active
    from ser_core.inference.catalogue import ModelInfo


def show(clip: str, info: ModelInfo, active: Active) -> None:
    """Whether the clip or its speaker was in training, and whether an encoder heard the corpus.

    Nothing where that is not known.
    """
    known = training_overlap(model_loading.provenance_of(info, active.corpus), active.corpus, clip)
    if known is not None:
        color = "green" if known.fair else "orange"
        st.markdown(f":{color}-badge[{known.badge}] {known.said}")
    if active.corpus.name != (info.about.get("corpus") or {}).get("name"):
        # That of its own corpus stands beside its scores.
        encoder_badge.show(info.contamination(active.corpus.name))
