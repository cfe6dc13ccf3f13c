"""Atlas: where what speaks for each emotion lies, over a whole test set."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from pages.shared import theme
from pages.shared.explain import loading
from pages.shared.explain.bench import title
from ser_core.explain.speech import ASPECTS
from ser_core.explain.tracked import heading
from ser_core.plots.explain import atlas_figure, mean_map_figure
from ser_core.representations import make
from ser_core.words import count

if TYPE_CHECKING:
    from pages.shared.selection import Active
    from ser_core.explain.report import Bench
    from ser_core.predicting.listing import ModelInfo


def show(info: ModelInfo, active: Active) -> None:  # noqa: ARG001  (as all views)
    """Shares of each answer with intervals, and the mean map of each."""
    found = loading.bench(info)
    if found is None:
        st.info(
            "The atlas is made of a bench: run one on the tab Faithfulness, and it appears here."
        )
        return
    st.markdown(
        "Over all clips that got an answer: where lies what spoke for it? A grey dash is the share "
        "of the picture that the part makes up: **above it counts more than an even map would "
        "say**. " + heading(found)
    )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        passed = [*found.ranked, *(name for name in found.methods if name in found.left_out)]
        name = st.selectbox(
            "Method", passed, format_func=title, key="atlas-method", bind="query-params"
        )
        aspects = [each for each in ASPECTS if each in set(found.readings["aspect"])]
        aspect = st.segmented_control(
            "Aspect", aspects, default=aspects[0] if aspects else None, required=bool(aspects),
            format_func=ASPECTS.__getitem__, key="atlas-aspect", bind="query-params",
        )  # fmt: skip
    if name in found.left_out:
        st.warning(f"{title(name)} is in no ranking: {found.left_out[name]}.")
    if aspect:
        _shares(found, name, aspect)
    _maps(found, name)


def _shares(found: Bench, name: str, aspect: str) -> None:
    table = found.atlas(name, aspect)
    if table.empty:
        st.info("No answer was given to clips enough.")
        return
    with st.container(border=True):
        theme.figure(atlas_figure(table), key="atlas-figure")
        clips = table.groupby("answer", sort=False)["clips"].first()
        st.caption(", ".join(f"{answer}: {count(int(n), 'clip')}" for answer, n in clips.items()))
        st.download_button(
            "CSV", lambda: str(table.to_csv(index=False)), f"atlas-{name}-{aspect}.csv",
            "text/csv", on_click="ignore",
        )  # fmt: skip


def _maps(found: Bench, name: str) -> None:
    """Mean maps, where the model sees one representation."""
    rep = found.about.get("representation")
    if not rep:
        return
    representation = make(**rep)
    if representation.summary:
        return
    st.markdown("**Mean map of each answer**, over the course of the clip")
    columns = st.columns(3, gap="small")
    for number, (answer, values) in enumerate(found.maps.get(name, {}).items()):
        with columns[number % 3]:
            st.html(theme.chip(answer))
            theme.figure(mean_map_figure(values, representation, answer), key=f"atlas-map-{answer}")
