"""A long recording: its timeline or its turns by a job; zoom, play, downloads."""

from __future__ import annotations

import hashlib
import shutil
import sys
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit as st

from pages.components import (
    buttons,
    clip_source,
    downloads,
    enrolment,
    permission,
    tables,
    theme,
)
from pages.components.errors import plain
from pages.components.job_progress import watch
from pages.predict import large_upload, unlike_training
from pages.predict.batch import VOICE, enrolment_words
from ser_core import audio
from ser_core.audio import SoundStream
from ser_core.core import count, files, settings
from ser_core.corpora.annotations import to_rttm, to_textgrid
from ser_core.inference.prediction_files import UNLIKE, read_predictions
from ser_core.inference.turns import as_segments
from ser_core.jobs import PROGRESS_FILE, State, find, start
from ser_core.plots.predict import timeline_figure, turns_figure

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from pages.components.selection import Active
    from ser_core.inference.catalogue import ModelInfo
    from ser_core.inference.classify import InferenceModel

WINDOWS, SPEECH, GIVEN = "Windows", "Turns, found", "Turns of a file"
UPLOAD, TURNS_UPLOAD = 200, 10
"""Megabytes of a recording and of a file of turns that can be uploaded."""

TURNS = ("rttm", "TextGrid", "eaf", "csv")
NO_SPEAKERS = (
    "Speakers are not told apart, because nothing says who speaks in which turn. A file that does, "
    f"as RTTM of a diarisation program or an annotated TextGrid, is read by “{GIVEN}” and gives a "
    "row a speaker."
)
"""Said of turns that are found in the sound, and of a file without speakers."""

PLAYED = 30.0
"""Seconds that are played from where one clicks; more are a click away."""


def show(info: ModelInfo, model: InferenceModel, _active: Active) -> None:
    """Upload or name a recording, and what to predict of it; then the timeline or the turns."""
    uploaded, typed = _upload_or_path(
        ("Recording", "long", clip_source.FORMATS, UPLOAD, "An hour of MP3, or more of Opus."),
        "Or a recording on this computer",
        key="long-file",
        placeholder="/home/me/interview.flac",
        words="Up to 24 hours and 4 GB: it is read block by block, and memory does not grow.",
    )
    if uploaded and typed.strip():
        st.caption("The uploaded file is shown. Remove it to use this one.")
    file = str(uploaded or typed)
    way = st.segmented_control(
        "Prediction for each of its",
        [WINDOWS, SPEECH, GIVEN],
        default=WINDOWS,
        required=True,
        key="long-way",
        bind="query-params",
        help="Windows of 3 s, one a second; stretches of speech, found by silero-vad; or turns "
        "that a file says.",
    )
    words = _words(way or WINDOWS)
    if not file.strip() or words is None:
        st.info(
            "Choose a recording of any length, as an interview or a meeting. A background job "
            "makes the predictions; they can be downloaded as CSV, TextGrid (Praat) and RTTM."
        )
        return
    named = [file] if way != GIVEN else [file, words[1]]
    own = [str(each) for each in (uploaded, large_upload.of("long-turns")) if each]
    unknown = [each for each in named if each not in own and not permission.granted(each)]
    if unknown:
        permission.ask(unknown[0], "recording")
        return
    recording = _path(file)
    if not files.is_file(recording) or not recording.stat().st_size:
        st.error(f"There is no such file, or it is empty: {plain(files.shortened(recording))}")
        return
    table = _predictions(info, model, recording, words)
    if table is not None:
        _result(model, recording, table)


def _upload_or_path(
    upload: tuple[str, str, Sequence[str], int, str],
    label: str,
    *,
    key: str,
    placeholder: str,
    words: str,
) -> tuple[Path | None, str]:
    """A file to upload, and beside it a path to type: what `large_upload.field` gives, the text."""
    left, right = st.columns(2, gap="medium")
    with left:
        uploaded = large_upload.field(*upload)
    with right:
        typed = st.text_input(
            label,
            key=key,
            bind="query-params",
            on_change=_typed,
            args=(key,),
            placeholder=placeholder,
            help=words,
        )
    return uploaded, typed


