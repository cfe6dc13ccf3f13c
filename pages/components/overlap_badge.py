"""A badge that says whether a sound overlaps with the training data of a model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from pages.components import clip_source, encoder_badge, model_loading
from ser_core.inference.training_overlap import TrainingOverlap, as_clip, training_overlap

if TYPE_CHECKING:
    from pages.components.clip_source import SelectedSound
    from pages.components.selection import Active
    from ser_core.inference.catalogue import ModelInfo

COMPARED_AT = 16_000
"""Sample rate, in Hz, at which an upload and a clip are compared."""

UNKNOWN = TrainingOverlap(
    "training not known",
    "It is not recorded whether this sound trained the model.",
    fair=False,
)


def clip_of(shown: SelectedSound, active: Active) -> str | None:
    """The clip of the open corpus that a sound is, or that an upload is a copy of."""
    if isinstance(shown.content, Path):
        return shown.name if shown.name in active.corpus.clips.index else None
    key = ("in-corpus", str(active.corpus.root), shown.fingerprint)

    def find() -> str | None:
        sound = clip_source.decoded(shown.content, shown.name, COMPARED_AT)
        return as_clip(active.corpus, shown.name, sound)

    found: str | None = model_loading.cached(key, find)
    return found


def overlap(shown: SelectedSound, info: ModelInfo, active: Active) -> TrainingOverlap:
    """Whether a sound or its speaker was in training, as far as that is known."""
    clip = clip_of(shown, active)
    if clip is None:
        return UNKNOWN
    origin = model_loading.provenance_of(info, active.corpus)
    return training_overlap(origin, active.corpus, clip) or UNKNOWN


def badge(known: TrainingOverlap) -> str:
    """It in Markdown, in the same words on every page."""
    color = "gray" if known is UNKNOWN else "green" if known.fair else "orange"
    return f":{color}-badge[{known.badge}]"


def show(shown: SelectedSound, info: ModelInfo, active: Active) -> None:
    """What follows from it for a prediction, and whether an encoder heard the corpus.

    Nothing where that is not known.
    """
    known = overlap(shown, info, active)
    if known is not UNKNOWN:
        st.markdown(f"{badge(known)} {known.said}")
    own = (info.about.get("corpus") or {}).get("name")
    if clip_of(shown, active) is not None and active.corpus.name != own:
        # That of its own corpus stands beside its scores.
        encoder_badge.show(info.contamination(active.corpus.name))
