"""Where a sound comes from: corpus, upload or microphone; of a long one, a part is shown."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias, TypeVar

import pandas as pd
import streamlit as st

from pages.components import errors, navigation, player, selection, theme
from pages.components.errors import plain
from ser_core import audio
from ser_core.audio import Waveform
from ser_core.core import SerError
from ser_core.corpora import ordered
from ser_core.corpora.nearest import nearest
from ser_core.plots.palette import ACCENT, emotion_color
from ser_core.plots.waveform import reach_of, waveform_figure

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pages.components.selection import Active
    from ser_core.corpora import Corpus

Source: TypeAlias = "tuple[str, Path | bytes, str | None, str]"

T = TypeVar("T")

CORPUS, UPLOAD, MICROPHONE = selection.OF_CORPUS, "Upload", "Microphone"

FORMATS = ["wav", "flac", "mp3", "ogg", "oga", "opus", "m4a", "mp4", "webm", "aif", "aiff"]
UPLOAD_KEY, RECORDING_KEY = "upload", "recording"
HEIGHT = 160
WIDTHS = {"speaker": 88, "emotion": 124, "sentence": 88}
"""Columns to choose a clip by, and the width of each choice in pixels."""

PART = 30.0
"""Seconds that are shown at once; the rest of a longer sound is a slider away."""


NO_SOUND = {
    UPLOAD: "Choose a sound file below, under Change. It stays on this computer.",
    MICROPHONE: (
        "Press the microphone below, under Change, speak, and press again. The recording stays on "
        "this computer."
    ),
    CORPUS: "No clip of this corpus can be played; the page Corpus shows why.",
}
"""What a page says that has no sound yet, by the source that is chosen."""

CURRENT = "_current_sound"
ORDER_HELP = "In the order of the table on the page Corpus, as it is filtered and sorted."


@dataclass(frozen=True)
class SelectedSound:
    """A sound on the page.

    Attributes:
        name: What it is called.
        content: The file or its bytes.
        emotion: Of a clip of the corpus.
        start: Where the part that is shown begins, in seconds.
        duration: How much is shown, in seconds.
        speaker: Of a clip of the corpus; empty when unknown.
    """

    name: str
    content: Path | bytes
    emotion: str | None
    start: float
    duration: float
    speaker: str = ""

    @property
    def stem(self) -> str:
        """Name for files that are made of it."""
        return Path(self.name).stem or "sound"

    @property
    def fingerprint(self) -> str:
        """Changes with the sound."""
        if isinstance(self.content, Path):
            return f"{self.content}:{self.content.stat().st_mtime_ns}"
        return f"{self.name}:{len(self.content)}:{hash(self.content)}"

    def waveform(self, sample_rate: int | None = None) -> Waveform:
        """The part that is shown, at a sample rate; at the file's own when absent.

        Raises:
            AudioError: If it cannot be decoded.
        """
        whole = decoded(self.content, self.name, sample_rate)
        first = round(self.start * whole.sample_rate)
        last = first + max(1, round(self.duration * whole.sample_rate))
        return Waveform(whole.samples[first:last], whole.sample_rate)


@dataclass(frozen=True)
class Current:
    """The sound of all pages.

    Attributes:
        source: Where it comes from: corpus, upload or microphone.
        sound: It; None while there is none.
        error: Why it cannot be heard.
    """

    source: str
    sound: SelectedSound | None = None
    error: SerError | None = None


def decoded(content: Path | bytes, name: str, sample_rate: int | None) -> Waveform:
    """All of a sound, cached while its file does not change."""
    if isinstance(content, Path):
        stamp = content.stat().st_mtime if content.exists() else 0.0
        return _decoded(content, str(content), sample_rate, stamp)
    return _decoded(content, name, sample_rate, 0.0)


@st.cache_resource(max_entries=60, show_spinner=False)
def _decoded(
    content: Path | bytes,
    name: str,
    sample_rate: int | None,
    stamp: float,  # noqa: ARG001  (part of the key)
) -> Waveform:
    return audio.load(content, sample_rate=sample_rate, name=name)


def choose(active: Active) -> None:
    """Let the user choose a sound for all pages; it is what `current` gives from then on."""
    source = active.selection.source or CORPUS
    _source(source)
    found = OFFERS[source](active)
    st.session_state[CURRENT] = _current(source, found) if found else Current(source)


def _source(source: str) -> None:
    key = _key(selection.SOURCE, source)
    st.segmented_control(
        "Sound",
        list(OFFERS),
        default=source,
        required=True,
        key=key,
        on_change=_source_changed,
        args=(key,),
        label_visibility="collapsed",
    )


def _source_changed(key: str) -> None:
    selection.choose(source=st.session_state[key])


def waits(active: Active) -> bool:
    """Whether an own sound is chosen that the session does not hold yet."""
    key = {UPLOAD: UPLOAD_KEY, MICROPHONE: RECORDING_KEY}.get(active.selection.source)
    return key is not None and f"_held_{key}" not in st.session_state


def current() -> Current:
    """The sound of all pages, as `choose` found it in this run."""
    found: Current = st.session_state[CURRENT]
    return found


def shown() -> SelectedSound | None:
    """The sound of all pages; where there is none, the page says why."""
    found = current()
    if found.error is not None:
        errors.show(found.error)
    elif found.sound is None:
        st.info(NO_SOUND[found.source])
    return found.sound


def _current(source: str, found: Source) -> Current:
    """A sound, or why it cannot be heard; of an own one, what its file holds is said."""
    name, content, emotion, speaker = found
    try:
        whole = decoded(content, name, None)
        if isinstance(content, bytes):
            _file_facts(name, content, whole)
    except SerError as error:
        return Current(source, error=error)
    start, duration = _part_start(whole.duration), min(whole.duration, PART)
    sound = SelectedSound(name, content, emotion, start, duration, speaker)
    return Current(source, sound)


def of_corpus(corpus: Corpus, clip: str) -> SelectedSound:
    """A clip of the corpus as it is shown: all of it, or its first part.

    Raises:
        AudioError: If it cannot be decoded.
    """
    path = corpus.path(clip)
    duration = decoded(path, clip, None).duration
    emotion, speaker = emotion_of(corpus, clip), speaker_of(corpus, clip)
    return SelectedSound(clip, path, emotion, 0, min(duration, PART), speaker)


def emotion_of(corpus: Corpus, clip: str) -> str | None:
    """Emotion of a clip; None when unknown."""
    emotion = corpus.clips.loc[clip]["emotion"]
    return emotion if isinstance(emotion, str) else None


def speaker_of(corpus: Corpus, clip: str) -> str:
    """Speaker of a clip; empty when unknown."""
    speaker = corpus.clips.loc[clip]["speaker"]
    return speaker if isinstance(speaker, str) else ""


def badge(shown: SelectedSound) -> str:
    """HTML that identifies a sound: emotion, speaker and name; all of it as a tooltip."""
    speaker = f"speaker {escape(shown.speaker)}" * bool(shown.speaker)
    words = " · ".join(filter(None, [speaker, escape(shown.stem)]))
    chip = theme.chip(shown.emotion) if shown.emotion else ""
    return f'<div title="{escape(shown.name)}">{chip} {words}</div>'


def _file_facts(name: str, content: bytes, whole: Waveform) -> None:
    """Name in full, what the file holds and what was done to it."""
    about = audio.info(content, name=name)
    mixed = f"{about.channels} channels mixed to one" if about.channels > 1 else "1 channel"
    rate = st.query_params.get("sample_rate", str(audio.SAMPLE_RATE))
    at = f"shown at {int(rate):,} Hz" if rate.isdecimal() else "shown at the rate of the parameters"
    st.markdown(f"**{plain(name)}**")
    st.caption(f"{about.sample_rate:,} Hz, {mixed}, {at}, {length(whole.duration)}")


def length(duration: float) -> str:
    """Seconds in words; of the shortest sounds, milliseconds.

    >>> length(2.314), length(0.0125), length(1 / 16_000)
    ('2.31 s', '12.5 ms', '0.06 ms')
    """
    if duration >= 0.1:
        return f"{duration:.2f} s"
    return f"{1000 * duration:.{1 if duration >= 0.001 else 2}f} ms"


def show_waveform(shown: SelectedSound, beside: SelectedSound | None, *, key: str) -> None:
    """Waveform of a sound, on one scale with what it is compared with.

    Raises:
        AudioError: If either cannot be decoded.
    """
    waveform = shown.waveform()
    both = [waveform] if beside is None else [waveform, beside.waveform()]
    chart = waveform_figure(
        waveform,
        color=emotion_color(shown.emotion) if shown.emotion else ACCENT,
        height=HEIGHT,
        start=shown.start,
        lasting=max(each.duration for each in both),
        reach=max(map(reach_of, both)),
    )
    theme.figure(chart, key=key)


def _part_start(duration: float) -> float:
    """Where the part begins, chosen by a slider if the sound is longer than a part."""
    if duration <= PART:
        return 0.0
    return st.slider(
        f"Part shown ({PART:.0f} of {duration:.0f} s), from",
        0.0,
        max(1.0, float(int(duration - PART))),
        key="from",
        bind="query-params",
        step=1.0,
        format="%.0f s",
    )


def _upload(active: Active) -> Source | None:  # noqa: ARG001
    limits = audio.Limits()
    file = st.file_uploader(
        "Sound file",
        type=FORMATS,
        key=UPLOAD_KEY,
        on_change=forget_upload,
        args=(UPLOAD_KEY,),
        help=f"WAV, FLAC, MP3, OGG, Opus, M4A, WebM or AIFF, up to {limits.max_bytes >> 20} MB "
        f"and {limits.max_seconds / 60:g} minutes.",
    )
    return remembered_upload(UPLOAD_KEY, (file.name, file.getvalue(), None, "") if file else None)


def _record(active: Active) -> Source | None:  # noqa: ARG001
    recording = st.audio_input(
        "Record", key=RECORDING_KEY, sample_rate=48_000, on_change=forget_upload,
        args=(RECORDING_KEY,),
    )  # fmt: skip
    found = ("recording.wav", recording.getvalue(), None, "") if recording else None
    return remembered_upload(RECORDING_KEY, found)


def hold(name: str, content: bytes) -> None:
    """Make a sound the upload of this session, so that links with `source=UPLOAD` show it."""
    st.session_state[f"_held_{UPLOAD_KEY}"] = (name, content, None, "")


def forget_upload(key: str) -> None:
    """Forget the upload of a widget, when it is given another or emptied."""
    st.session_state.pop(f"_held_{key}", None)


def remembered_upload(key: str, given: T | None) -> T | None:
    """The upload of a widget, also after a visit to another tab, where the widget is emptied.

    Args:
        key: Of the widget.
        given: Its upload in this run.
    """
    state_key = f"_held_{key}"
    if given:
        st.session_state[state_key] = given
    elif state_key in st.session_state:
        st.button("Remove file", key=f"{key}-close", on_click=forget_upload, args=(key,))
    found: T | None = st.session_state.get(state_key)
    return found


def _from_corpus(active: Active) -> Source | None:
    if not active.clip:
        return None
    with st.container(horizontal=True, gap="small"):
        for column in WIDTHS:
            _choice(active, column)
    st.html(player.spoken(active.row) + player.facts(active.row))
    st.caption(plain(active.clip))
    navigation.link("corpus", "Find in the table →", clip=active.clip)
    own = emotion_of(active.corpus, active.clip), speaker_of(active.corpus, active.clip)
    return active.clip, active.corpus.path(active.clip), *own


def _choice(active: Active, column: str) -> None:
    """Choose a value of a column: the clip that has it and otherwise resembles this one."""
    options = choices(active.corpus, column)
    own = active.row[column]
    if len(options) < 2 or pd.isna(own):
        return
    key = _key(f"wish-{column}", own)
    st.selectbox(
        column.capitalize(),
        options,
        index=options.index(own),
        key=key,
        on_change=_choice_changed,
        args=(column, key),
        width=WIDTHS[column],
    )


def _key(name: str, value: str) -> str:
    """Key of a field behind a button, another for each value of it.

    The browser does not hear of a value that a run gives to a field that it does not show: it would
    send the one before again, which would be taken for a choice of the user.
    """
    return f"{name}-{value}"


def choices(corpus: Corpus, column: str) -> list[str]:
    """Values that usable clips have in a column."""
    values = set(corpus.usable[column].dropna())
    return ordered(values) if column == "emotion" else sorted(values)


def _choice_changed(column: str, key: str) -> None:
    active = selection.active()
    wish = {column: st.session_state[key]}
    selection.choose(clip=nearest(active.corpus, active.clip, **wish))


def steps(
    corpus: Corpus,
    clip: str,
    choose_clip: Callable[[str], None],
    *,
    key: str,
    keys: tuple[str | None, str | None] = (None, None),
) -> None:
    """Buttons to the clips before and after in the order of the table, and where this one is."""
    clips = selection.order(corpus)
    for label, shortcut, step in (("Previous", keys[0], -1), ("Next", keys[1], 1)):
        st.button(
            label,
            key=f"{key}-{label}",
            shortcut=shortcut,
            help=ORDER_HELP,
            disabled=not neighbour(clips, clip, step),
            on_click=_step,
            args=(choose_clip, clip, step),
        )
    where = f"{clips.index(clip) + 1:,}" if clip in clips else "–"
    st.caption(f"{where} of {len(clips):,}", width="content")


def _step(choose_clip: Callable[[str], None], clip: str, step: int) -> None:
    # The order of now: a filter may have changed since the button was drawn.
    if there := neighbour(selection.order(selection.active().corpus), clip, step):
        choose_clip(there)


def neighbour(clips: Sequence[str], clip: str, step: int) -> str:
    """The clip before (-1) or after (1) one; empty at either end.

    One that is not among them, since the filters leave it out, is before the first.

    >>> neighbour(["a", "b"], "a", 1), neighbour(["a", "b"], "b", 1), neighbour(["a", "b"], "c", 1)
    ('b', '', 'a')
    """
    there = (clips.index(clip) if clip in clips else -1) + step
    return clips[there] if 0 <= there < len(clips) else ""


OFFERS = {CORPUS: _from_corpus, UPLOAD: _upload, MICROPHONE: _record}
