"""Batch prediction: a table of many recordings, their distribution, and a player."""

from __future__ import annotations

import hashlib
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import streamlit as st

from pages.components import (
    buttons,
    clip_source,
    downloads,
    enrolment,
    model_loading,
    permission,
    player,
    prediction_card,
    selection,
    tables,
    theme,
)
from pages.components.clip_source import UPLOAD
from pages.components.errors import error_boundary, plain
from pages.components.errors import show as show_error
from pages.components.job_progress import watch
from pages.predict import feedback_form, unlabelled, unlike_training
from ser_core.audio import Limits
from ser_core.core import SerError, count, files, settings
from ser_core.inference.classify import Recording, classify, narrow_band, recordings
from ser_core.inference.prediction_files import read_predictions, signed
from ser_core.inference.training_overlap import trained_on
from ser_core.jobs import PROGRESS_FILE, State, find, start
from ser_core.plots.predict import distribution_figure
from ser_core.storage import atomic

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pages.components.selection import Active
    from ser_core.inference.catalogue import ModelInfo
    from ser_core.inference.classify import InferenceModel

VOICE = "voice"
MOST_AT_ONCE = 60  # files of a folder that are classified while the page waits


def show(info: ModelInfo, model: InferenceModel, active: Active) -> None:
    """Choose files, a folder or the unlabelled part of the open corpus; then the table."""
    part = unlabelled.offer(active)
    if part is not None:
        words = [str(active.source), "--unlabelled"]
        words += ["--reader", active.selection.reader] if active.selection.reader else []
        begin = unlabelled.just_pressed()
        source = Source(part.recordings, words, f"{active.corpus.name}, unlabelled", begin=begin)
        table = _predictions(info, model, source)
        if table is not None:
            _table(info, model, source.recordings, table, unlabelled.shares(part, table))
            unlabelled.result(part, model, table)
        return
    left, right = st.columns(2, gap="medium")
    with left:
        uploaded = st.file_uploader(
            "Sound files",
            type=clip_source.FORMATS,
            accept_multiple_files=True,
            key="many-files",
            on_change=clip_source.forget_upload,
            args=("many-files",),
        )
        given = [Recording(file.name, file.getvalue()) for file in uploaded or []]
        several = clip_source.remembered_upload("many-files", given) or []
    with right:
        folder = st.text_input(
            "Or a folder on this computer",
            key="folder",
            bind="query-params",
            on_change=_folder_typed,
            placeholder="/home/me/recordings",
            help="All audio files in it and its subfolders, which are only read.",
        )
    own = not several
    if several and folder.strip():
        st.caption("The uploaded files are shown. Remove them above to use the folder.")
    if own and folder.strip():
        if not permission.granted(folder):
            permission.ask(folder, "folder of recordings")
            return
        several = recordings([Path(folder.strip().strip("'\"")).expanduser()])
    if not several:
        st.info(
            "Choose several files or a folder for batch prediction: one row per recording, also "
            "for those that cannot be read. The table can be sorted and downloaded as CSV."
        )
        return
    given_folder = Path(folder.strip()).expanduser()
    words = [str(given_folder)] if own else []
    table = _predictions(info, model, Source(several, words, given_folder.name))
    if table is not None:
        _overlap_note(info, several, active)
        _band_note(info, model, several)
        _table(info, model, several, table)


def _folder_typed() -> None:
    """What the user types is opened without a question; what a link names is not."""
    permission.grant(str(st.session_state["folder"]))


@dataclass(frozen=True)
class Source:
    """Recordings, and how the command line names them.

    Attributes:
        recordings: What to predict, in order.
        words: Arguments of the command `predict` for them; none for uploads.
        title: What a job over them is called.
        begin: Whether a job starts without being asked again.
    """

    recordings: list[Recording]
    words: list[str]
    title: str
    begin: bool = False


def _overlap_note(info: ModelInfo, several: list[Recording], active: Active) -> None:
    """Say how many of the recordings are clips that the model was trained on."""
    files = [each.source if isinstance(each.source, Path) else each.name for each in several]
    origin = model_loading.provenance_of(info, active.corpus)
    trained = trained_on(origin, active.corpus, files)
    if trained:
        st.markdown(
            f":orange-badge[training overlap] {trained:,} of these {len(several):,} recordings "
            "were training clips: predictions on them say nothing about new recordings."
        )


