"""All representations as a grid, or one in detail; of one sound, or of two side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from pages.components import clip_source, errors, theme
from pages.components.errors import plain
from pages.representations import comparison, detail, feature_maps, url_params
from ser_core.core import SerError
from ser_core.features.representations import REPRESENTATIONS
from ser_core.plots.representations import QUIET, SMALL, feature_map_figure
from ser_core.plots.scales import scale_for

if TYPE_CHECKING:
    from pages.components.clip_source import SelectedSound
    from pages.components.selection import Active
    from ser_core.features.feature_map import FeatureMap


def show(active: Active, shown: SelectedSound, other: SelectedSound | None) -> None:
    """What the address asks for."""
    name = url_params.read(url_params.REPRESENTATION)
    if name and name not in REPRESENTATIONS:
        _unknown(name)
        name = ""
    if name:
        detail.show(active, shown, other, name)
    elif other is None:
        _grid(feature_maps.all_maps(shown), shown)
    else:
        _pairs(shown, other)


def _unknown(name: str) -> None:
    try:
        REPRESENTATIONS[name]
    except SerError as error:
        errors.show(error)


def _grid(shown: list[FeatureMap], sound: SelectedSound) -> None:
    st.subheader("All thirteen")
    st.caption("Click a title to enlarge a feature map, with parameters, downloads, class means.")
    feature_maps.note_if_short(sound, shown[0])
    grid = st.grid(4, min_column_width=330, gap="small")
    for feature_map in shown:
        wide = 2 if len(feature_map.values) > 1 else 1
        with grid.cell(column_span=wide), st.container(border=True, gap="xxsmall"):
            _title_button(feature_map)
            figure = feature_map_figure(feature_map, scale_for([feature_map]), SMALL, beside=True)
            theme.figure(figure, key=f"small-{feature_map.representation.name}", config=QUIET)
    st.caption(
        "Point at a map to read time, bin and value. Where it has more bins or frames than fit, a "
        "cell shows the largest; the enlarged one shows all."
    )


def _pairs(shown: SelectedSound, other: SelectedSound) -> None:
    """A row a representation: both sounds on one colour scale and one time scale."""
    first, second = feature_maps.all_maps(shown), feature_maps.all_maps(other)
    for sound, feature_map in ((shown, first[0]), (other, second[0])):
        feature_maps.note_if_short(sound, feature_map)
    badges = clip_source.badge(shown), clip_source.badge(other)
    for one, two in zip(first, second, strict=True):
        with st.container(border=True, gap="xxsmall"):
            _title_button(one)
            comparison.side_by_side(one, two, size=SMALL, key="small", config=QUIET, badges=badges)


def _title_button(feature_map: FeatureMap) -> None:
    rep = feature_map.representation
    st.button(
        f"**{plain(rep.title)}**",
        key=f"enlarge-{rep.name}",
        type="tertiary",
        help=f"{rep.describe} Click to enlarge it and to change its parameters.",
        on_click=url_params.enlarge,
        args=(rep.name,),
    )
