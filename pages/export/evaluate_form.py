"""Evaluate an exported file on the open corpus; the result is listed on the page Results."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from pages.components import buttons, navigation, scores, session_cache
from pages.components.errors import plain
from pages.components.job_progress import watch
from ser_core.core import count
from ser_core.evaluation import interval_text, value_text
from ser_core.inference import saved_evaluations
from ser_core.inference.provenance import provenance
from ser_core.jobs import State, find
from ser_core.models.onnx import about_of

if TYPE_CHECKING:
    from pages.components.selection import Active
    from ser_core.inference.saved_evaluations import SavedEvaluation
    from ser_core.models.onnx_metadata import Spec


def show(file: Path, spec: Spec, active: Active) -> None:
    """For each kind of clips the button, the job, or the figure with the way to all of it."""
    test, every = _clips(file, spec, active)
    parts = {"test": test, "": every} if test else {"": every}
    left = [part for part in parts if not _show_state(file, active, part)]
    if not every or not left:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        for part in left:
            _button(file, spec, active, part, parts[part])


def _show_state(file: Path, active: Active, part: str) -> bool:
    """Show what there is; False where nobody asked yet, or it went wrong."""
    own = saved_evaluations.id_of(file, _corpus(active), part)
    job = find(saved_evaluations.KEY + own, running=False)
    if job is not None and job.state is State.RUNNING:
        watch(str(job.folder), on_cancel="Predictions made so far are lost.", unit="answer")
        return True
    saved = next((each for each in saved_evaluations.saved_evaluations() if each.id == own), None)
    if saved is not None and not saved.outdated:
        _show_result(saved)
        return True
    if job is not None and job.state is State.FAILED:
        st.error(plain(job.reason.removeprefix("Error ")))
    return False


def _button(file: Path, spec: Spec, active: Active, part: str, clips: int) -> None:
    which = f"its {count(clips, 'test clip')}" if part else f"all {count(clips, 'clip')}"
    void = "" if part else " Scores are marked where the model was trained on some of them."
    buttons.button(
        f"Evaluate on {which}",
        _start,
        *(file, spec, active, part),
        key=f"judge-{file.name}-{part}",
        help=f"A job classifies {which} of {active.corpus.name} with the file. The result is "
        "listed on the page Results: confusion, scores by emotion and speaker, and a "
        f"paired test against the source model.{void}",
    )


def _corpus(active: Active) -> Path:
    """The corpus as it was named; one may be a table."""
    return active.source


def _start(file: Path, spec: Spec, active: Active, part: str) -> None:
    saved_evaluations.launch(
        file, _corpus(active), active.selection.reader or None, part,
        enrols=spec.enrolled is not None, title=f"Results of {file.name}",
    )  # fmt: skip


def _show_result(saved: SavedEvaluation) -> None:
    """The headline, and the way to everything behind it."""
    result = saved.result
    if result is None:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        ends = f" ({interval_text(result.uar)})" if result.uar.low is not None else ""
        badge = scores.badge(result.badge) or scores.NEW_SPEAKERS_BADGE
        clips = count(result.clips, "test clip" if saved.part else "clip")
        st.markdown(
            f"On {clips} of {plain(saved.content.get('corpus_name', ''))}: "
            f"**UAR {value_text(result.uar)}**{ends} {badge}",
            width="content",
        )
        navigation.link("results", "All results →", run=saved.id)


def _clips(file: Path, spec: Spec, active: Active) -> tuple[int, int]:
    """Number of test clips of its training in the corpus, and of all clips it can predict."""
    key = (file, file.stat().st_mtime, active.corpus.root, len(active.corpus))

    def make() -> tuple[int, int]:
        rows = active.corpus.usable
        clips = [str(clip) for clip in rows.index[rows["emotion"].isin(list(spec.classes))]]
        return len(provenance(about_of(spec), None, active.corpus).of(clips, "test")), len(clips)

    found: tuple[int, int] = session_cache.cached("_clips_for_files", 24, key, make)
    return found