def _predictions(info: ModelInfo, model: InferenceModel, source: Source) -> pd.DataFrame | None:
    """Predictions, at once or by a job; None while there are none."""
    several = source.recordings
    enrolment_key = enrolment.fingerprint() if enrolment.speaker_statistics(info, model) else ""
    if source.words and len(several) > MOST_AT_ONCE:
        return _predictions_of_job(info, source, enrolment_key)
    key = ("many", info.folder, info.changed, _fingerprint(several), enrolment_key)

    def make() -> pd.DataFrame:
        with model_loading.progress("Predicting") as report:
            return classify(model, several, enrolment.enrolled_speaker(info, model), report)

    found: pd.DataFrame = model_loading.cached(key, make)
    return found


def _band_note(info: ModelInfo, model: InferenceModel, several: list[Recording]) -> None:
    key = ("narrow", info.folder, _fingerprint(several))
    note = model_loading.cached(key, lambda: narrow_band(model, several))
    if note:
        st.caption(f":material/info: {plain(note)}")


def _fingerprint(several: list[Recording]) -> str:
    known = hashlib.sha256()
    for each in several:
        if isinstance(each.source, Path):
            status = each.source.stat()
            known.update(f"{each.name}|{status.st_size}|{status.st_mtime_ns}".encode())
        else:
            known.update(each.name.encode() + each.source)
    return known.hexdigest()[:16]


def _predictions_of_job(info: ModelInfo, source: Source, enrolment_key: str) -> pd.DataFrame | None:
    """Predictions that a job writes; it runs on when the page is closed."""
    text = f"{info.key}|{info.changed}|{_fingerprint(source.recordings)}|{enrolment_key}"
    home = settings.home() / "predictions" / hashlib.sha256(text.encode()).hexdigest()[:16]
    result, key = home / "answers.csv", f"predict:{home.name}"
    last = find(key, running=False)
    if last is not None and last.state is State.RUNNING:
        watch(str(last.folder), on_cancel="Predictions made so far are lost.")
        return None
    shutil.rmtree(home / VOICE, ignore_errors=True)  # enrolment clips are needed no longer
    if result.exists():
        return read_predictions(result)
    if last is not None and last.state is State.FAILED:
        st.error(f"The job failed: {plain(last.reason)}")
    arguments = (info, source, home, key)
    if source.begin:
        _start(*arguments)
        st.rerun()
    st.markdown(f"**{count(len(source.recordings), 'recording')}**: predicted in a background job.")
    buttons.button("Start prediction", _start, *arguments, type="primary")
    return None


def _start(info: ModelInfo, source: Source, home: Path, key: str) -> None:
    command = [sys.executable, "-m", "ser_core", "predict", *source.words, "--model"]
    command += [str(info.folder.absolute()), "--csv", str((home / "answers.csv").absolute())]
    command += enrolment_words(home)
    start([*command, "--progress-file", PROGRESS_FILE], title=f"Predict {source.title}", key=key)


def enrolment_words(home: Path) -> list[str]:
    """Arguments of `predict` for the enrolled clips; uploads are written below a folder."""
    words = []
    for number, each in enumerate(enrolment.clips()):
        path = each.source
        if isinstance(path, bytes):
            path = home.absolute() / VOICE / f"{number}{Path(each.name).suffix or '.wav'}"
            atomic.write(path, each.source if isinstance(each.source, bytes) else b"")
        words += ["--enrol", str(path)]
    return words


def _table(
    info: ModelInfo,
    model: InferenceModel,
    several: list[Recording],
    table: pd.DataFrame,
    training: Mapping[str, float] | None = None,
) -> None:
    """The table, the card of the chosen row, and the distribution beside the training's."""
    picked = _rows(table)
    _caption_and_download(info, model, table)
    if picked is not None:
        with st.container(border=True), error_boundary():
            _recording(info, model, several[picked], table.iloc[picked])
    if (table["answer"] != "").any():
        st.markdown("**Distribution of predicted classes**")
        figure = distribution_figure(table, model.classes, training)
        theme.figure(figure, key="many-distribution")
        st.caption(
            "Hollow: uncertain predictions. These are counts of predictions: a biased model "
            "shifts all of them."
            + (" Line: the share among the labelled clips." if training else "")
        )
    else:
        st.warning("No recording could be classified; see the column Problem.")


