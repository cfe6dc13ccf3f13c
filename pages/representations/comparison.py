"""The comparison with a second clip."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd
import streamlit as st

from pages.components import clip_source, errors, player, selection, theme
from pages.components.errors import plain
from pages.representations import url_params
from ser_core.core import SerError
from ser_core.corpora import siblings
from ser_core.corpora.nearest import nearest
from ser_core.plots.representations import LARGE, Size, feature_map_figure
from ser_core.plots.scales import scale_for

if TYPE_CHECKING:
    from pages.components.clip_source import SelectedSound
    from pages.components.selection import Active
    from ser_core.corpora import Corpus
    from ser_core.features.feature_map import FeatureMap
    from ser_core.plots.scales import Scale


def chosen_clip(active: Active) -> str:
    """The clip to compare with that the address names; empty if there is none."""
    clip = url_params.read(url_params.COMPARE)
    if clip and clip not in active.corpus.usable.index:
        st.warning(f"The clip {plain(clip)} to compare with is not in the corpus.")
        return ""
    return clip


def show_offers(active: Active, shown: SelectedSound | None) -> None:
    """One click for each other emotion of the same sentence by the same speaker, or any clip."""
    if shown is None or not active.clip:
        return
    own = active.clip if shown.name == active.clip else ""
    group = siblings(active.corpus, own).drop(index=own) if own else active.corpus.usable.iloc[:0]
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown("Compare with", width="content")
        for clip, row in group.iterrows():
            _button(str(row["emotion"]), str(clip), f"Same speaker and sentence: {plain(clip)}")
        others = active.corpus.usable.index.drop(own, errors="ignore")
        if len(others):
            label = "another clip" if own else "a clip of the corpus"
            _button(label, str(others[0]), "Choose by speaker, emotion and sentence")


def _button(label: str, clip: str, help_: str) -> None:
    st.button(
        label,
        key=f"compare-{label}",
        help=help_,
        on_click=url_params.write,
        args=(url_params.COMPARE, clip),
    )


def load(active: Active, clip: str) -> SelectedSound | SerError:
    """The second clip, or why it cannot be shown."""
    try:
        return clip_source.of_corpus(active.corpus, clip)
    except SerError as error:
        return error


def show_second(
    active: Active, shown: SelectedSound | None, other: SelectedSound | SerError, clip: str
) -> None:
    """The second clip with its waveform, player, and the choice of another."""
    with st.container(border=True):
        _choice(active, shown, clip)
        if isinstance(other, SerError):
            errors.show(other)
        else:
            clip_source.show_waveform(other, shown, key="second-waveform")
            player.play(other.waveform(), label=other.name)


def _choice(active: Active, shown: SelectedSound | None, clip: str) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown("Compared with", width="content")
        if shown is not None and shown.name == active.clip:
            st.button("Swap", on_click=_swap, args=(active.clip, clip))
        st.button("Stop comparing", on_click=url_params.write, args=(url_params.COMPARE, ""))
    row = active.corpus.clips.loc[clip]
    st.html(theme.chip(row["emotion"]) + player.spoken(row))
    with st.container(horizontal=True, gap="small"):
        for column in clip_source.WIDTHS:
            _filter(active.corpus, row, column)
    with st.container(horizontal=True, vertical_alignment="center"):
        clip_source.steps(active.corpus, clip, _choose, key="second")


def _choose(clip: str) -> None:
    url_params.write(url_params.COMPARE, clip)


def _filter(corpus: Corpus, row: Any, column: str) -> None:
    options = clip_source.choices(corpus, column)
    if len(options) < 2 or pd.isna(row[column]):
        return
    key = f"second-{column}"
    st.session_state[key] = row[column]
    st.selectbox(
        column.capitalize(),
        options,
        key=key,
        on_change=_filter_changed,
        args=(column,),
        width=clip_source.WIDTHS[column],
    )


def _filter_changed(column: str) -> None:
    corpus, clip = selection.active().corpus, url_params.read(url_params.COMPARE)
    wish = {column: st.session_state[f"second-{column}"]}
    url_params.write(url_params.COMPARE, nearest(corpus, clip, **wish))


def _swap(first: str, second: str) -> None:
    selection.choose(clip=second, **{url_params.COMPARE: first})


def side_by_side(
    one: FeatureMap,
    two: FeatureMap,
    *,
    size: Size = LARGE,
    key: str,
    config: dict[str, Any] | None = None,
    badges: tuple[str, str] = ("", ""),
) -> Scale:
    """Two feature maps of one representation on one scale of colour and one of time.

    Args:
        one: The left one.
        two: The right one.
        size: Of each.
        key: Beginning of the charts' keys.
        config: Of the charts.
        badges: HTML above each that says which sound it is of.

    Returns:
        The scale of colour that both share.
    """
    scale = scale_for([one, two])
    lasting = max(len(p.times) for p in (one, two)) * one.step
    sides = zip(st.columns(2), (one, two), ("first", "second"), badges, strict=True)
    for column, feature_map, side, badge in sides:
        span = (feature_map.start - one.step / 2, feature_map.start - one.step / 2 + lasting)
        figure = feature_map_figure(feature_map, scale, size, span=span)
        with column:
            if badge:
                st.html(badge)
            name = feature_map.representation.name
            theme.figure(figure, key=f"{key}-{side}-{name}", config=config)
    return scale
