"""Let an exported file answer here, from onnxruntime alone."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from pages.shared import navigation, player, theme
from pages.shared.errors import plain, told
from ser_core import audio
from ser_core.export.model import OnnxModel, open_onnx
from ser_core.plots.results import answer_figure

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pages.shared.selection import Active
    from ser_core.export.spec import Spec

SOURCES = ("Clip of the corpus", "Upload", "Microphone")


def show(files: Mapping[Path, Spec], active: Active) -> None:
    """A recording, and what the file answers to it."""
    st.subheader("Try it")
    left, right = st.columns(2)
    with left:
        by_name = {path.name: path for path in files}
        name = st.selectbox("File", list(by_name), key="try-file")
        source = st.segmented_control(
            "Recording", SOURCES, default=SOURCES[0], required=True, key="try-source"
        )
        found = _recording(str(source), active)
    if found is None:
        return
    label, content, true = found
    with right, told():
        path = by_name[str(name)]
        model = _opened(str(path), path.stat().st_mtime)
        wave = audio.load(content, sample_rate=model.sample_rate, name=label)
        (answer,) = model.predict([wave])
        chances = dict(zip(model.classes, map(float, answer), strict=True))
        st.markdown(f"**{max(chances, key=chances.__getitem__)}**, answered by onnxruntime alone")
        theme.figure(answer_figure(chances, true=true), key="try-answer")
        navigation.link("predict", "The same in the app →")


def _recording(source: str, active: Active) -> tuple[str, Path | bytes, str] | None:
    """Name, content and true emotion of what is to be answered."""
    if source == SOURCES[0]:
        if not active.clip:
            st.info("The open corpus has no clip that can be played.")
            return None
        path = active.corpus.path(active.clip)
        player.play(player.sound(path), label=active.clip)
        st.caption(plain(active.clip))
        return active.clip, path, str(active.row["emotion"])
    if source == SOURCES[1]:
        given = st.file_uploader("Sound file", key="try-upload")
    else:
        given = st.audio_input("Record", key="try-record", sample_rate=48_000)
    return (given.name, given.getvalue(), "") if given else None


@st.cache_resource(max_entries=4, show_spinner="Opening the file …")
def _opened(path: str, changed: float) -> OnnxModel:  # noqa: ARG001  (part of the key)
    return open_onnx(Path(path), threads=1)
