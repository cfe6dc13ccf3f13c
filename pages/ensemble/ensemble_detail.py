"""One ensemble: the search while it runs, then its results."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from pages.components import downloads, errors, navigation, scores, theme
from pages.components.errors import plain
from pages.ensemble import detail_tabs, loading, url_params
from ser_core import jobs as queue
from ser_core.core import SerError, seconds
from ser_core.ensemble import catalogue as ensembles
from ser_core.ensemble.catalogue import ENROLLED, SEEN
from ser_core.ensemble.launch import job_of
from ser_core.evaluation import basis
from ser_core.jobs import Job, State
from ser_core.models.ensemble_card import in_use
from ser_core.plots.ensemble import history_figure

if TYPE_CHECKING:
    from ser_core.ensemble.catalogue import Saved
    from ser_core.evaluation import Report

BADGES = {
    State.RUNNING: ":blue-badge[running]",
    State.QUEUED: ":gray-badge[waiting]",
    State.FAILED: ":red-badge[failed]",
    State.CANCELLED: ":orange-badge[cancelled]",
}
UNKNOWN = "unknown voices"
VOICES = {UNKNOWN: "", "enrolled voices": ENROLLED, "voices in training": SEEN}
"""Speakers that an ensemble may have weights of their own for."""

VIEWS = {
    "Weights": detail_tabs.weights,
    "Is it worth it?": detail_tabs.against_baselines,
    "Errors in common": detail_tabs.overlap,
    "Confidence": detail_tabs.confidence,
    "Confusion": detail_tabs.confusion,
    "Search": detail_tabs.search,
    "Card": detail_tabs.card,
}


def show(ensemble_id: str) -> None:
    """Header, figures and views; or the search under way, or why it failed."""
    st.button("← All ensembles", type="tertiary", on_click=_close)
    try:
        saved = ensembles.one(ensemble_id)
    except SerError as error:
        errors.show(error)
        return
    job = job_of(saved.id)
    if job is not None and not job.state.is_over:
        st.title(plain(saved.name))
        _watch(saved.id)
    elif saved.about is None:
        st.title(plain(saved.name))
        _stopped(saved, job)
    else:
        _finished(saved)


@st.fragment(run_every=1)
def _watch(ensemble_id: str) -> None:
    """Progress and the live search, once a second; the page is drawn again when it has ended."""
    with errors.error_boundary():
        saved, job = ensembles.one(ensemble_id), job_of(ensemble_id)
        if job is None or job.state.is_over:
            st.rerun()
        st.markdown(f"{BADGES[job.state]}")
        _progress(job)
        trials = saved.history()
        if trials:
            objective = str(saved.request["options"]["objective"])
            theme.figure(history_figure(trials, objective), key="live-search")
        else:
            st.caption("The search is shown here as soon as it begins.")
        st.button("Cancel", on_click=_try, args=(job.cancel,))


def _progress(job: Job) -> None:
    progress = job.progress
    if progress is None or not progress.total:
        st.progress(0.0, text="Reading the predictions of the members …")
        return
    left = progress.remaining
    eta = f", about {seconds(left)} left" if left is not None else ""
    text = f"Fit {progress.done} of {progress.total}{eta}"
    st.progress(progress.fraction, text=text)


def _stopped(saved: Saved, job: Job | None) -> None:
    """Failed or cancelled: why, and the way on."""
    if job is None:
        st.info("It was requested, but not made.")
    elif job.state is State.FAILED:
        st.markdown(BADGES[job.state])
        st.error(plain(job.reason))
    else:
        st.markdown(BADGES.get(job.state, ""))
    with st.container(horizontal=True):
        if job is not None and job.state in (State.FAILED, State.CANCELLED):
            st.button("Try again", on_click=_try, args=(partial(queue.resume, job),))
        st.button("Delete", on_click=_delete, args=(saved,), help="Can be undone.")


def _finished(saved: Saved) -> None:
    saved = _voices_choice(saved)
    report = loading.report(saved)
    _header(saved, report)
    scores.headline_metrics(report)
    st.caption(plain(basis(report)))
    tabs = st.tabs(list(VIEWS), key="view", on_change="rerun", bind="query-params")
    for tab, view in zip(tabs, VIEWS.values(), strict=True):
        if tab.open:
            with tab, errors.error_boundary():
                view(saved, report)


def _voices_choice(saved: Saved) -> Saved:
    """The ensemble for speakers of whom nothing is known, or for others it has weights for."""
    offered = [title for title, key in VOICES.items() if not key or key in saved.measured_for]
    if len(offered) == 1:
        return saved
    chosen = st.segmented_control(
        "Speakers",
        offered,
        default=UNKNOWN,
        required=True,
        key="voices",
        bind="query-params",
        label_visibility="collapsed",
        help="What is known of the speakers. **Unknown**: nothing. **Enrolled**: each is enrolled, "
        "with all of the speaker's unlabelled clips of the same part, in members that use "
        "enrolment. **In training**: other clips of the speaker trained the models. Each case has "
        "its own weights, temperature and rejection threshold.",
    )
    return saved.for_voices(VOICES[chosen]) if VOICES[chosen] else saved


def _header(saved: Saved, report: Report) -> None:
    about = saved.about or {}
    left, right = st.columns([4, 5], vertical_alignment="bottom")
    left.title(plain(saved.name))
    with (
        right,
        st.container(horizontal=True, horizontal_alignment="right", vertical_alignment="center"),
    ):
        navigation.link("predict", "Predict with it →", model=f"ensemble:{saved.id}")
        downloads.button(
            "Download", f"{saved.id}.zip", "application/zip",
            partial(ensembles.zipped, saved), "Models, weights, predictions and card",
        )  # fmt: skip
        with st.popover("Rename"):
            st.text_input("Name", value=saved.name, max_chars=80, key="new-name")
            st.button("Save", on_click=_rename, args=(saved,))
        st.button("Delete", on_click=_delete, args=(saved,), help="Can be undone.")
    if "_ensemble_error" in st.session_state:
        st.error(plain(st.session_state.pop("_ensemble_error")))
    st.markdown(
        f"{scores.badge(report.badge)} Leak grade **{report.grade}**: {plain(report.reading)}"
    )
    asked = sum(weight > 0 for weight in about["weights"])
    st.caption(
        f"{about['pooling'].capitalize()} pooling of {asked} of {len(about['members'])} members "
        f"· weights fitted on {about['results']['fitting_clips']:,} {about['fit_on']} clips, "
        "scores on other clips"
    )
    if others := in_use(about):
        st.caption(plain(others))


def _rename(saved: Saved) -> None:
    _try(partial(ensembles.rename, ensembles.one(saved.id), str(st.session_state["new-name"])))


def _delete(saved: Saved) -> None:
    try:
        st.session_state["_deleted_ensemble"] = ensembles.delete(saved)
    except SerError as error:
        st.session_state["_ensemble_error"] = str(error)
        return
    _close()


def _close() -> None:
    """Back to the list."""
    url_params.close()
    st.session_state["ensembles"] = "Ensembles"


def _try(act: object) -> None:
    """Call something that may raise an error, and keep that for the next run to show."""
    assert callable(act)  # noqa: S101
    try:
        act()
    except SerError as error:
        st.session_state["_ensemble_error"] = str(error)