def _typed(key: str) -> None:
    """What the user types is opened without a question; what a link names is not."""
    permission.grant(str(st.session_state[key]))


def _path(text: str) -> Path:
    return Path(text.strip().strip("'\"")).expanduser()


def _words(way: str) -> list[str] | None:
    """Arguments of the command `predict`; None while a file is to be named."""
    if way == WINDOWS:
        return ["--timeline"]
    if way == SPEECH:
        return ["--turns", "speech"]
    uploaded, typed = _upload_or_path(
        ("Turns", "long-turns", TURNS, TURNS_UPLOAD, "CSV has the columns start, end, speaker."),
        "Or a file of turns on this computer",
        key="long-turns",
        placeholder="/home/me/interview.rttm",
        words="RTTM, Praat TextGrid, ELAN (.eaf), or CSV with start, end and speaker.",
    )
    turns = str(uploaded or typed)
    own = st.checkbox(
        "Enrol each speaker with their own turns",
        key="long-own",
        bind="query-params",
        help="Up to a minute each; no label is used. For models that enrol speakers.",
    )
    if not turns.strip():
        return None
    return ["--turns", turns, *(["--enrol-turns"] if own else [])]


def _predictions(
    info: ModelInfo, model: InferenceModel, recording: Path, words: list[str]
) -> pd.DataFrame | None:
    """The table of a job; None while there is none."""
    named = [recording, *(_path(word) for word in words if not word.startswith("--"))]
    states = [_state(each) for each in named if files.is_file(each)]
    own = "--enrol-turns" in words or not enrolment.speaker_statistics(info, model)
    voice = "" if own else enrolment.fingerprint()
    flags = [word for word in words if word.startswith("--") or word == "speech"]
    text = f"{info.key}|{info.changed}|{states}|{flags}|{voice}"
    home = settings.home() / "predictions" / hashlib.sha256(text.encode()).hexdigest()[:16]
    result, key = home / "answers.csv", f"predict:{home.name}"
    last = find(key, running=False)
    if last is not None and last.state is State.RUNNING:
        watch(str(last.folder), on_cancel="Predictions made so far are lost.", unit="part")
        return None
    shutil.rmtree(home / VOICE, ignore_errors=True)  # enrolment clips are needed no longer
    if result.exists():
        return read_predictions(result)
    if last is not None and last.state is State.FAILED:
        st.error(f"The job failed: {plain(last.reason)}")
    command = [str(recording.absolute()), *_absolute(words), "--model"]
    command += [str(info.folder.absolute()), "--csv", str(result.absolute())]
    title, voice_at = f"Predict {recording.name}", None if own else home
    buttons.button("Start prediction", _start, command, title, key, voice_at, type="primary")
    return None


def _state(file: Path) -> str:
    """What changes with a file: of an upload its content, so that the same one is known again."""
    return large_upload.digest_of(file) or f"{file}|{file.stat().st_mtime_ns}"


def _absolute(words: list[str]) -> list[str]:
    """The file of the turns by its whole path, since a job runs in a folder of its own."""
    return [
        str(_path(word).absolute()) if before == "--turns" and word != "speech" else word
        for before, word in pairwise(["", *words])
    ]


def _start(command: list[str], title: str, key: str, voice_at: Path | None) -> None:
    words = [sys.executable, "-m", "ser_core", "predict", *command]
    words += enrolment_words(voice_at) if voice_at else []
    start([*words, "--progress-file", PROGRESS_FILE], title=title, key=key)


