"""Choose a model, and see its test scores."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import streamlit as st

from pages.components import encoder_badge, navigation
from pages.components.errors import plain
from ser_core.inference.catalogue import BUNDLED, ENSEMBLE, EXPORTED, RUN, ModelInfo, models

if TYPE_CHECKING:
    from collections.abc import Sequence

CURRENT, UNASKED = "_current_model", "_unasked_model"
"""Keys in the session of the model of all pages, and of the one where the address names none."""
MODEL = "model"
"""Query parameter of the chosen model, which `selection` carries from page to page."""
WIDE, BEGIN = 42, 16
"""Characters of a title that are seen in the dock, and those of its first words."""

KINDS = {
    BUNDLED: "bundled",
    ENSEMBLE: "ensemble",
    RUN: "trained here",
    EXPORTED: "exported file",
}


def look_up() -> list[ModelInfo]:
    """All models, once per run; says so where the one that is asked for is not among them."""
    found = models()
    st.session_state[CURRENT] = _chosen(found) if found else None
    return found


def choose(found: Sequence[ModelInfo]) -> ModelInfo | None:
    """Let the user choose a model for all pages, with its test scores; None when there is none.

    Args:
        found: What `look_up` found.
    """
    info: ModelInfo | None = st.session_state[CURRENT]
    if info is not None:
        _select(found, info)
        _about(info)
    return info


def current() -> ModelInfo | None:
    """The model of all pages; where there is none, the page says how to get one."""
    info: ModelInfo | None = st.session_state[CURRENT]
    if info is None:
        _no_model_yet()
    return info


def _chosen(found: Sequence[ModelInfo]) -> ModelInfo:
    """The model of the address; without one the first, which stays as long as it is there.

    A model that was trained since, on another corpus perhaps, does not take its place unasked.
    """
    wanted = st.query_params.get(MODEL, "")
    by_key = {info.key: info for info in found}
    if wanted in by_key:
        return by_key[wanted]
    held, title = st.session_state.get(UNASKED, ("", ""))
    info = by_key.get(held, found[0])
    gone = wanted or (title if held not in by_key else "")
    if gone:
        st.warning(
            f"The model {plain(gone)} is not there any more. {plain(info.title)} is chosen instead."
        )
        st.query_params.pop(MODEL, None)
    st.session_state[UNASKED] = info.key, info.title
    return info


def _select(found: Sequence[ModelInfo], info: ModelInfo) -> None:
    titles = short_titles(found)
    st.session_state["predict-model"] = info.key
    st.selectbox(
        "Model",
        list(titles),
        format_func=lambda key: titles.get(key, key),
        key="predict-model",
        on_change=_model_changed,
        label_visibility="collapsed",
    )


def short_titles(found: Sequence[ModelInfo]) -> dict[str, str]:
    """Titles that fit into the dock, by key; a long one loses its middle.

    Models of a run or an ensemble begin alike, and what tells them apart comes last.
    """
    whole = {each.key: each.title for each in found}
    short = {key: _without_middle(title) for key, title in whole.items()}
    times = Counter(short.values())
    kept = {key: title if times[title] == 1 else whole[key] for key, title in short.items()}
    kinds = {each.key: f"{each.title} ({KINDS[each.kind]})" for each in found}
    return {key: kinds[key] if len(kinds[key]) <= WIDE else kept[key] for key in kept}


def _without_middle(title: str) -> str:
    """The first and the last words of a title that is longer than `WIDE` characters."""
    if len(title) <= WIDE:
        return title
    begin = title[:BEGIN].rsplit(" ", 1)[0].rstrip(",:")
    end = title[-(WIDE - len(begin) - 3) :]
    return f"{begin} … {end.split(' ', 1)[-1]}"


def _model_changed() -> None:
    set_model(st.session_state["predict-model"])


def set_model(key: str) -> None:
    """Put a model into the address of the page."""
    st.query_params[MODEL] = key


def _about(info: ModelInfo) -> None:
    """Its test scores behind a button that bears the first of them."""
    shown = info.performance
    # Beside the figure, since that of shared speakers is the higher one and says less.
    shared = f" :orange-badge[{shown.badge}]" if shown.wa and shown.badge else ""
    label = f"WA {shown.wa.value:.2f}{shared}" if shown.wa else "No test"
    title = f"{plain(info.title)} ({KINDS[info.kind]})"
    with st.popover(label, help=f"{title}. {plain(shown.said)}", key="dock-scores"):
        st.markdown(f"**{title}**")
        badge = f":orange-badge[{shown.badge}] " if shown.badge else ""
        st.markdown(f"{badge}{shown.said}")
        st.caption(_figures(info))
        encoder_badge.show(info.contamination())
        if info.kind == EXPORTED:
            st.caption(plain(_export_note(info)))
        if card := info.card:
            with st.expander("About this model", type="compact"):
                st.markdown(card)


def _export_note(info: ModelInfo) -> str:
    """The model whose scores are shown for an exported file, and the result of its verification."""
    export = info.about.get("export", {})
    said = export.get("verification", {}).get("said") or ("Acceptance test: not run yet.")
    return f"Scores are those of the model that the file was exported from. {said}"


def _figures(info: ModelInfo) -> str:
    wa, uar, clips = info.performance.wa, info.performance.uar, info.performance.clips
    if wa is None:
        return "No test scores."
    ends = f" ({wa.low:.3f} to {wa.high:.3f})" if wa.low is not None and wa.high is not None else ""
    of_emotions = f", UAR {uar.value:.3f}" if uar else ""
    on = f", {clips:,} test clips" if clips else ""
    return f"Accuracy (WA) {wa.value:.3f}{ends}{of_emotions}{on}"


def _no_model_yet() -> None:
    with st.container(border=True):
        st.subheader("No model yet")
        st.markdown(
            "A trained model predicts the emotion of a recording: a probability for each class, "
            "a confidence, and a timeline of long recordings. Training one on the bundled clips "
            "takes about a minute: enough for a first look, far too little for a good model."
        )
        navigation.link("train", "Train a model →")
