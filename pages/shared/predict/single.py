"""One recording: what the model answers to all of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit as st

from pages.shared import navigation
from pages.shared.predict import along, kept, loading, saying, voices
from pages.shared.representations import source
from ser_core.predicting.answering import LONG, check, rows_of

if TYPE_CHECKING:
    import pandas as pd

    from pages.shared.representations.source import Shown
    from pages.shared.selection import Active
    from ser_core.audio import Waveform
    from ser_core.models.predictor import Voice
    from ser_core.predicting.answering import Answerer
    from ser_core.predicting.listing import ModelInfo


def show(info: ModelInfo, model: Answerer, active: Active) -> None:
    """Choose a sound, and see the answer to it."""
    shown = source.choose(active, narrow=False)
    if shown is None:
        return
    wave = source.decoded(shown.content, shown.name, model.predictor.sample_rate)
    check(wave, shown.name)
    voice = voices.voice(info, model)
    row = answered(info, model, shown, wave, voice)
    before = answered(info, model, shown, wave, None) if voice else None
    if voice:
        voices.warn(shown.speaker)
    left, right = st.columns([3, 2], gap="medium")
    with left:
        saying.show(row, model, model.reading(voice), before, key="single")
    with right:
        _next(shown, row, model, info)
    if wave.duration > LONG:
        st.caption(
            f"One answer for {wave.duration:.0f} s says little: the timeline shows how it changes."
        )
    along.show(info, model, shown, wave, voice)


def answered(
    info: ModelInfo, model: Answerer, shown: Shown, wave: Waveform, voice: Voice | None
) -> pd.Series[Any]:
    """The answer to a sound, kept while sound, model and voice stay."""
    key = ("answer", info.folder, info.changed, identity(shown), voices.identity() if voice else "")

    def make() -> pd.Series[Any]:
        about = {"file": shown.name, "seconds": wave.duration, "problem": ""}
        return rows_of([about], model.probabilities([wave], voice), model, voice).iloc[0]

    found: pd.Series[Any] = loading.kept(key, make)
    return found


def identity(shown: Shown) -> str:
    """Changes with the sound."""
    content = shown.content
    if isinstance(content, Path):
        return f"{content}:{content.stat().st_mtime_ns}"
    return f"{shown.name}:{len(content)}:{hash(content)}"


def _next(shown: Shown, row: pd.Series[Any], model: Answerer, info: ModelInfo) -> None:
    """Where the answer leads: its pictures, and what it really was."""
    with st.container(border=True):
        if isinstance(shown.content, Path):
            if shown.emotion:
                st.markdown(f"The corpus says: **{shown.emotion}**")
            navigation.link("explain", "Explain the answer →", model=info.key, clip=shown.name)
            navigation.link("representations", "Show its representations →", clip=shown.name)
        else:
            st.session_state[source.HANDED_OVER] = (shown.name, shown.content)
            navigation.link("explain", "Explain the answer →", model=info.key, handed="1")
            navigation.link("representations", "Show its representations →", handed="1")
        kept.form(shown, row, model, info)
