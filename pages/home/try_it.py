"""Try it: record, drop a file, or tap an example, and see the answer at once."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from pages.components import (
    clip_source,
    enrolment,
    errors,
    model_loading,
    navigation,
    selection,
    single_prediction,
    theme,
)
from pages.components.clip_source import UPLOAD
from ser_core.core import demo_corpus, files
from ser_core.inference.catalogue import BUNDLED, models
from ser_core.inference.classify import check

if TYPE_CHECKING:
    from ser_core.corpora import Corpus
    from ser_core.inference.catalogue import ModelInfo

TRIED = "_tried"
"""Key in the session of the name of the sound that is answered."""

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
        st.caption(
            f"What does a voice sound like to the bundled model? {info.performance.said} Sounds "
            "stay on this computer."
        )
        with errors.error_boundary():
            _answer(demo, info)


def _given(key: str, name: str) -> None:
    """Make what a widget was given the sound of all pages, or forget it when it is emptied."""
    given = st.session_state[key]
    if given is None:
        st.session_state.pop(TRIED, None)
    else:
        _own(name or given.name, given.getvalue())


def _own(name: str, content: bytes) -> None:
    clip_source.hold(name, content)
    st.session_state[TRIED] = name
    selection.choose(source=UPLOAD)


def _examples(demo: Corpus, info: ModelInfo) -> None:
    """Clips of the demo that trained no part of the model, as buttons."""
    st.markdown(
        "Or tap an example",
        help="Clips of the bundled demo that were not used to train this model. Other clips of "
        "their speakers were.",
    )
    held_out = model_loading.provenance_of(info, demo).of(list(demo.usable.index), "test")
    with st.container(horizontal=True, gap="small", key="home-examples"):
        for number, clip in enumerate(held_out[:MOST_EXAMPLES], start=1):
            st.button(
                f"Example {number}", key=f"try-{clip}", on_click=_tapped, args=(demo, clip),
                help=str(demo.usable.loc[clip, "text"]),
            )  # fmt: skip


def _tapped(demo: Corpus, clip: str) -> None:
    if selection.active().corpus is demo:
        st.session_state[TRIED] = clip
        selection.choose(clip=clip)
    else:  # the open corpus does not have it
        _own(Path(clip).name, files.read_bytes(demo.path(clip)))


def _answer(demo: Corpus, info: ModelInfo) -> None:
    """The answer with its certainty, and where to go from there, while its sound is current."""
    sound = clip_source.current().sound
    if sound is None or sound.name != st.session_state.get(TRIED):
        return
    model = model_loading.answering(info)
    wave = clip_source.decoded(sound.content, sound.name, model.predictor.sample_rate)
    check(wave, sound.name)
    model = model_loading.for_speaker(sound.speaker, info, model, demo)
    left, right = st.columns([3, 2], gap="medium")
    with left:
        single_prediction.show(info, model, sound, wave)
    with right:
        if sound.emotion:
            st.html(f"The speaker was asked for {theme.chip(sound.emotion)}")
        elif not enrolment.clips():
            _teach(info)
        navigation.link("explain", "Why? Explain the prediction →", model=info.key)
        navigation.link("predict", "More on the page Predict →", model=info.key)


def _teach(info: ModelInfo) -> None:
    """Enrolment, in two sentences."""
    st.markdown(
        "**Teach it your voice.** A few recordings of you, without labels, tell the model how your "
        "voice usually sounds. On voices that it was taught it is right more often."
    )
    navigation.link("predict", "Teach it, under Enrol a speaker →", model=info.key)
