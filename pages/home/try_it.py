"""Try it: record, drop a file, or tap an example, and see the answer at once."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import streamlit as st

from pages.components import (
    clip_source,
    errors,
    model_loading,
    navigation,
    player,
    selection,
    single_prediction,
    theme,
)
from pages.components.clip_source import UPLOAD, SelectedSound
from ser_core.core import demo_corpus, files
from ser_core.inference.catalogue import BUNDLED, models
from ser_core.inference.classify import check

if TYPE_CHECKING:
    from ser_core.corpora import Corpus
    from ser_core.inference.catalogue import ModelInfo

Given: TypeAlias = "tuple[str, bytes] | str"
"""A name and the bytes of a sound, or an example by the name of its clip."""

TRIED = "_tried"
"""Key in the session of the sound that is answered."""

MOST_EXAMPLES = 4
RECORDED, DROPPED = "try-recording", "try-file"


def show() -> None:
    """Three ways to give a sound, and the answer to the last one given."""
    info = next((each for each in models() if each.kind == BUNDLED), None)
    if info is None:
        return
    demo = selection.opened(demo_corpus())
    with st.container(border=True):
        st.subheader("Try it")
        st.markdown(
            f"What does a voice sound like to the bundled model? {info.performance.said} Sounds "
            "stay on this computer."
        )
        record, drop, examples = st.columns(3, gap="medium")
        with record:
            st.audio_input(
                "Record a sentence", key=RECORDED, sample_rate=48_000, on_change=_given,
                args=(RECORDED, "recording.wav"),
            )  # fmt: skip
        with drop:
            st.file_uploader(
                "Or drop a file", type=clip_source.FORMATS, key=DROPPED, on_change=_given,
                args=(DROPPED, ""),
            )  # fmt: skip
        with examples:
            _examples(demo, info)
        with errors.error_boundary():
            _answer(demo, info)


def _given(key: str, name: str) -> None:
    """Keep what a widget was given, or forget it when the widget is emptied."""
    given = st.session_state[key]
    if given is None:
        st.session_state.pop(TRIED, None)
    else:
        st.session_state[TRIED] = (name or given.name, given.getvalue())


def _examples(demo: Corpus, info: ModelInfo) -> None:
    """Clips of the demo that trained no part of the model, as buttons."""
    st.markdown(
        "Or tap an example",
        help="Clips of the bundled demo that were not used to train this model. Other clips of "
        "their speakers were.",
    )
    held_out = model_loading.provenance_of(info, demo).of(list(demo.usable.index), "test")
    with st.container(horizontal=True, gap="small"):
        for number, clip in enumerate(held_out[:MOST_EXAMPLES], start=1):
            st.button(
                f"Example {number}", key=f"try-{clip}", on_click=_tapped, args=(clip,),
                help=str(demo.usable.loc[clip, "text"]),
            )  # fmt: skip


def _tapped(clip: str) -> None:
    st.session_state[TRIED] = clip


def _answer(demo: Corpus, info: ModelInfo) -> None:
    """The answer with its certainty, and where to go from it."""
    given: Given | None = st.session_state.get(TRIED)
    if given is None:
        return
    example = isinstance(given, str)
    sound = clip_source.of_corpus(demo, given) if isinstance(given, str) else _own(*given)
    model = model_loading.answering(info)
    wave = clip_source.decoded(sound.content, sound.name, model.predictor.sample_rate)
    check(wave, sound.name)
    model = model_loading.for_speaker(sound.speaker, info, model, demo) if example else model
    left, right = st.columns([3, 2], gap="medium")
    with left:
        single_prediction.show(info, model, sound, wave)
    with right:
        player.play(wave, label=sound.name)
        if example and sound.emotion:
            st.html(f"The speaker was asked for {theme.chip(sound.emotion)}")
        # The open corpus may be another than that of the examples, so they become uploads.
        own = sound.content
        content = files.read_bytes(own) if isinstance(own, Path) else own
        clip_source.hold(Path(sound.name).name, content)
        if not example:
            _teach(info)
        navigation.link("explain", "Why? Explain the prediction →", model=info.key, source=UPLOAD)
        navigation.link("predict", "More on the page Predict →", model=info.key, source=UPLOAD)


def _own(name: str, content: bytes) -> SelectedSound:
    whole = clip_source.decoded(content, name, None)
    return SelectedSound(name, content, None, 0, min(whole.duration, clip_source.PART))


def _teach(info: ModelInfo) -> None:
    """Enrolment, in two sentences."""
    st.markdown(
        "**Teach it your voice.** A few recordings of you, without labels, tell the model how your "
        "voice usually sounds. On voices that it was taught it is right more often."
    )
    navigation.link("predict", "Teach it →", model=info.key, source=UPLOAD)
