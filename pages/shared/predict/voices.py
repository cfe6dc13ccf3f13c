"""A voice that the model gets to know: clips that are recorded, uploaded or taken of the corpus.

They are kept for this session alone, and no label of them is used.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import streamlit as st

from pages.components.errors import plain
from pages.shared.predict import loading
from pages.shared.representations.source import FORMATS
from ser_core.errors import SerError
from ser_core.predicting.answering import Answerer, Recording, Taught
from ser_core.words import count

if TYPE_CHECKING:
    from pages.components.selection import Active
    from ser_core.models.predictor import Voice
    from ser_core.predicting.listing import ModelInfo

CLIPS, SPEAKER, FAULTS = "_voice", "_voice_speaker", "_voice_faults"
FROM_CORPUS = 5


def clips() -> list[Recording]:
    """The clips of the voice."""
    found: list[Recording] = st.session_state.setdefault(CLIPS, [])
    return found


def identity() -> str:
    """Changes with the clips; empty where there is none."""
    parts = [each.name.encode() + _content(each) for each in clips()]
    return hashlib.sha256(b"|".join(parts)).hexdigest()[:16] if parts else ""


def _content(recording: Recording) -> bytes:
    source = recording.source
    return source if isinstance(source, bytes) else str(source).encode()


def taught(info: ModelInfo, model: Answerer) -> Taught | None:
    """The voice as this model reads it; None where there is none, or the model has no use for it.

    Raises:
        SerError: If a clip cannot be used.
    """
    if not clips() or not model.predictor.enrols:
        return None
    key = ("voice", info.folder, info.changed, identity())
    found: Taught = loading.kept(key, lambda: model.teach(clips()))
    return found


def voice(info: ModelInfo, model: Answerer) -> Voice | None:
    """What the model itself makes of `taught`.

    Raises:
        SerError: If a clip cannot be used.
    """
    found = taught(info, model)
    return found.voice if found else None


def whose() -> str:
    """The taught voice in words: "from 5 clips of EB0"."""
    speaker = st.session_state.get(SPEAKER, "")
    return f"from {count(len(clips()), 'clip')}" + (f" of {plain(speaker)}" if speaker else "")


def warn(speaker: str, *, doubted: bool = False) -> None:
    """Say that a clip is of another speaker than the voice that the model knows.

    Args:
        speaker: Who speaks in the clip, where a corpus says it.
        doubted: Whether the clip sounds like somebody else.
    """
    if not clips():
        return
    known = st.session_state.get(SPEAKER, "")
    if known and speaker and speaker != known:
        st.warning(
            f"The model knows the voice of {plain(known)}, and this clip is of {plain(speaker)}: "
            "forget that voice, or the answer means little."
        )
    elif doubted and not (known and speaker == known):
        st.warning(
            "**This does not sound like the taught voice.** If somebody else speaks, or over a "
            "telephone, forget that voice: the answer means little. (One clip in twenty of the "
            "same voice sounds like this, too.)"
        )


def in_use(speaker: str = "", *, doubted: bool = False, key: str) -> None:
    """Say beside an answer which voice it takes for granted, with a way to forget that.

    Args:
        speaker: Who speaks in the clip, where a corpus says it.
        doubted: Whether the clip sounds like somebody else.
        key: Of the button.
    """
    warn(speaker, doubted=doubted)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(f":green-badge[Voice known] {whose()}", width="content")
        st.button("Forget the voice", key=f"{key}-forget", type="tertiary", on_click=_forget)


def panel(model: Answerer, active: Active) -> None:
    """Add and remove clips of a voice; says so where the model makes no use of one."""
    if not model.predictor.enrols:
        st.caption(
            "This model makes no use of a known voice. One trained with normalise = speaker does."
        )
        return
    title = f"Voice known {whose()}" if clips() else "Teach it a voice"
    with st.popover(title, width="content"):
        st.markdown(
            "Say **one calm sentence** or more, in the voice that you want answers about. The "
            "model learns how this voice sounds, not what it feels: nothing is labelled. Kept "
            "until you close the page."
        )
        _record(model)
        _upload(model)
        _of_corpus(model, active)
        for fault in st.session_state.get(FAULTS, []):
            st.error(plain(fault))
        _list()


def _record(model: Answerer) -> None:
    round_ = st.session_state.setdefault("_voice_round", 0)
    file = st.audio_input("Record a sentence", key=f"voice-record-{round_}", sample_rate=48_000)
    if file is not None:
        _add(model, [Recording(f"recording {len(clips()) + 1}", file.getvalue())])
        _begin_again()


def _upload(model: Answerer) -> None:
    round_ = st.session_state["_voice_round"]
    files = st.file_uploader(
        "Or clips of it", type=FORMATS, accept_multiple_files=True, key=f"voice-files-{round_}"
    )
    if files:
        _add(model, [Recording(file.name, file.getvalue()) for file in files])
        _begin_again()


def _of_corpus(model: Answerer, active: Active) -> None:
    """Clips of the speaker of the corpus who is chosen, but not the chosen clip."""
    if not active.clip or not isinstance(active.row["speaker"], str):
        return
    speaker = active.row["speaker"]
    rows = active.corpus.usable
    own = [str(c) for c in rows.index[rows["speaker"] == speaker] if c != active.clip]
    own = own[:: max(1, len(own) // FROM_CORPUS)][:FROM_CORPUS]
    if own:
        st.button(
            f"Take {count(len(own), 'clip')} of {speaker} from the corpus",
            on_click=_take,
            args=(model, speaker, [Recording(clip, active.corpus.path(clip)) for clip in own]),
        )


def _take(model: Answerer, speaker: str, several: list[Recording]) -> None:
    _forget()
    _add(model, several, speaker)


def _add(model: Answerer, several: list[Recording], speaker: str = "") -> None:
    """Take clips that can be used, of a speaker if that is known; note what is wrong with others.

    What is wrong is told by the next run: the widgets that gave the clips are emptied after every
    addition, or each run would add their clips again.
    """
    good: list[Recording] = []
    faults: list[str] = []
    for each in several:
        try:
            model.heard(each)
        except SerError as error:
            faults.append(str(error))
        else:
            good.append(each)
    if good:  # of clips added to those of a known speaker nobody knows whose they are
        st.session_state[SPEAKER] = "" if clips() else speaker
    st.session_state[CLIPS] = [*clips(), *good]
    st.session_state[FAULTS] = faults


def _begin_again() -> None:
    """Empty the widgets and draw the page with the voice."""
    st.session_state["_voice_round"] += 1
    st.rerun()


def _list() -> None:
    for number, each in enumerate(clips()):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption(plain(each.name))
            st.button(
                "Remove", key=f"voice-remove-{number}", type="tertiary", on_click=_remove,
                args=(number,),
            )  # fmt: skip
    if clips():
        st.button("Forget the voice", on_click=_forget)


def _remove(number: int) -> None:
    st.session_state[CLIPS] = [each for i, each in enumerate(clips()) if i != number]
    if not clips():
        _forget()


def _forget() -> None:
    st.session_state[CLIPS] = []
    st.session_state.pop(FAULTS, None)
    st.session_state.pop(SPEAKER, None)
