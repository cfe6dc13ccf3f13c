"""Downloads of a feature map, made when the button is pressed."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from ser_core import audio
from ser_core.features.representations.files import to_csv, to_npz
from ser_core.plots.publication_features import print_feature_map

if TYPE_CHECKING:
    from collections.abc import Callable

    from pages.components.clip_source import SelectedSound
    from ser_core.features.feature_map import FeatureMap
    from ser_core.plots.scales import Scale


def show(feature_map: FeatureMap, sound: SelectedSound, scale: Scale) -> None:
    """A row of buttons: the feature map as coloured on the page, its numbers, the sound."""
    draw = partial(print_feature_map, feature_map, scale=scale)
    rep = feature_map.representation
    makers: dict[str, tuple[str, Callable[[], bytes | str], str]] = {
        "PNG": ("image/png", partial(draw, "png"), "The feature map, for a paper"),
        "SVG": ("image/svg+xml", partial(draw, "svg"), "The feature map, scalable"),
        "CSV": (
            "text/csv",
            partial(to_csv, rep, feature_map.values),
            "A row a frame, a column a bin",
        ),
        "NPZ": (
            "application/octet-stream",
            partial(to_npz, rep, feature_map.values),
            "For NumPy: values, axes, parameters and their hash",
        ),
    }
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption("Download", width="content")
        for kind, (mime, make, help_) in makers.items():
            button(kind, f"{sound.stem}-{rep.name}", mime, make, help_)
        button("WAV", sound.stem, "audio/wav", partial(_wav, sound), "The sound that is shown")


def button(kind: str, stem: str, mime: str, make: Callable[[], bytes | str], help_: str) -> None:
    """A button for a file of this kind, made when it is pressed."""
    st.download_button(
        kind,
        make,
        file_name=f"{stem}.{kind.lower()}",
        mime=mime,
        key=f"download-{stem}-{kind}",
        help=help_,
        on_click="ignore",
    )


def _wav(sound: SelectedSound) -> bytes:
    return audio.to_wav(sound.waveform())
