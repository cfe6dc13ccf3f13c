"""What decides, by groups of named features: for the clip, and over the test clips."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from pages.components import model_loading, theme
from pages.explain import loading
from ser_core.explain.feature_groups import group_shares, permutation_importance, why_no_groups
from ser_core.features.representations import GROUPS
from ser_core.inference.evaluation_clips import choose
from ser_core.plots.explain import group_shares_figure, importance_figure
from ser_core.plots.palette import emotion_color

if TYPE_CHECKING:
    from pages.components.selection import Active
    from pages.explain.clip_explainer import ClipExplainer
    from ser_core.explain import ModelInput
    from ser_core.explain.feature_groups import Importance

_ASKED = "_importance_of"

CLIPS = 120
"""Test clips that importance is measured on."""


def has_groups(view: ModelInput, representation: str) -> bool:
    """Whether a representation has named features."""
    return not why_no_groups(view.through(representation)[0][0].representation)


def show(explainer: ClipExplainer, emotion: str, representation: str, active: Active) -> None:
    """Cards of the Shapley values of the clip and of permutation importance.

    None without named features.
    """
    view = explainer.view
    if not has_groups(view, representation):
        return
    with st.container(border=True):
        st.markdown(
            f"**What decides for {emotion}, by feature group**",
            help="Shapley values: what each group of features adds to the probability, as a mean "
            "over all orders in which groups can come. They sum to the difference between the "
            "average voice (all features at their means, those of the enrolled speaker where one "
            "is enrolled) and this clip. Štrumbelj & Kononenko (2014).",
        )
        found = group_shares(view, view.target(emotion), representation)
        theme.figure(group_shares_figure(found, emotion_color(emotion)), key="feature-groups")
        st.caption(". ".join(f"**{name}**: {GROUPS[name]}" for name in found.added) + ".")
    with st.container(border=True):
        _importance(explainer, representation, active)


def _ask(key: tuple[Any, ...]) -> None:
    st.session_state[_ASKED] = key


def _importance(explainer: ClipExplainer, representation: str, active: Active) -> None:
    st.markdown(
        "**What the model needs, over test clips**",
        help="Permutation importance: UAR that is lost when the features of a group are exchanged "
        "between clips. Groups that say the same stand in for each other. Breiman (2001).",
    )
    info, corpus = explainer.info, active.corpus
    key = ("importance", info.folder, info.changed, corpus.root, corpus.reader, representation)
    if not loading.is_cached(key) and st.session_state.get(_ASKED) != key:
        st.button(f"Measure on up to {CLIPS} test clips", on_click=_ask, args=(key,))
        return

    def measured() -> Importance:
        predictor = explainer.model.predictor
        subset = choose(predictor, corpus, CLIPS)
        with model_loading.progress("Exchanging features between clips") as progress:
            return permutation_importance(
                predictor,
                subset,
                enrolled=True,
                representation=representation,
                progress=progress,
            )

    found: Importance = loading.cached(key, measured)
    theme.figure(importance_figure(found), key="importance-figure")
    note = f" ({found.badge})" if found.badge else ""
    st.caption(
        f"UAR {found.uar:.3f} on {found.clips}{note}. Bars: means over {found.draws} draws, with "
        "their standard deviation."
    )
