"""The prediction for one sound: classify it, show its labels in the corpus."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from pages.components import (
    clip_source,
    enrolment,
    model_loading,
    overlap_badge,
    prediction_card,
    selection,
    warmup,
)
from pages.components.errors import plain
from ser_core.inference.classify import Recording, check, narrow_band, rows_of

if TYPE_CHECKING:
    import pandas as pd

    from pages.components.clip_source import SelectedSound
    from pages.components.selection import Active
    from ser_core.audio import Waveform
    from ser_core.inference.catalogue import ModelInfo
    from ser_core.inference.classify import EnrolledSpeaker, InferenceModel
    from ser_core.models.predictor import SpeakerStatistics


def current_sound(model: InferenceModel) -> tuple[SelectedSound, Waveform] | None:
    """The sound of the dock; None while there is none, of which the page says why.

    Raises:
        AudioError: If it says nothing, or cannot be decoded.
    """
    shown = clip_source.shown()
    if shown is None:
        return None
    wave = clip_source.decoded(shown.content, shown.name, model.predictor.sample_rate)
    check(wave, shown.name)
    return shown, wave


def show(
    info: ModelInfo,
    model: InferenceModel,
    shown: SelectedSound,
    wave: Waveform,
    *,
    has_panel: bool = False,
) -> pd.Series[Any]:
    """Classify a sound, with the enrolled speaker where there is one, and show the prediction.

    Args:
        info: The model.
        model: The same, opened.
        shown: The sound.
        wave: The same, decoded.
        has_panel: Whether the page has `enrolment.panel`, by which the enrolment is removed.

    Returns:
        The prediction, a row of a table of predictions.
    """
    enrolled = enrolment.enrolled_speaker(info, model)
    speaker = enrolled.statistics if enrolled else None
    row = predict(info, model, shown, wave, speaker)
    before = predict(info, model, shown, wave, None) if speaker else None
    if enrolled:
        enrolment.status(
            shown.speaker,
            doubted=_is_doubtful(info, shown, wave, enrolled),
            key="" if has_panel else "single",
        )
    prediction_card.show(row, model, model.reading(speaker), before, key="single")
    if _is_unlike(info, model, shown, wave):
        assert model.domain is not None  # noqa: S101  (or nothing is unlike it)
        st.warning(plain(model.domain.said))
    note = _narrow_band(info, model, shown)
    if note:
        st.caption(f":material/info: {plain(note)}")
    warmup.answered()
    return row


def _narrow_band(info: ModelInfo, model: InferenceModel, shown: SelectedSound) -> str:
    """What to know of a file whose sample rate is below the model's."""
    key = ("narrow", info.folder, shown.fingerprint)
    recording = Recording(shown.name, shown.content)
    found: str = model_loading.cached(key, lambda: narrow_band(model, [recording]))
    return found


def _is_unlike(
    info: ModelInfo, model: InferenceModel, shown: SelectedSound, wave: Waveform
) -> bool:
    """Whether a sound is unlike the clips that the model was trained on, where these are known.

    One of the corpus and of a speaker of the training is not, whatever its distance.
    """
    domain = model.domain
    corpus = selection.active().corpus
    if domain is None or model_loading.was_in_training(shown.speaker, info, corpus):
        return False
    key = ("unlike", info.folder, info.changed, domain.threshold, shown.fingerprint)
    found: bool = model_loading.cached(key, lambda: bool(domain.unlike([wave])[0]))
    return found


def predict(
    info: ModelInfo,
    model: InferenceModel,
    shown: SelectedSound,
    wave: Waveform,
    speaker: SpeakerStatistics | None,
) -> pd.Series[Any]:
    """The prediction for a sound, cached while sound, model and enrolment stay."""
    enrolled = enrolment.fingerprint() if speaker else ""
    key = ("answer", info.folder, info.changed, shown.fingerprint, enrolled, model.for_seen)

    def make() -> pd.Series[Any]:
        about = {"file": shown.name, "seconds": wave.duration, "problem": ""}
        return rows_of([about], model.probabilities([wave], speaker), model, speaker).iloc[0]

    found: pd.Series[Any] = model_loading.cached(key, make)
    return found


def _is_doubtful(
    info: ModelInfo, shown: SelectedSound, wave: Waveform, enrolled: EnrolledSpeaker
) -> bool:
    """Whether a sound is rather of somebody else than of the enrolled speaker."""
    key = ("doubted", info.folder, shown.fingerprint, enrolment.fingerprint())
    found: bool = model_loading.cached(key, lambda: bool(enrolled.doubts([wave])[0]))
    return found


def show_label(shown: SelectedSound, info: ModelInfo, active: Active) -> None:
    """Label and training overlap of a clip or a copy of one; nothing of other sounds."""
    clip = overlap_badge.clip_of(shown, active)
    if clip is None:
        return
    emotion = active.corpus.clips.loc[clip, "emotion"]
    if isinstance(emotion, str):
        st.markdown(f"Ground-truth label: **{emotion}**")
    overlap_badge.show(shown, info, active)
