"""Attribution maps of two clips by one model, or of one clip by two models."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from pages.components import clip_source, model_loading, player, theme
from pages.components.errors import plain
from pages.explain import attribution_maps, clip_explainer, controls, enrolment_panel, loading
from pages.explain.one_clip import BESIDE
from ser_core import audio
from ser_core.corpora import siblings
from ser_core.explain.attribution import applicable_features
from ser_core.explain.map_similarity import rank_correlation
from ser_core.explain.model_input import named
from ser_core.inference.catalogue import models
from ser_core.plots.explain import reach

if TYPE_CHECKING:
    from pages.components.selection import Active
    from pages.explain.clip_explainer import CheckedMap, ClipExplainer
    from ser_core.explain import ModelInput
    from ser_core.explain.model_input import Floats
    from ser_core.inference.catalogue import ModelInfo

CLIPS, MODELS = "Two clips", "Two models"


def show(info: ModelInfo, active: Active) -> None:
    """Choose what is compared, and see both maps on one scale of colours."""
    if not active.clip:
        st.info("No clip of this corpus can be explained.")
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        kind = st.segmented_control(
            "Compare", [CLIPS, MODELS], default=CLIPS, required=True, key="pair",
            bind="query-params",
        )  # fmt: skip
        name = controls.one_method(controls.by_use(loading.model(info).predictor), key="by")
        drawing = controls.drawing()
        enrolment_panel.show(loading.model(info), active)
    left, right = st.columns(2)
    with left:
        pair = (_two_clips if kind == CLIPS else _two_models)(info, active)
    if pair is None:
        return
    sides = [Side(_explainer(each, active, clip), clip) for each, clip in pair]
    true = clip_source.emotion_of(active.corpus, active.clip)
    with right:
        emotion = controls.emotion(sides[0].explainer.view, true, key="pair-why")
    found = [_map(side, name, emotion) for side in sides]
    limit = _one_scale(found) if kind == CLIPS else None
    for column, side, each in zip(st.columns(2), sides, found, strict=True):
        with column, st.container(border=True):
            _head(active, side, emotion, each)
            if each is not None:
                key = f"pair-{side.explainer.info.key}-{side.clip}"
                attribution_maps.card(each, side.clip, drawing, BESIDE, key=key, limit=limit)
    _similarity(found)


@dataclass(frozen=True, eq=False)
class Side:
    """One of the two that are compared: a clip and a model."""

    explainer: ClipExplainer
    clip: str


def _explainer(info: ModelInfo, active: Active, clip: str) -> ClipExplainer:
    """Explainer of a clip and a model; without enrolment where another speaker is enrolled."""
    rate = loading.model(info).predictor.sample_rate
    speaker = clip_source.speaker_of(active.corpus, clip)
    explainer = clip_explainer.explainer_for(
        info,
        clip_source.decoded(active.corpus.path(clip), clip, rate),
        seen=model_loading.was_in_training(speaker, info, active.corpus),
    )
    unseen = clip_explainer.is_other_speaker(speaker)
    return explainer.without_enrolment if unseen else explainer


def _two_clips(info: ModelInfo, active: Active) -> list[tuple[ModelInfo, str]] | None:
    # The same speaker with the same words first: then the emotion alone is another.
    usable = active.corpus.usable.index
    near: list[str] = []
    if active.clip in usable:
        near = list(siblings(active.corpus, active.clip).index)
    clips = [clip for clip in dict.fromkeys([*near, *usable]) if clip != active.clip]
    if not clips:
        st.info("This corpus has no second clip.")
        return None
    table = active.corpus.clips
    other = st.selectbox(
        f"{active.clip} beside",
        clips,
        format_func=lambda clip: f"{table.loc[clip, 'emotion']}, {clip}",
        key="other",
        bind="query-params",
    )
    return [(info, active.clip), (info, str(other))]


def _two_models(info: ModelInfo, active: Active) -> list[tuple[ModelInfo, str]] | None:
    others = {each.key: each for each in models(exported=False) if each.key != info.key}
    if not others:
        st.info("There is no second model yet. Train one to compare.")
        return None
    key = st.selectbox(
        f"{info.title} beside",
        list(others),
        format_func=lambda each: others[each].title,
        key="other-model",
        bind="query-params",
    )
    return [(info, active.clip), (others[str(key)], active.clip)]


def _map(side: Side, name: str, emotion: str) -> CheckedMap | None:
    """The map of a side, of the applicable input of greatest weight; None where there is none."""
    view, method = side.explainer.view, controls.chosen(name)
    if emotion not in view.classes:
        st.warning(f"{side.explainer.info.title} has no class {emotion}.")
        return None
    representation = applicable_features(view, method)
    if not controls.applicable(view, [name], representation):
        return None
    return attribution_maps.compute(side.explainer, name, emotion, representation)


def _one_scale(found: list[CheckedMap | None]) -> float | None:
    """The same colours on both sides; the logits of two models have no common unit."""
    shown = [each.attribution.values for each in found if each is not None]
    return reach(*shown) if len(shown) == 2 else None


def _head(active: Active, side: Side, emotion: str, found: CheckedMap | None) -> None:
    row, explainer = active.corpus.clips.loc[side.clip], side.explainer
    st.html(theme.chip(row["emotion"]) + player.spoken(row))
    view, whole = explainer.view, explainer.view.probabilities()
    answer = view.classes[int(whole.argmax())]
    other = f"; {emotion} {_chance(view, whole, emotion)}" if emotion != answer else ""
    st.markdown(
        f"{plain(explainer.info.title)} predicts **{answer}**, "
        f"{_chance(view, whole, answer)}{other}. {_enrolment_note(explainer)}"
    )
    if found is not None and len(view.network_inputs) > 1:
        rep = found.attribution.representation.hash
        mapped = _chance(view, view.probabilities_through(rep), emotion)
        st.caption(f"The map explains {named(view, rep)}: {emotion} {mapped}.")
    player.play(audio.load(active.corpus.path(side.clip)), label=side.clip)


def _chance(view: ModelInput, probabilities: Floats, emotion: str) -> str:
    known = emotion in view.classes
    index = view.classes.index(emotion) if known else 0
    return f"{100 * probabilities[index]:.0f}\u00a0%" if known else "not a class"


def _enrolment_note(explainer: ClipExplainer) -> str:
    if not explainer.model.predictor.enrols:
        return ":gray-badge[Does not use enrolment]"
    known = explainer.speaker is not None
    return ":green-badge[Speaker enrolled]" if known else ":gray-badge[Not enrolled]"


def _similarity(found: list[CheckedMap | None]) -> None:
    """Rank correlation of two maps of one feature map."""
    shown = [each.attribution for each in found if each is not None]
    same = len(shown) == 2 and shown[0].representation == shown[1].representation
    if same and np.array_equal(shown[0].feature_map, shown[1].feature_map):
        alike = rank_correlation(shown[0].values, shown[1].values)
        st.caption(f"Rank correlation of the two maps: {alike:.2f} (1: same order).")
