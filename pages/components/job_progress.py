"""The progress of a running job."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from pages.components import errors
from ser_core.core import count, seconds
from ser_core.jobs import Job, Progress, State, find, open_job
from ser_core.runs.launch import BEFORE


@st.fragment(run_every=1)
def watch(folder: str, *, on_cancel: str = "", unit: str = "clip") -> None:
    """Progress of the job in a folder, once a second; the page is drawn again when it has ended.

    Args:
        folder: Of the job.
        on_cancel: What happens to the work done so far when it is cancelled, for the help.
        unit: What is counted.
    """
    with errors.error_boundary():
        job = open_job(Path(folder))
        if job is None or job.state is not State.RUNNING:
            st.rerun()
        _progress(job, unit)
        st.button("Cancel", key=f"cancel-{job.id}", on_click=job.cancel, help=on_cancel or None)


def is_at_work(key: str, failed: str) -> bool:
    """Show the newest job with a key: its progress while it runs, or why it failed.

    Args:
        key: Of the job.
        failed: What is said before the reason.

    Returns:
        Whether it runs.
    """
    last = find(key, running=False)
    state = None if last is None else last.state
    if last is not None and state is State.RUNNING:
        watch(str(last.folder))
        return True
    if last is not None and state is State.FAILED:
        st.error(f"{failed}: {errors.plain(last.reason)}")
    return False


def time_left(progress: Progress | None) -> str:
    """How long the rest takes, and of what: a training's steps are timed one by one."""
    left = progress.remaining if progress else None
    if progress is None or left is None:
        return ""
    return f"{seconds(left)} left{' of this step' if progress.note in BEFORE else ''}"


def _progress(job: Job, unit: str) -> None:
    progress = job.progress
    if progress is None:
        st.progress(0.0, text=f"{job.title}: starting …")
        return
    left = time_left(progress)
    eta = f", about {left}" if left else ""
    text = f"{job.title}: {progress.done:,} of {count(progress.total, unit)}{eta}"
    st.progress(progress.fraction, text=text)