def _rows(table: pd.DataFrame) -> int | None:
    shown = table.assign(confidence=100 * table["confidence"])
    shown["answer"] = tables.answers(table)
    shown["file"] = [Path(name).name for name in table["file"]]
    kinds = st.column_config
    columns: dict[str, Any] = {
        "file": kinds.TextColumn("File", width=175, pinned=True),
        "answer": tables.answer_column("Predicted", width=155),
        "confidence": kinds.NumberColumn("Confidence", format="%.0f %%", width=85),
        "uncertain": kinds.CheckboxColumn("Uncertain", width=75),
        "other_voice": kinds.CheckboxColumn(
            "Other speaker?",
            width=90,
            help="Speaker verification rejects this clip as the enrolled speaker. It also "
            "rejects one in twenty clips of that speaker.",
        ),
        "unlike_training": kinds.CheckboxColumn(
            "Unlike training?",
            width=125,
            help=unlike_training.HELP,
        ),
        "seconds": kinds.NumberColumn("Seconds", format="%.1f", width=65),
        "problem": kinds.TextColumn("Problem", width=300),
    }
    if not ("other_voice" in table and enrolment.clips()):
        del columns["other_voice"]
    if "unlike_training" not in table:
        del columns["unlike_training"]
    if not (table["problem"] != "").any():
        del columns["problem"]
    state = st.dataframe(
        shown,
        key="many-table",
        on_select="rerun",
        selection_mode="single-row",
        hide_index=True,
        height=tables.height(len(shown), 420),
        column_order=list(columns),
        column_config=columns,
        placeholder="",
    )
    rows = state["selection"]["rows"]
    return rows[0] if rows and rows[0] < len(table) else None


def _caption_and_download(info: ModelInfo, model: InferenceModel, table: pd.DataFrame) -> None:
    problems = int((table["problem"] != "").sum())
    unsure = int(table["uncertain"].sum())
    other = int(table.get("other_voice", pd.Series(dtype=bool)).sum())
    doubted = f" Not like the enrolled speaker: {other:,}." if other else ""
    with downloads.row():
        st.caption(
            f"{count(len(table) - problems, 'recording')} predicted, {unsure:,} uncertain, "
            f"{problems:,} failed.{doubted} Select a row to play it.",
            width="content",
        )
        own = (
            table
            if "model" in table
            else signed(table, model, enrolment.enrolled_speaker(info, model))
        )
        text = own.round(6).to_csv(index=False)
        downloads.button(
            "Download as CSV", "answers.csv", "text/csv", lambda: text,
            f"All rows, with probabilities of {plain(info.title)}",
        )  # fmt: skip
    enrolled = enrolment.enrolled_speaker(info, model)
    if why := model.reading(enrolled.statistics if enrolled else None).why_unsure:
        st.warning(f"Every prediction of this model is uncertain. {plain(why)}")


def _recording(
    info: ModelInfo, model: InferenceModel, recording: Recording, row: pd.Series[Any]
) -> None:
    """The chosen recording: player, prediction and the form for feedback."""
    st.markdown(f"**{plain(Path(recording.name).name)}**")
    if row["problem"]:
        st.warning(plain(row["problem"]))
        return
    wave = clip_source.decoded(recording.source, recording.name, None)
    shown = clip_source.SelectedSound(recording.name, recording.source, None, 0.0, wave.duration)
    left, right = st.columns([3, 2], gap="medium")
    with left:
        player.play(wave, label=recording.name)
        speaker = enrolment.speaker_statistics(info, model)
        if speaker:
            enrolment.status(doubted=bool(row.get("other_voice", False)))
        prediction_card.show(row, model, model.reading(speaker), key="many")
    with right, st.container(border=True):
        st.button(
            "Make it the current sound",
            help="To explain it, or to see its representations: the dock below leads there.",
            on_click=_make_current,
            args=(recording,),
        )
        feedback_form.show(shown, row, model, info)


def _make_current(recording: Recording) -> None:
    own = recording.source
    try:
        content = files.read_bytes(own, Limits().max_bytes) if isinstance(own, Path) else own
    except SerError as error:
        show_error(error)
        return
    clip_source.hold(Path(recording.name).name, content)
    selection.choose(source=UPLOAD)
