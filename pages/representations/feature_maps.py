"""Feature maps of a sound, cached so that a changed control computes only what it must."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from pages.components.clip_source import length
from pages.components.errors import plain
from ser_core import audio
from ser_core.core import count
from ser_core.features.feature_map import FeatureMap, Values, feature_map_of
from ser_core.features.representations import REPRESENTATIONS, Representation, make, represent

if TYPE_CHECKING:
    from pages.components.clip_source import SelectedSound
    from ser_core.audio import Waveform


def all_maps(shown: SelectedSound) -> list[FeatureMap]:
    """Every representation with its defaults; what they share is computed once.

    Raises:
        AudioError: If the sound cannot be decoded.
    """
    representations = tuple(make(name) for name in REPRESENTATIONS)
    waveform = shown.waveform(representations[0].sample_rate)
    values = _values(audio.sha256(waveform), representations, waveform)
    return [
        feature_map_of(rep, array, shown.name, shown.start)
        for rep, array in zip(representations, values, strict=True)
    ]


def one_map(shown: SelectedSound, representation: Representation) -> FeatureMap:
    """One representation, with its parameters.

    Raises:
        AudioError: If the sound cannot be decoded at the representation's sample rate.
    """
    waveform = shown.waveform(representation.sample_rate)
    values = _values(audio.sha256(waveform), (representation,), waveform)
    return feature_map_of(representation, values[0], shown.name, shown.start)


def note_if_short(shown: SelectedSound, feature_map: FeatureMap) -> None:
    """Say so where the sound does not fill one analysis window."""
    rep = feature_map.representation
    window = rep.n_fft / rep.sample_rate
    if shown.duration < window:
        st.warning(
            f"{plain(shown.name)} lasts {length(shown.duration)}, shorter than one window of "
            f"{1000 * window:g} ms: "
            f"{count(feature_map.values.shape[-1], 'frame')}, of little meaning."
        )


@st.cache_resource(
    max_entries=64,
    show_spinner=False,
    hash_funcs={tuple: lambda representations: [rep.hash for rep in representations]},
)
def _values(
    address: str,  # noqa: ARG001  (with the hashes, the key)
    representations: tuple[Representation, ...],
    _waveform: Waveform,
) -> list[Values]:
    return represent(_waveform, representations)
