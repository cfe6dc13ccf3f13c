"""Audio players and waveforms of clips."""

from __future__ import annotations

import base64
from html import escape
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd
import streamlit as st

from pages.components import errors, theme
from ser_core import audio
from ser_core.plots.palette import ACCENT, emotion_color
from ser_core.plots.waveform import waveform_figure, waveform_svg

if TYPE_CHECKING:
    from pathlib import Path

    from ser_core.audio import Waveform
    from ser_core.corpora import Corpus


def sound(path: Path) -> Waveform:
    """Decoded file at its own sample rate, mono; cached while it does not change.

    Raises:
        AudioError: If it cannot be decoded.
    """
    return _sound(path, path.stat().st_mtime if path.exists() else 0.0)


@st.cache_resource(max_entries=200, show_spinner=False)
def _sound(path: Path, changed: float) -> Waveform:  # noqa: ARG001  (the key)
    return audio.load(path, sample_rate=None)


def play(waveform: Waveform, *, label: str, width: int | Literal["stretch"] = "stretch") -> None:
    """An audio player for exactly the samples that the feature maps show."""
    st.audio(audio.to_wav(waveform), format="audio/wav", alt=label, width=width)


def facts(row: Any) -> str:
    """HTML with the metadata of a clip; what is unknown is left out."""
    metadata = {
        "Speaker": row["speaker"],
        "Gender": row["gender"],
        "Age": row["age"],
        "Intensity": row["intensity"],
        "Duration": f"{row['duration']:.2f} s" if pd.notna(row["duration"]) else pd.NA,
        "Sample rate": f"{row['sample_rate']:,} Hz" if pd.notna(row["sample_rate"]) else pd.NA,
    }
    parts = [
        f"<div><span>{name}</span>{escape(str(value))}</div>"
        for name, value in metadata.items()
        if pd.notna(value)
    ]
    return f'<div class="ser-facts">{"".join(parts)}</div>'


def spoken(row: Any) -> str:
    """HTML with the words of a clip, or the name of its sentence; empty when neither is known."""
    said = words(row)
    return f'<div class="ser-said">“{escape(said)}”</div>' if said else ""


def words(row: Any) -> str:
    """The words of a clip, or the name of its sentence; empty when neither is known."""
    found = row["text"] if pd.notna(row["text"]) else row["sentence"]
    return str(found) if pd.notna(found) else ""


def wave(waveform: Waveform, emotion: object) -> str:
    """HTML of the shape of a waveform, in the colour of an emotion."""
    color = emotion_color(emotion) if isinstance(emotion, str) else ACCENT
    return f'<div class="ser-wave">{_as_image(waveform_svg(waveform, color=color))}</div>'


def clip_view(corpus: Corpus, clip: str, *, key: str, height: int = 190) -> None:
    """A clip in full: emotion, words, waveform to read, player, what is known of it."""
    row = corpus.clips.loc[clip]
    st.html(theme.chip(row["emotion"]) + spoken(row))
    with errors.error_boundary():
        waveform = sound(corpus.path(clip))
        color = emotion_color(row["emotion"])
        theme.figure(waveform_figure(waveform, color=color, height=height), key=f"{key}-waveform")
        play(waveform, label=clip)
    st.html(facts(row))


def clip_card(corpus: Corpus, clip: str, *, title: str = "") -> None:
    """A clip in brief: its emotion (or a title), the shape of its waveform, a player."""
    row = corpus.clips.loc[clip]
    with errors.error_boundary():
        waveform = sound(corpus.path(clip))
        name = escape(title) if title else theme.chip(row["emotion"])
        length = f'<span style="opacity:.65;float:right">{waveform.duration:.2f} s</span>'
        st.html(f"<div>{name}{length}</div>{wave(waveform, row['emotion'])}")
        play(waveform, label=clip)


def _as_image(svg: str) -> str:
    """HTML of an SVG; streamlit strips an SVG element from HTML, but not an image that is one."""
    data = base64.b64encode(svg.encode()).decode()
    return f'<img alt="waveform" src="data:image/svg+xml;base64,{data}">'
