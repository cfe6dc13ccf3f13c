"""One representation in detail: parameters, values, explanation, downloads, class means."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING

import streamlit as st

from pages.components import clip_source, theme
from pages.components.errors import plain
from pages.representations import (
    augmentation,
    class_means,
    comparison,
    feature_map_files,
    feature_maps,
    parameter_controls,
    url_params,
)
from ser_core.features.feature_map import difference
from ser_core.features.representations import REPRESENTATIONS
from ser_core.features.representations.files import LEVELS
from ser_core.plots.representations import LARGE, WIDE, feature_map_figure
from ser_core.plots.scales import beyond_in_words, scale_for

if TYPE_CHECKING:
    from pages.components.clip_source import SelectedSound
    from pages.components.selection import Active
    from ser_core.features.feature_map import FeatureMap
    from ser_core.features.representations import Representation
    from ser_core.plots.scales import Scale


def show(active: Active, shown: SelectedSound, other: SelectedSound | None, name: str) -> None:
    """The enlarged representation of one sound or of two."""
    _choice(name)
    st.subheader(REPRESENTATIONS[name].title)
    st.markdown(plain(REPRESENTATIONS[name].describe))
    if other is None:
        left, right = st.columns([4, 1], gap="medium")
        with right:
            representation = parameter_controls.panel(name, message_area=left)
        with left:
            _single(feature_maps.one_map(shown, representation), shown)
    else:
        representation = parameter_controls.panel(name, message_area=st.container(), wide=True)
        one, two = (feature_maps.one_map(sound, representation) for sound in (shown, other))
        _pair(one, two, shown, other)
    augmentation.show(shown, representation)
    _explanation(representation)
    class_means.show(active, representation)


def _choice(name: str) -> None:
    """Back to all, or on to another one."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.button("← All thirteen", on_click=url_params.enlarge, args=("",))
        titles = {each: cls.title for each, cls in REPRESENTATIONS.items()}
        st.session_state["enlarged-name"] = name
        st.selectbox(
            "Representation",
            list(titles),
            format_func=titles.__getitem__,
            key="enlarged-name",
            on_change=_enlarge_another,
            label_visibility="collapsed",
            width=240,
        )


def _enlarge_another() -> None:
    name = st.session_state["enlarged-name"]
    url_params.enlarge(name)
    augmentation.adapt_to(name)


def _single(feature_map: FeatureMap, shown: SelectedSound) -> None:
    feature_maps.note_if_short(shown, feature_map)
    scale = scale_for([feature_map])
    theme.figure(feature_map_figure(feature_map, scale, LARGE), key="enlarged")
    feature_map_files.show(feature_map, shown, scale)
    _numbers(feature_map, scale)


def _pair(one: FeatureMap, two: FeatureMap, shown: SelectedSound, other: SelectedSound) -> None:
    """Both, and what differs when both are brought to one length."""
    for sound, feature_map in ((shown, one), (other, two)):
        feature_maps.note_if_short(sound, feature_map)
    badges = clip_source.badge(shown), clip_source.badge(other)
    scale = comparison.side_by_side(one, two, size=WIDE, key="large", badges=badges)
    for column, feature_map, sound in zip(st.columns(2), (one, two), (shown, other), strict=True):
        with column:
            feature_map_files.show(feature_map, sound, scale)
            _numbers(feature_map, scale)
    box = st.expander("Difference: the first minus the second", on_change="rerun", key="apart")
    if box.open:
        with box:
            _difference(one, two)


def _difference(one: FeatureMap, two: FeatureMap) -> None:
    apart = difference(one, two)
    theme.figure(feature_map_figure(apart, scale_for([apart], signed=True), WIDE), key="difference")
    st.caption(
        "Both are time-normalised to one length. The same position need not be the same syllable: "
        "read broad patterns, not single cells."
    )


def _numbers(feature_map: FeatureMap, scale: Scale) -> None:
    """How many there are, which the colours do not reach, and what their zero is."""
    told = beyond_in_words(feature_map, scale)
    if told:
        st.caption(plain(f"{told}."))
    level = LEVELS.get(feature_map.representation.name)
    if level:
        st.caption(plain(level))
    channels, bins, frames = feature_map.values.shape
    many = f"{channels} channels × " if channels > 1 else ""
    st.caption(
        f"{many}{bins} × {frames} values (bins × frames), one frame every "
        f"{feature_map.step * 1000:g} ms · hash `{feature_map.representation.hash}`",
        help="The hash changes with any parameter and with the code that computes the numbers.",
    )


def _explanation(representation: Representation) -> None:
    with st.expander("Definition and method"):
        st.markdown(plain(representation.describe))
        st.markdown(plain(method(type(representation))))


def method(representation: type) -> str:
    """How it is computed and who thought of it: the docstring, less what it raises."""
    return inspect.cleandoc(representation.__doc__ or "").split("\n\nRaises:")[0]