def _result(model: InferenceModel, recording: Path, table: pd.DataFrame) -> None:
    """Figure, player, downloads and table."""
    if not (table["answer"] != "").any():
        st.warning(plain(str(table["problem"].iloc[0]) or "Nothing could be predicted."))
        return
    turns = "speaker" in table
    if turns and table["speaker"].isna().all():
        st.caption(NO_SPEAKERS)
    table = table.assign(speaker=table["speaker"].fillna("")) if turns else table
    figure = turns_figure(table) if turns else timeline_figure(table, model.classes, slider=True)
    state = theme.figure(figure, key="long-figure", on_select="rerun")
    picked = [
        point["customdata"] for point in state["selection"]["points"] if "customdata" in point
    ]
    if turns:
        row = _rows(table)
        at = float(picked[0][0]) if picked else float(table["start"].iloc[row or 0])
    else:
        at = float(picked[0][0]) if picked else 0.0
    unlike_training.warn(model, table, *(("turn", "hatched") if turns else ("window", "crosses")))
    _play(recording, at, "a bar or a row" if turns else "a dot")
    _downloads(recording, table)


def _rows(table: pd.DataFrame) -> int | None:
    """The turns as a table; the row that is chosen."""
    kinds = st.column_config
    shown = table.assign(confidence=100 * table["confidence"])
    shown["answer"] = tables.answers(table)
    columns: dict[str, Any] = {
        "start": kinds.NumberColumn("From (s)", format="%.1f"),
        "end": kinds.NumberColumn("To (s)", format="%.1f"),
        "speaker": kinds.TextColumn("Speaker"),
        "answer": tables.answer_column("Predicted"),
        "confidence": kinds.NumberColumn("Confidence", format="%.0f %%"),
        "uncertain": kinds.CheckboxColumn("Uncertain"),
        UNLIKE: kinds.CheckboxColumn("Unlike training?", help=unlike_training.HELP),
        "problem": kinds.TextColumn("Problem"),
    }
    if UNLIKE not in table:
        del columns[UNLIKE]
    told = [name for name in columns if name not in ("speaker", "problem") or table[name].any()]
    state = st.dataframe(
        shown,
        key="long-table",
        on_select="rerun",
        selection_mode="single-row",
        hide_index=True,
        height=tables.height(len(shown), 320),
        column_order=[name for name in columns if name in told],
        column_config=columns,
        placeholder="",
    )
    rows = state["selection"]["rows"]
    return rows[0] if rows and rows[0] < len(table) else None


def _play(recording: Path, at: float, what: str) -> None:
    """Half a minute from where one clicked: a player of hours would load them all."""
    sound = _sound(recording, recording.stat().st_mtime)
    span = (at, min(at + PLAYED, sound.duration))
    part = next(audio.parts(sound.blocks(), sound.sample_rate, [span]))
    if part is not None:
        st.audio(audio.to_wav(part), format="audio/wav")
        st.caption(
            f"From {at:.1f} s, {part.duration:.0f} s of {sound.duration:,.0f}. Click {what} "
            "to play from there; draw a frame in the figure, or move the ends of the "
            "strip below it, to zoom."
        )


@st.cache_resource(max_entries=8, show_spinner=False)
def _sound(recording: Path, changed: float) -> SoundStream:  # noqa: ARG001  (the key)
    return audio.stream(recording, sample_rate=audio.SAMPLE_RATE)


def _downloads(recording: Path, table: pd.DataFrame) -> None:
    stem, end = recording.stem, float(table["end"].max())
    with downloads.row():
        unit = "turn" if "speaker" in table else "window"
        unsure = int(table["uncertain"].sum())
        st.caption(f"{count(len(table), unit)}, {unsure:,} uncertain.", width="content")
        downloads.button(
            "CSV", f"{stem}-{unit}s.csv", "text/csv",
            lambda: table.round(6).to_csv(index=False), f"One row per {unit}, with probabilities",
        )  # fmt: skip
        downloads.button(
            "TextGrid", f"{stem}.TextGrid", "text/plain",
            lambda: to_textgrid(as_segments(table), end), "Predicted emotions for Praat",
        )  # fmt: skip
        downloads.button(
            "RTTM", f"{stem}.rttm", "text/plain",
            lambda: to_rttm(as_segments(table), stem), "The emotion where RTTM has the words",
        )  # fmt: skip
