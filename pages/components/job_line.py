"""The queue of jobs in one line of the side bar, on every page."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from pages.components import job_progress, navigation
from pages.components.errors import plain
from ser_core.jobs import State, jobs

if TYPE_CHECKING:
    from ser_core.jobs import Job


def show(link: bool) -> None:
    """How many jobs run and wait, and how far the first is; nothing where there are none.

    Args:
        link: Whether to lead to the list of jobs; on that page there is no need.
    """
    under_way = any(not job.state.is_over for job in jobs())
    # Drawn anew without the page; seldom while nothing is done, for what another tab may start.
    (_often if under_way else _seldom)(link)


@st.fragment(run_every=2)
def _often(link: bool) -> None:
    _line(link)


@st.fragment(run_every=10)
def _seldom(link: bool) -> None:
    _line(link)


def _line(link: bool) -> None:
    states = [(job, job.state) for job in jobs()]
    begun = [job for job, state in states if state is State.RUNNING]
    running = [job for job in begun if not job.waits_for_node]
    waiting = sum(state is State.QUEUED for _, state in states) + len(begun) - len(running)
    if not running and not waiting:
        return
    parts = [(len(running), "running"), (waiting, "waiting")]
    counts = ", ".join(f"{number:,} {word}" for number, word in parts if number)
    with st.container(border=True, gap="xxsmall", key="job-line"):
        st.caption(f"Jobs: {counts}")
        if running:
            _progress(running[-1])
        if link:
            navigation.link("train", "See the jobs →", view="Jobs")


def _progress(job: Job) -> None:
    """Of the job that began first."""
    progress = job.progress
    if progress is None:  # it has just begun, or its command reports none
        st.markdown(plain(job.title))
        return
    left = job_progress.time_left(progress)
    eta = f" · {left}" if left else ""
    st.progress(progress.fraction, text=f"{plain(job.title)}{eta}")
