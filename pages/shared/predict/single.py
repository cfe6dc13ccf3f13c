"""One recording: what the model answers to all of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit as st

from pages.components import (
    clip_source,
    enrolment,
    model_loading,
    navigation,
    overlap_badge,
    prediction_card,
)
from pages.shared.predict import along, kept
from ser_core.predicting.answering import LONG, check, rows_of
from ser_core.predicting.familiar import as_clip
from ser_core.predicting.listing import EXPORTED

TOLD_APART_AT = 16_000
"""Sample rate, in Hz, at which an upload and a clip are compared."""

if TYPE_CHECKING:
    import pandas as pd

    from pages.components.clip_source import SelectedSound
    from pages.components.selection import Active
    from ser_core.audio import Waveform
    from ser_core.models.predictor import Voice
    from ser_core.predicting.answering import Answerer, Taught
    from ser_core.predicting.listing import ModelInfo


def show(info: ModelInfo, model: Answerer, active: Active) -> None:
    """Choose a sound, and see the answer to it."""
    found = heard(model, active)
    if found is None:
        return
    shown, wave = found
    left, right = st.columns([3, 2], gap="medium")
    with left:
        row = answer(info, model, shown, wave)
    with right:
        _next(shown, row, model, info, active)
    if wave.duration > LONG:
        st.caption(
            f"One answer for {wave.duration:.0f} s says little: the timeline shows how it changes."
        )
    along.show(info, model, shown, wave, enrolment.enrolled_speaker(info, model))


def heard(model: Answerer, active: Active) -> tuple[SelectedSound, Waveform] | None:
    """Let the user choose a sound; None while there is none.

    Raises:
        AudioError: If it says nothing, or cannot be decoded.
    """
    shown = clip_source.choose(active, narrow=False)
    if shown is None:
        return None
    wave = clip_source.decoded(shown.content, shown.name, model.predictor.sample_rate)
    check(wave, shown.name)
    return shown, wave


def answer(
    info: ModelInfo, model: Answerer, shown: SelectedSound, wave: Waveform
) -> pd.Series[Any]:
    """Answer a sound, with the taught voice where there is one, and say it."""
    taught = enrolment.enrolled_speaker(info, model)
    voice = taught.voice if taught else None
    row = answered(info, model, shown, wave, voice)
    before = answered(info, model, shown, wave, None) if voice else None
    if taught:
        enrolment.status(shown.speaker, doubted=_doubted(info, shown, wave, taught), key="single")
    prediction_card.show(row, model, model.reading(voice), before, key="single")
    return row


def answered(
    info: ModelInfo, model: Answerer, shown: SelectedSound, wave: Waveform, voice: Voice | None
) -> pd.Series[Any]:
    """The answer to a sound, kept while sound, model and voice stay."""
    key = (
        "answer",
        info.folder,
        info.changed,
        identity(shown),
        enrolment.fingerprint() if voice else "",
    )

    def make() -> pd.Series[Any]:
        about = {"file": shown.name, "seconds": wave.duration, "problem": ""}
        return rows_of([about], model.probabilities([wave], voice), model, voice).iloc[0]

    found: pd.Series[Any] = model_loading.cached(key, make)
    return found


def _doubted(info: ModelInfo, shown: SelectedSound, wave: Waveform, taught: Taught) -> bool:
    """Whether a sound is rather of somebody else than of the taught voice."""
    key = ("doubted", info.folder, identity(shown), enrolment.fingerprint())
    found: bool = model_loading.cached(key, lambda: bool(taught.doubts([wave])[0]))
    return found


def known(shown: SelectedSound, info: ModelInfo, active: Active) -> None:
    """What the corpus says of a clip, and how well the model knows it; nothing of other sounds."""
    clip, emotion = shown.name, shown.emotion
    if not isinstance(shown.content, Path):
        found = _in_corpus(shown, active)
        if found is None:
            return
        clip, emotion = found, str(active.corpus.usable.loc[found, "emotion"])
    if emotion:
        st.markdown(f"The corpus says: **{emotion}**")
    overlap_badge.show(clip, info, active)


def _in_corpus(shown: SelectedSound, active: Active) -> str | None:
    """The clip of the open corpus that an upload is a copy of."""
    key = ("in-corpus", str(active.corpus.root), identity(shown))

    def find() -> str | None:
        sound = clip_source.decoded(shown.content, shown.name, TOLD_APART_AT)
        return as_clip(active.corpus, shown.name, sound)

    found: str | None = model_loading.cached(key, find)
    return found


def identity(shown: SelectedSound) -> str:
    """Changes with the sound."""
    content = shown.content
    if isinstance(content, Path):
        return f"{content}:{content.stat().st_mtime_ns}"
    return f"{shown.name}:{len(content)}:{hash(content)}"


def _next(
    shown: SelectedSound, row: pd.Series[Any], model: Answerer, info: ModelInfo, active: Active
) -> None:
    """Where the answer leads: its pictures, and what it really was."""
    with st.container(border=True):
        if isinstance(shown.content, Path):
            known(shown, info, active)
            if info.kind != EXPORTED:  # which only answers: no network to look into
                navigation.link("explain", "Explain the answer →", model=info.key, clip=shown.name)
            navigation.link("representations", "Show its representations →", clip=shown.name)
        else:
            known(shown, info, active)
            st.session_state[clip_source.HANDED_OVER] = (shown.name, shown.content)
            if info.kind != EXPORTED:
                navigation.link("explain", "Explain the answer →", model=info.key, handed="1")
            navigation.link("representations", "Show its representations →", handed="1")
        kept.form(shown, row, model, info)
