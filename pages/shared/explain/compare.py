"""Two clips before one model, or one clip before two models."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from pages.shared import player, theme
from pages.shared.explain import controls, loading, maps
from pages.shared.explain.one_clip import BESIDE
from pages.shared.representations import source
from ser_core import audio
from ser_core.explain import METHODS
from ser_core.explain.similarity import rank_correlation
from ser_core.plots.explain import reach
from ser_core.predicting.listing import models

if TYPE_CHECKING:
    from pages.shared.explain.loading import Explained
    from pages.shared.selection import Active
    from ser_core.audio import Waveform
    from ser_core.predicting.listing import ModelInfo

CLIPS, MODELS = "Two clips", "Two models"


def show(info: ModelInfo, active: Active) -> None:
    """Choose what is compared, and see both maps on one scale of colours."""
    if not active.clip:
        st.info("This corpus has no clip that can be explained.")
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        kind = st.segmented_control(
            "Compare", [CLIPS, MODELS], default=CLIPS, required=True, key="pair",
            bind="query-params",
        )  # fmt: skip
        name = controls.one_method(list(METHODS), key="by")
    sides = (_two_clips if kind == CLIPS else _two_models)(info, active)
    if sides is None:
        return
    view = loading.looked(sides[0][0], _wave(sides[0][0], active, sides[0][1]))
    emotion = controls.emotion(view, source.emotion_of(active.corpus, active.clip), key="pair-why")
    with st.container(horizontal=True):
        drawing = controls.drawing()
    found = _maps(active, sides, name, emotion)
    limit = _one_scale(found) if kind == CLIPS else None
    for column, (side, clip), each in zip(st.columns(2), sides, found, strict=True):
        with column, st.container(border=True):
            _head(active, side, clip, emotion)
            if each is not None:
                maps.card(each, clip, drawing, BESIDE, key=f"pair-{side.key}-{clip}", limit=limit)
    _likeness(found)


def _two_clips(info: ModelInfo, active: Active) -> list[tuple[ModelInfo, str]] | None:
    clips = [clip for clip in active.corpus.usable.index if clip != active.clip]
    if not clips:
        st.info("This corpus has no second clip.")
        return None
    table = active.corpus.clips
    other = st.selectbox(
        f"Beside {active.clip}",
        clips,
        format_func=lambda clip: f"{table.loc[clip, 'emotion']}, {clip}",
        key="other",
        bind="query-params",
    )
    return [(info, active.clip), (info, str(other))]


def _two_models(info: ModelInfo, active: Active) -> list[tuple[ModelInfo, str]] | None:
    others = {each.key: each for each in models() if each.key != info.key}
    if not others:
        st.info("There is no second model yet. Train one, and it appears here.")
        return None
    key = st.selectbox(
        f"Beside {info.title}",
        list(others),
        format_func=lambda each: others[each].title,
        key="other-model",
        bind="query-params",
    )
    return [(info, active.clip), (others[str(key)], active.clip)]


def _wave(info: ModelInfo, active: Active, clip: str) -> Waveform:
    rate = loading.predictor(info).sample_rate
    return source.decoded(active.corpus.path(clip), clip, rate)


def _maps(
    active: Active, sides: list[tuple[ModelInfo, str]], name: str, emotion: str
) -> list[Explained | None]:
    found: list[Explained | None] = []
    for side, clip in sides:
        waveform = _wave(side, active, clip)
        view = loading.looked(side, waveform)
        if emotion not in view.classes:
            st.warning(f"{side.title} does not know {emotion}.")
            found.append(None)
            continue
        found.append(maps.compute(side, waveform, name, emotion, next(iter(view.representations))))
    return found


def _one_scale(found: list[Explained | None]) -> float | None:
    """The same colours on both sides; the logits of two models have no common unit."""
    shown = [each.attribution.values for each in found if each is not None]
    return reach(*shown) if len(shown) == 2 else None


def _head(active: Active, info: ModelInfo, clip: str, emotion: str) -> None:
    row = active.corpus.clips.loc[clip]
    st.html(theme.chip(row["emotion"]) + player.spoken(row))
    waveform = _wave(info, active, clip)
    view = loading.looked(info, waveform)
    probabilities = view.probabilities()
    answer = view.classes[int(probabilities.argmax())]
    mine = f", {emotion} {100 * probabilities[view.classes.index(emotion)]:.0f} %" if (
        emotion in view.classes
    ) else ""  # fmt: skip
    st.caption(f"{info.title} answers {answer}, {100 * probabilities.max():.0f} % sure{mine}")
    player.play(audio.load(active.corpus.path(clip)), label=clip)


def _likeness(found: list[Explained | None]) -> None:
    """How alike two maps of one picture are."""
    shown = [each.attribution for each in found if each is not None]
    same = len(shown) == 2 and shown[0].representation == shown[1].representation
    if same and np.array_equal(shown[0].picture, shown[1].picture):
        alike = rank_correlation(shown[0].values, shown[1].values)
        st.caption(f"Rank correlation of the two maps: {alike:.2f} (1 is the same order).")
