"""Home: what this is, what is open, a clip to hear at once, and where to go next."""

from __future__ import annotations

import streamlit as st

from pages.components import navigation, player, selection, theme
from pages.components.errors import plain
from pages.components.selection import Active
from ser_core.corpora.browse import other_sentence, same_emotion, siblings
from ser_core.recent import finished_runs
from ser_core.words import count

MOST_SPEAKERS = 40  # more of them are chosen on the page Corpus
NEXT = {
    "corpus": "Browse the clips, check them for faults, split them without leaks",
    "representations": "See a clip in thirteen ways, and compare two",
    "train": "Train a model that is scored on what it has not heard",
    "results": "Read what a model scores, how surely, and where it errs",
    "explain": "See and hear which part of a sound made the answer",
    "robustness": "Try a model under noise, bad lines and attack",
    "ensemble": "Pool several models, and see whether that is worth it",
    "predict": "Record or upload speech, and hear what a model makes of it",
    "export": "Write a model as one file that answers anywhere as it does here",
}


def introduce() -> None:
    """Say what the workbench is."""
    st.title("Hear, measure and recognise emotion in speech")
    st.markdown(
        "A workbench that does not flatter: every split is audited for speakers and sentences that "
        "leak from training into the test, and every score is shown with its 95 % interval."
    )


def present(active: Active) -> None:
    """Show the chosen clip in full."""
    with st.container(border=True):
        player.clip_view(active.corpus, active.clip, key="home")
        with st.container(horizontal=True):
            navigation.link("corpus", "Show it in the corpus →", clip=active.clip)
            navigation.link("representations", "Show its representations →", clip=active.clip)


def describe(active: Active) -> None:
    """Say what is open and where to go next."""
    corpus = active.corpus
    with st.container(border=True):
        st.subheader("Open now")
        minutes = corpus.usable["duration"].sum() / 60
        st.markdown(
            f"**{plain(corpus.name)}**: {count(len(corpus.usable), 'clip')}, "
            f"{count(len(corpus.speakers), 'speaker')}, {minutes:,.0f} min of speech"
        )
        st.html(theme.chips(corpus.emotions))
        if corpus.licence:
            st.caption(f"Licence: {plain(corpus.licence)}")
        trained = finished_runs()
        st.markdown(f"**Trained here**: {count(trained, 'run') if trained else 'nothing yet'}")
    with st.container(border=True):
        st.subheader("Next")
        for name, purpose in NEXT.items():
            if name in navigation.PAGES:
                with st.container(gap="xxsmall"):
                    navigation.link(name, f"{navigation.PAGES[name].title} →")
                    st.caption(purpose)


def speaker_of(active: Active) -> None:
    """Let the user change the speaker and the sentence of all clips on the page."""
    speakers = active.corpus.speakers
    own = active.row["speaker"]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if own in speakers and 1 < len(speakers) <= MOST_SPEAKERS:
            st.pills(
                "Speaker",
                speakers,
                default=own,
                required=True,
                key=f"speaker-of-{active.clip}",
                on_change=_change_speaker,
                args=(f"speaker-of-{active.clip}",),
            )
        another = other_sentence(active.corpus, active.clip)
        if another != active.clip:
            st.button("Another sentence", on_click=selection.choose, kwargs={"clip": another})


def _change_speaker(key: str) -> None:
    active = selection.active()
    selection.choose(clip=same_emotion(active.corpus, active.clip, st.session_state[key]))


def contrast(active: Active) -> None:
    """The same words by the same voice, once in every emotion."""
    group = siblings(active.corpus, active.clip)
    if len(group) < 2:
        return
    st.subheader(f"One voice, one sentence, {len(group)} emotions")
    speaker_of(active)
    grid = st.grid(min(6, len(group)), min_column_width=220)
    for clip in group.index:
        with grid.cell(), st.container(border=True, gap="xsmall"):
            player.clip_card(active.corpus, clip)
            st.button(
                "Shown above" if clip == active.clip else "Show above",
                key=f"show-{clip}",
                type="tertiary",
                disabled=clip == active.clip,
                on_click=selection.choose,
                kwargs={"clip": clip},
            )


active = navigation.enter()
introduce()
if active.clip:
    left, right = st.columns([3, 2], gap="small")
    with left:
        present(active)
        contrast(active)
    with right:
        describe(active)
else:
    describe(active)
    st.info("This corpus has no clip that can be played. The page Corpus says why, clip by clip.")
