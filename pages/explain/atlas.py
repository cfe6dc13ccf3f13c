"""Atlas: where what speaks for each emotion lies, over a whole test set."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from pages.components import theme
from pages.explain import loading
from pages.explain.faithfulness import provenance
from pages.explain.sound_deletion import method_title
from ser_core.core import count
from ser_core.explain.speech_relevance import ASPECTS
from ser_core.features.representations import make
from ser_core.plots.explain import atlas_figure, mean_map_figure

if TYPE_CHECKING:
    from pages.components.selection import Active
    from ser_core.explain.benchmark_report import Bench
    from ser_core.inference.catalogue import ModelInfo


def show(info: ModelInfo, active: Active) -> None:  # noqa: ARG001  (as all views)
    """Shares of each answer with intervals, and the mean map of each."""
    known = loading.bench(info)
    if known is None:
        st.info("The atlas is made from a benchmark: run one on the tab Faithfulness.")
        return
    st.markdown(
        "Mean attribution over all clips, by predicted class. A grey dash is the part's share "
        "of the input: **a share of the relevance above it means more weight than a uniform map "
        "would give**."
    )
    provenance(known, info)
    found = known.bench
    with st.container(horizontal=True, vertical_alignment="bottom"):
        passed = list(dict.fromkeys([*loading.ranking(info), *found.ranked, *found.methods]))
        name = st.selectbox(
            "Method", passed, format_func=method_title, key="atlas-method", bind="query-params"
        )
        aspects = [each for each in ASPECTS if each in set(found.readings["aspect"])]
        aspect = _aspect(aspects) if aspects else ""
    if name in found.left_out:
        st.warning(f"{method_title(name)} is not ranked: {found.left_out[name]}.")
    if aspect:
        _shares(found, name, aspect)
    else:
        st.info(
            "This benchmark explains features without an axis of time or frequency. Run one of "
            "a network on a spectrogram-like representation."
        )
    _maps(found, name)


def _aspect(known: list[str]) -> str:
    return str(
        st.segmented_control(
            "Aspect",
            known,
            default=known[0],
            required=True,
            format_func=ASPECTS.__getitem__,
            key="atlas-aspect",
            bind="query-params",
        )
    )


def _shares(found: Bench, name: str, aspect: str) -> None:
    table = found.atlas(name, aspect)
    if table.empty:
        st.info("Too few clips of each predicted class.")
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
    st.markdown(
        "**Mean attribution map of each predicted class**, over the relative duration of the "
        "clip. 1: as in a uniform map."
    )
    clips = found.clips["answer"].value_counts()
    columns = st.columns(3, gap="small")
    for number, (answer, values) in enumerate(found.maps.get(name, {}).items()):
        with columns[number % 3]:
            st.html(f"{theme.chip(answer)} {count(int(clips[answer]), 'clip')}")
            theme.figure(mean_map_figure(values, representation, answer), key=f"atlas-map-{answer}")
