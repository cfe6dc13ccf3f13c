"""A second clip beside the first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd
import streamlit as st

from pages.shared import errors, player, selection, theme
from pages.shared.errors import plain
from pages.shared.representations import address, source
from ser_core.corpora.browse import siblings
from ser_core.corpora.nearest import nearest
from ser_core.errors import SerError
from ser_core.plots.palette import ACCENT, emotion_color
from ser_core.plots.representations import LARGE, Size, picture_figure
from ser_core.plots.scales import scale_for
from ser_core.plots.waveform import waveform_figure

if TYPE_CHECKING:
    from pages.shared.representations.source import Shown
    from pages.shared.selection import Active
    from ser_core.corpora import Corpus
    from ser_core.pictures import Picture


def choose(active: Active, shown: Shown) -> Shown | None:
    """Offer a second clip of the corpus, and show it when there is one."""
    clip = address.read(address.COMPARE)
    if clip and clip not in active.corpus.usable.index:
        st.warning(f"The clip {plain(clip)} to compare with is not in the corpus.")
        clip = ""
    if not clip:
        _offer(active, shown)
        return None
    return _second(active, shown, clip)


def _offer(active: Active, shown: Shown) -> None:
    """One click for each other emotion of the same words by the same voice, or any clip."""
    own = active.clip if shown.name == active.clip else ""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown("Compare with", width="content")
        group = siblings(active.corpus, own) if own else active.corpus.usable.iloc[:0]
        others = group.drop(index=own) if own else group
        for other, row in others.iterrows():
            _button(str(row["emotion"]), str(other), "The same speaker and sentence")
        any_clip = _start_with(active, own)
        if any_clip:
            _button("another clip" if len(others) else "a clip of the corpus", any_clip, "")


def _button(label: str, clip: str, what: str) -> None:
    help_ = f"{what}: {plain(clip)}" if what else "Choose by speaker, emotion and sentence"
    st.button(
        label,
        key=f"compare-{label}",
        help=help_,
        on_click=address.write,
        args=(address.COMPARE, clip),
    )


def _start_with(active: Active, own: str) -> str:
    clips = [clip for clip in active.corpus.usable.index if clip != own]
    return clips[0] if clips else ""


def _second(active: Active, shown: Shown, clip: str) -> Shown | None:
    """The second clip with its waveform, player, and the choice of another."""
    with st.container(border=True):
        left, right = st.columns([2, 3], gap="medium")
        with left:
            _choice(active, shown, clip)
        with right:
            try:
                other = source.of_corpus(active.corpus, clip)
                waveform = other.waveform()
            except SerError as error:
                errors.show(error)
                return None
            color = emotion_color(other.emotion) if other.emotion else ACCENT
            theme.figure(
                waveform_figure(waveform, color=color, height=source.HEIGHT), key="second-waveform"
            )
            player.play(waveform, label=clip)
    return other


def _choice(active: Active, shown: Shown, clip: str) -> None:
    row = active.corpus.clips.loc[clip]
    st.html(theme.chip(row["emotion"]) + player.spoken(row))
    with st.container(horizontal=True, gap="small"):
        for column in source.WIDTHS:
            _wish(active.corpus, row, column)
    with st.container(horizontal=True, vertical_alignment="center"):
        if shown.name == active.clip:
            st.button("Swap", on_click=_swap, args=(active.clip, clip))
        st.button("Stop comparing", on_click=address.write, args=(address.COMPARE, ""))


def _wish(corpus: Corpus, row: Any, column: str) -> None:
    options = source.choices(corpus, column)
    if len(options) < 2 or pd.isna(row[column]):
        return
    key = f"second-{column}"
    st.session_state[key] = row[column]
    st.selectbox(
        column.capitalize(),
        options,
        key=key,
        on_change=_grant,
        args=(column,),
        width=source.WIDTHS[column],
    )


def _grant(column: str) -> None:
    corpus, clip = selection.active().corpus, address.read(address.COMPARE)
    wish = {column: st.session_state[f"second-{column}"]}
    address.write(address.COMPARE, nearest(corpus, clip, **wish))


def _swap(first: str, second: str) -> None:
    selection.choose(clip=second)
    address.write(address.COMPARE, first)


def side_by_side(
    one: Picture,
    two: Picture,
    *,
    size: Size = LARGE,
    key: str,
    config: dict[str, Any] | None = None,
) -> None:
    """Two pictures of one representation on one scale of colour and one of time."""
    scale = scale_for([one, two])
    lasting = max(len(p.times) for p in (one, two)) * one.step
    for column, picture, side in zip(st.columns(2), (one, two), ("first", "second"), strict=True):
        span = (picture.start - one.step / 2, picture.start - one.step / 2 + lasting)
        figure = picture_figure(picture, scale, size, span=span)
        with column:
            name = picture.representation.name
            theme.figure(figure, key=f"{key}-{side}-{name}", config=config)
