"""Trainings that run, wait, or ended lately: progress, live learning curves, actions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from pages.components import job_progress, navigation, scores, theme
from pages.components.errors import plain
from ser_core import jobs as queue
from ser_core.core import SerError, count, seconds
from ser_core.jobs import Job, State, note
from ser_core.plots.results import course_figure
from ser_core.recipes import draft
from ser_core.runs import catalogue
from ser_core.runs.launch import EXTRACTING, SCANNING, run_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from streamlit.delta_generator import DeltaGenerator

    from ser_core.runs.catalogue import LearningCurve, RunInfo

ENDED = 12  # jobs that are shown after they have ended
BADGES = {
    State.RUNNING: ":blue-badge[running]",
    State.QUEUED: ":gray-badge[waiting]",
    State.FINISHED: ":green-badge[finished]",
    State.FAILED: ":red-badge[failed]",
    State.CANCELLED: ":orange-badge[cancelled]",
}
WAITS = ":gray-badge[waits for a node]"
"""Of a job that a cluster has no room for yet."""


def trainings() -> list[Job]:
    """The newest job of every training: running ones, waiting ones in turn, ended ones."""
    newest: dict[str, Job] = {}
    for job in queue.jobs():
        if run_of(job):
            newest.setdefault(job.key, job)
    states = {job.id: job.state for job in newest.values()}
    running = [job for job in newest.values() if states[job.id] is State.RUNNING]
    waiting = [job for job in queue.waiting() if job.id in states]
    ended = [job for job in newest.values() if states[job.id].is_over]
    return [*running, *waiting, *ended[:ENDED]]


def are_active() -> bool:
    """Whether a training runs or waits."""
    return any(run_of(job) and not job.state.is_over for job in queue.jobs())


def show_reminder() -> None:
    """Say on the other tab that something is under way."""
    active = [job for job in trainings() if not job.state.is_over]
    if active:
        with st.container(border=True, horizontal=True, vertical_alignment="center"):
            _head(active[0], f"and {count(len(active) - 1, 'other job')}" if active[1:] else "")
            st.button("Show", key="show-jobs", on_click=_show)


def _show() -> None:
    st.session_state["view"] = "Jobs"


def show() -> None:
    """All trainings, refreshed every second while one runs or waits, else every five."""
    if told := note():
        st.warning(plain(told))
    (_refresh_often if are_active() else _refresh_seldom)()


@st.fragment(run_every=1)
def _refresh_often() -> None:
    found = trainings()
    if all(job.state.is_over for job in found):
        st.rerun()
    _all(found)


@st.fragment(run_every=5)
def _refresh_seldom() -> None:
    found = trainings()
    if not all(job.state.is_over for job in found):
        st.rerun()
    _all(found)


def _all(found: Sequence[Job]) -> None:
    if "_job_error" in st.session_state:
        st.error(plain(st.session_state.pop("_job_error")))
    _others()
    if not found:
        st.info("No training has been started yet. Choose a recipe and press Start.")
        return
    waiting = sum(job.state is State.QUEUED for job in found)
    if waiting > 1:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption(f"{count(waiting, 'training')} are waiting.", width="content")
            st.button("Cancel all waiting", on_click=_cancel_waiting)
    for job in found:
        with st.container(border=True, gap="small"):
            VIEWS[job.state](job)


def _others() -> None:
    """Jobs of other pages that run or wait; what they give is shown where they were started."""
    found = [job for job in queue.jobs() if not run_of(job) and not job.state.is_over]
    for job in reversed(found):
        with st.container(border=True, gap="small"):
            with _line(job, f"{seconds(job.seconds)} so far" if job.seconds else ""):
                st.button("Cancel", key=f"cancel-{job.id}", on_click=_try, args=(job.cancel,))
            if job.state is State.RUNNING:
                _progress(job)


def _head(job: Job, more: str = "") -> None:
    badge = WAITS if job.waits_for_node else BADGES[job.state]
    st.markdown(f"**{plain(job.title)}** {badge} {more}")


def _on(job: Job) -> str:
    """The corpus of a training, and the number of its clips once its split is drawn."""
    run = catalogue.open_run(catalogue.folder_of_runs() / str(run_of(job)))
    if run is None:
        return ""
    clips = catalogue.clips_of(run)
    on = f", {count(clips, 'clip')}" if clips else ""
    return f":gray[on {plain(run.corpus.name)}{on}]"


def _running(job: Job) -> None:
    folder = catalogue.folder_of_runs() / str(run_of(job))
    courses = catalogue.learning_curves(folder)
    so_far = f"{seconds(job.seconds)} so far" if job.seconds else ""
    with _line(job, f"{so_far} {_on(job)}"):
        st.button("Cancel", key=f"cancel-{job.id}", on_click=_try, args=(job.cancel,))
    waits = job.waits_for_node
    if job.progress or not waits:  # of one that begins again on another node it is known
        _progress(job)
    if place := job.place:
        st.caption(plain(f"Runs on {place}" if place.startswith("Ray at") else place))
    if courses:
        _curves(courses, folder, job)
    elif not waits:
        st.caption(_next(job))


def _next(job: Job) -> str:
    """What comes after what the job does now."""
    note = job.progress.note if job.progress else ""
    if note == EXTRACTING:
        return (
            "The encoder is run once over every clip. Its features are stored, so the next "
            "training with this encoder and corpus begins with step 2."
        )
    if note == SCANNING:
        return "Once for a corpus: duplicates of recordings are looked for by these measures."
    return "Learning curves appear after the first epoch."


def _progress(job: Job) -> None:
    progress = job.progress
    if progress is None:
        st.progress(0.0, text="Starting …")
        return
    left = job_progress.time_left(progress)
    eta = f", about {left}" if left else ""
    where = f"{progress.note.capitalize()}: " if progress.note else ""
    st.progress(progress.fraction, text=f"{where}{progress.done:,} of {progress.total:,}{eta}")


def _curves(courses: Sequence[LearningCurve], folder: Path, job: Job) -> None:
    """The training under way, or the last one that ended."""
    course = next((each for each in courses if not each.finished), courses[-1])
    run = catalogue.open_run(folder)
    epochs = int(draft.get(run.content, "train.epochs")) if run else len(course.history)
    done = sum(each.finished for each in courses)
    before = f"{count(done, 'training')} done. " if done else ""
    last = course.history[-1]
    st.caption(
        f"{before}{course.name[:1].upper()}{course.name[1:]}: epoch {len(course.history)} of "
        f"{epochs}, validation UAR {last['val_uar']:.3f}, best {_best(course)}"
    )
    figure = course_figure(course.history, best_epoch=course.best_epoch, epochs=epochs)
    theme.figure(figure, key=f"live-{course.fold}-{course.seed}-{job.id}")


def _best(course: LearningCurve) -> str:
    if not course.best_epoch:
        return "none yet"
    return f"{course.at(course.best_epoch)['val_uar']:.3f} in epoch {course.best_epoch}"


def _line(job: Job, more: str = "") -> DeltaGenerator:
    """A job on one line; what is done with it goes to the right end."""
    left, right = st.columns([5, 2], vertical_alignment="center")
    with left:
        _head(job, more)
    return right.container(
        horizontal=True, horizontal_alignment="right", vertical_alignment="center"
    )


def _waiting(job: Job) -> None:
    with _line(job, _on(job)):
        st.button(
            "Run next",
            key=f"next-{job.id}",
            on_click=_try,
            args=(queue.to_front, job),
            help="Move it to the front of the queue.",
        )
        st.button("Cancel", key=f"cancel-{job.id}", on_click=_try, args=(job.cancel,))


def _finished(job: Job) -> None:
    run = catalogue.open_run(catalogue.folder_of_runs() / str(run_of(job)))
    with _line(job, f"{_figures(run)} {_took(job)} {_on(job)}"):
        if run is not None and run.result:
            navigation.link("results", "Results →", run=run.id)
        else:
            st.caption("Its results were deleted.", width="content")
        _remove(job)


def _figures(run: RunInfo | None) -> str:
    if run is None or run.result is None:
        return ""
    result = run.result
    return f"UAR {result.uar} {scores.badge(result.badge)}"


def _took(job: Job) -> str:
    """How long the job worked, with all that it did before the training itself."""
    return f"in {seconds(job.seconds)}" if job.seconds is not None else ""


def _stopped(job: Job) -> None:
    """Failed or cancelled: the reason, the log, and the button to resume."""
    with _line(job, _on(job)):
        st.button(
            "Resume",
            key=f"resume-{job.id}",
            on_click=_try,
            args=(queue.resume, job),
            help="From the last complete epoch; the result is that of an uninterrupted run.",
        )
        _remove(job)
    if job.state is State.FAILED:
        st.error(plain(job.reason))
    folder = catalogue.folder_of_runs() / str(run_of(job))
    if courses := catalogue.learning_curves(folder):
        _curves(courses, folder, job)
        st.caption("Resume continues after its last complete epoch.")
    else:
        st.caption("It ended before its first epoch was complete, so Resume starts again.")
    log = job.log()
    if log:
        with st.expander("Log", type="compact"):
            st.code(log, language=None)
            st.caption(f"Started by `{job.shell}`")


def _remove(job: Job) -> None:
    st.button(
        "Remove",
        key=f"remove-{job.id}",
        type="tertiary",
        on_click=_try,
        args=(queue.remove, job),
        help="Remove from this list; files and results stay.",
    )


VIEWS = {
    State.RUNNING: _running,
    State.QUEUED: _waiting,
    State.FINISHED: _finished,
    State.FAILED: _stopped,
    State.CANCELLED: _stopped,
}


def _try(act: object, *given: object) -> None:
    """Act on a job; if it has ended meanwhile, the next run shows the error."""
    assert callable(act)  # noqa: S101
    try:
        act(*given)
    except SerError as error:
        st.session_state["_job_error"] = str(error)


def _cancel_waiting() -> None:
    for job in queue.waiting():
        if run_of(job):
            _try(job.cancel)
