"""The form that starts an export, and the progress of the job."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from pages.components import buttons, errors, selection
from pages.components.errors import plain
from ser_core.core import SerError, seconds
from ser_core.export.plan import CLIPS, Plan, files, folder_of, launch, launched
from ser_core.jobs import Job, State, open_job
from ser_core.models.onnx_metadata import PRECISIONS

if TYPE_CHECKING:
    from pages.components.selection import Active
    from ser_core.inference.catalogue import ModelInfo

FAULT = "_export_error"
RECENT = 600.0
"""Seconds for which a cancelled export is spoken of."""

TITLES = {  # links hold these words, so they stay
    "fp32": "fp32, exact",
    "fp16": "fp16, half",
    "w8": "w8, weights a quarter",
    "int8": "int8, networks a quarter",
}


def show(info: ModelInfo, active: Active) -> None:
    """Options and the button; what is under way, or why it failed."""
    if FAULT in st.session_state:
        st.error(plain(st.session_state.pop(FAULT)))
    jobs = launched(info.folder)
    running = [job for job in jobs if not job.state.is_over]
    with st.container(border=True):
        _options(info, active, busy=bool(running))
    for job in running:
        with st.container(border=True):
            watch(str(job.folder), str(info.folder), _written_files(info.folder))
    if not running and jobs:
        _last_outcome(jobs[0])


def _last_outcome(job: Job) -> None:
    """Outcome of the last export, where it failed or was cancelled."""
    if job.state is State.FAILED:
        st.error(plain(_reason(job.reason)))
    elif job.state is State.CANCELLED and time.time() - (job.ended or 0.0) < RECENT:
        st.info(f"{plain(job.title)} was cancelled. Finished files are kept.")


def _reason(reason: str) -> str:
    """A failed gate ends the command, too; the verdict stands at the file."""
    return reason.removeprefix("Error ") or "The export failed; see its log."


def _options(info: ModelInfo, active: Active, *, busy: bool) -> None:
    left, right = st.columns([3, 2])
    with left:
        st.pills(
            "Precision",
            list(PRECISIONS),
            selection_mode="multi",
            default=["fp32"],
            format_func=TITLES.__getitem__,
            key="export-precisions",
            bind="query-params",
            wrap=True,
            help=" ".join(f"**{name}**: {text}" for name, text in PRECISIONS.items()),
        )
    with right:
        st.number_input(
            "Clips of the acceptance test",
            min_value=1,
            max_value=10_000,
            value=min(CLIPS, max(1, len(active.corpus.usable))),
            key="export-clips",
            help="From the open corpus: the model's own test clips where they are known, drawn "
            "evenly over emotions and speakers.",
        )
    st.checkbox(
        "Network only",
        key="export-network",
        help="The file takes the representation instead of a waveform; you compute it.",
    )
    buttons.button("Export", _start, info, type="primary", disabled=busy)


def _start(info: ModelInfo) -> None:
    active = selection.active()
    try:
        plan = Plan(
            model=info.folder,
            out=folder_of(info.folder),
            precisions=tuple(st.session_state["export-precisions"]),
            whole=not st.session_state["export-network"],
            corpus=active.source,
            reader=active.selection.reader or None,
            clips=int(st.session_state["export-clips"]),
        )
        launch(plan, f"Export: {info.title}")
    except SerError as error:
        st.session_state[FAULT] = str(error)


def _written_files(model: Path) -> list[tuple[str, float]]:
    """Files there are, and when each was written."""
    return [(path.name, path.stat().st_mtime) for path in files(model) if path.exists()]


@st.fragment(run_every=1)
def watch(folder: str, model: str, drawn: list[tuple[str, float]]) -> None:
    """How far a job is, once a second; the page is drawn again for each file, and at the end."""
    with errors.error_boundary():
        job = open_job(Path(folder))
        if job is None or job.state.is_over or _written_files(Path(model)) != drawn:
            st.rerun()
        left, right = st.columns([6, 1], vertical_alignment="center")
        progress = job.progress
        left.progress(progress.fraction if progress else 0.0, text=_progress_text(job))
        right.button(
            "Cancel", key=f"cancel-{job.id}", on_click=job.cancel,
            help="Finished files stay; the current one is not written.",
        )  # fmt: skip


def _progress_text(job: Job) -> str:
    """The stage, how long it has taken so far, and how long the rest may take."""
    progress = job.progress
    stage = (progress.note or "under way") if progress else "starting"
    spent = f", {seconds(job.seconds)} so far" if job.seconds else ""
    left = progress.remaining if progress else None
    rest = f", about {seconds(left)} left" if left else ""
    return f"**{plain(job.title)}**: {plain(stage)}{spent}{rest}"
