"""Enrolment of a speaker: clips that are recorded, uploaded or taken from the corpus.

They stay in this session alone, and no label of them is used.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import streamlit as st

from pages.components import model_loading
from pages.components.clip_source import FORMATS, MICROPHONE
from pages.components.errors import plain
from ser_core.core import SerError, count
from ser_core.inference.classify import EnrolledSpeaker, InferenceModel, Recording
from ser_core.inference.provenance import enrolment_doubt

if TYPE_CHECKING:
    from pages.components.selection import Active
    from ser_core.inference.catalogue import ModelInfo
    from ser_core.models.predictor import SpeakerStatistics

CLIPS, SPEAKER, FAULTS = "_voice", "_voice_speaker", "_voice_faults"
FROM_CORPUS = 5


def clips() -> list[Recording]:
    """The enrolment clips."""
    found: list[Recording] = st.session_state.setdefault(CLIPS, [])
    return found


def fingerprint() -> str:
    """A hash of the enrolment clips; empty where there is none."""
    parts = [each.name.encode() + _content(each) for each in clips()]
    return hashlib.sha256(b"|".join(parts)).hexdigest()[:16] if parts else ""


def _content(recording: Recording) -> bytes:
    source = recording.source
    return source if isinstance(source, bytes) else str(source).encode()


def enrolled_speaker(info: ModelInfo, model: InferenceModel) -> EnrolledSpeaker | None:
    """The enrolled speaker for this model; None where nobody is enrolled or the model cannot enrol.

    Raises:
        SerError: If a clip cannot be used.
    """
    if not clips() or not model.predictor.enrols:
        return None
    # Statistics are of one predictor: an ONNX copy cannot use those of the model itself.
    way = type(model.predictor).__name__
    key = ("voice", info.folder, info.changed, way, fingerprint())
    found: EnrolledSpeaker = model_loading.cached(key, lambda: model.enrol_speaker(clips()))
    return found


def speaker_statistics(info: ModelInfo, model: InferenceModel) -> SpeakerStatistics | None:
    """What `predict` of the model takes of `enrolled_speaker`.

    Raises:
        SerError: If a clip cannot be used.
    """
    found = enrolled_speaker(info, model)
    return found.statistics if found else None


def description() -> str:
    """The enrolled speaker in words: "from 5 clips of EB0"."""
    speaker = st.session_state.get(SPEAKER, "")
    return f"from {count(len(clips()), 'clip')}" + (f" of {plain(speaker)}" if speaker else "")


def warn_other_speaker(speaker: str, *, doubted: bool = False) -> None:
    """Warn where a clip is of another speaker than the enrolled one.

    Args:
        speaker: Speaker of the clip, where a corpus names it.
        doubted: Whether the clip sounds like somebody else.
    """
    if not clips():
        return
    known = st.session_state.get(SPEAKER, "")
    if known and speaker and speaker != known:
        st.warning(
            f"The enrolled speaker is {plain(known)}, but this clip is of {plain(speaker)}: "
            "remove the enrolment, or the prediction is not reliable."
        )
    elif doubted and not (known and speaker == known):
        st.warning(
            "**This does not sound like the enrolled speaker.** If somebody else speaks, or the "
            "sound comes over a telephone, remove the enrolment: the prediction is not "
            "reliable. (The check also rejects one in twenty clips of the enrolled speaker.)"
        )


def status(speaker: str = "", *, doubted: bool = False, key: str = "") -> None:
    """Say beside a prediction who is enrolled.

    Args:
        speaker: Speaker of the clip, where a corpus names it.
        doubted: Whether the clip sounds like somebody else.
        key: Of a button to remove the enrolment; empty where `panel` has that button already.
    """
    warn_other_speaker(speaker, doubted=doubted)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(f":green-badge[Speaker enrolled] {description()}", width="content")
        if key:
            st.button(
                "Remove enrolment", key=f"{key}-forget", type="tertiary", on_click=_remove_all
            )


def panel(model: InferenceModel, active: Active) -> None:
    """Add and remove enrolment clips; says so where the model cannot enrol."""
    if not model.predictor.enrols:
        st.caption(
            "This model does not use enrolment. One that is trained with normalisation by speaker "
            "does (page Train)."
        )
        return
    title = f"Enrolled {description()}" if clips() else "Enrol a speaker"
    doubt = enrolment_doubt(model.predictor.about)
    if doubt:
        st.warning(plain(f"In the training corpus: {doubt}"))
    with st.container(horizontal=True, vertical_alignment="center"):
        choice = st.popover(title, width="content")
        if clips():
            st.button("Remove enrolment", type="tertiary", on_click=_remove_all)
    with choice:
        st.markdown(
            "**Enrolment**: teach the model a voice. Record **one or more neutral sentences** "
            "of the speaker; their feature statistics normalise this speaker's clips. No labels "
            "are used, and the clips are deleted when you close the page."
        )
        _record(model)
        _upload(model)
        _of_corpus(model, active)
        for fault in st.session_state.get(FAULTS, []):
            st.error(plain(fault))
        _list()


def _record(model: InferenceModel) -> None:
    round_ = st.session_state.setdefault("_voice_round", 0)
    file = st.audio_input("Record a sentence", key=f"voice-record-{round_}", sample_rate=48_000)
    if file is not None:
        _add(model, [Recording(f"recording {len(clips()) + 1}", file.getvalue())])
        _clear_widgets()


def _upload(model: InferenceModel) -> None:
    round_ = st.session_state["_voice_round"]
    files = st.file_uploader(
        "Or upload clips of the speaker",
        type=FORMATS,
        accept_multiple_files=True,
        key=f"voice-files-{round_}",
    )
    if files:
        _add(model, [Recording(file.name, file.getvalue()) for file in files])
        _clear_widgets()


def _of_corpus(model: InferenceModel, active: Active) -> None:
    """Offer clips of the speaker of the chosen clip, but not that clip; none to who records."""
    if (
        active.selection.source == MICROPHONE
        or not active.clip
        or not isinstance(active.row["speaker"], str)
    ):
        return
    speaker = active.row["speaker"]
    rows = active.corpus.usable
    own = [str(c) for c in rows.index[rows["speaker"] == speaker] if c != active.clip]
    own = own[:: max(1, len(own) // FROM_CORPUS)][:FROM_CORPUS]
    if own:
        st.button(
            f"Take {count(len(own), 'clip')} of {speaker} from the corpus",
            on_click=_replace,
            args=(model, speaker, [Recording(clip, active.corpus.path(clip)) for clip in own]),
        )


def _replace(model: InferenceModel, speaker: str, several: list[Recording]) -> None:
    _remove_all()
    _add(model, several, speaker)


def _add(model: InferenceModel, several: list[Recording], speaker: str = "") -> None:
    """Take clips that can be used, of a speaker if that is known; note what is wrong with others.

    What is wrong is shown by the next run: the widgets that gave the clips are emptied after every
    addition, or each run would add their clips again.
    """
    good: list[Recording] = []
    faults: list[str] = []
    for each in several:
        try:
            model.waveform(each)
        except SerError as error:
            faults.append(str(error))
        else:
            good.append(each)
    if good:  # the speaker of clips that are added to those of a known one is unknown
        st.session_state[SPEAKER] = "" if clips() else speaker
    st.session_state[CLIPS] = [*clips(), *good]
    st.session_state[FAULTS] = faults


def _clear_widgets() -> None:
    """Empty the widgets and run the page again with the new clips."""
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


def _remove(number: int) -> None:
    st.session_state[CLIPS] = [each for i, each in enumerate(clips()) if i != number]
    if not clips():
        _remove_all()


def _remove_all() -> None:
    st.session_state[CLIPS] = []
    st.session_state.pop(FAULTS, None)
    st.session_state.pop(SPEAKER, None)
