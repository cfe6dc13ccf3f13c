"""Leak premium: scores of the same recipe under four splits, and the differences between them."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from pages.components import buttons, downloads, navigation, scores, theme
from pages.components.errors import plain
from pages.components.errors import show as show_error
from pages.components.split_policies import policy_title
from pages.results import url_params
from ser_core.core import SerError, count
from ser_core.jobs import State
from ser_core.plots.palette import ACCENT
from ser_core.plots.publication_results import print_intervals
from ser_core.plots.results import MARK, Row, intervals_figure
from ser_core.runs import leak_premium
from ser_core.runs.catalogue import RunInfo
from ser_core.runs.launch import job_of, launch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ser_core.recipes.recipe import Recipe
    from ser_core.runs.leak_premium import Premium


def show(known: Sequence[RunInfo]) -> None:
    """Choose a recipe; what its four splits gave; start those that are missing."""
    st.markdown(
        "**Leak premium**: one recipe is trained under four splits, from the one that leaks most "
        "to the strictest. The UAR lost on the way does not hold for unseen speakers."
    )
    families = _families([run for run in known if run.result])
    if not families:
        with st.container(border=True):
            st.markdown("Train a recipe first; the other splits can then be trained from here.")
            navigation.link("train", "Train a model →")
        return
    run = _choose(families)
    found = leak_premium.members(run, known)
    rows = leak_premium.premium(found)
    _chart(rows, run)
    missing = [policy for policy in leak_premium.COMPARED if policy not in found]
    if missing:
        _offer(run, missing)


def _families(finished: Sequence[RunInfo]) -> dict[str, RunInfo]:
    """A run of each recipe, those with the most splits first, then the newest."""
    found: dict[str, RunInfo] = {}
    for run in finished:
        found.setdefault(run.family, run)
    done = {key: len(leak_premium.members(run, finished)) for key, run in found.items()}
    return dict(sorted(found.items(), key=lambda item: -done[item[0]]))


def _choose(families: dict[str, RunInfo]) -> RunInfo:
    """The recipe, also in the address."""
    names = {key: leak_premium.plain_name(run.name) for key, run in families.items()}
    key = st.selectbox(
        "Recipe",
        list(families),
        format_func=lambda key: f"{names[key]} · {families[key].representation} · {key[:4]}",
        key="family",
        bind="query-params",
        help="Runs that differ in their split alone are one recipe.",
    )
    return families[key]


def _chart(rows: Sequence[Premium], run: RunInfo) -> None:
    shown = [_row(row) for row in rows]
    with st.container(border=True):
        st.markdown(
            "**UAR by split, with 95 % intervals** · hollow and orange: :red-badge[speakers shared]"
        )
        theme.figure(intervals_figure(shown, title="UAR on test clips"), key="premium")
        for row in rows:
            badge = scores.grade_badge(row.run.result.grade if row.run.result else "")
            title = f"**{policy_title(row.policy)}** {badge}".rstrip()
            st.markdown(f"- {title}: {plain(row.sentence)}")
        st.caption(
            "The splits have different test clips, so the interval of a difference is combined "
            "from both figures (Newcombe, 1998). Variation over seeds is not included."
        )
        with downloads.row():
            for row in rows:
                st.button(
                    f"Open {row.policy}",
                    key=f"premium-{row.policy}",
                    type="tertiary",
                    on_click=url_params.show_run,
                    args=(row.run.id,),
                )
        title = f"Leak premium, {leak_premium.plain_name(run.name)}"
        draw = partial(print_intervals, shown, "UAR on test clips", title, "")
        downloads.figures(f"premium-{run.family}", draw)


def _row(row: Premium) -> Row:
    badge = row.run.result.badge if row.run.result else ""
    label = policy_title(row.policy)
    cost = f"cost {row.cost}" if row.cost else ""
    return Row(label, row.uar, MARK if badge else ACCENT, cost, not badge, badge)


def _offer(run: RunInfo, missing: Sequence[str]) -> None:
    """Start what is missing, or show how far it is."""
    with st.container(border=True):
        try:
            wanted = _recipes(run)
        except SerError as error:
            show_error(error)
            return
        jobs = {policy: job_of(wanted[policy].hash) for policy in missing}
        under_way = {p: j for p, j in jobs.items() if j is not None and not j.state.is_over}
        if under_way:
            _watch([str(job.folder) for job in under_way.values()])
        left = [policy for policy in missing if policy not in under_way]
        failed = [p for p in left if (job := jobs[p]) is not None and job.state is State.FAILED]
        for policy in failed:
            job = jobs[policy]
            st.error(f"{policy}: {plain(job.reason if job else '')}")
        if left:
            titles = ", ".join(policy_title(policy) for policy in left)
            buttons.button(
                f"Train the missing {count(len(left), 'split')}",
                _start,
                [wanted[policy] for policy in left],
                type="primary",
                help="They run one after the other; you can close this page.",
            )
            st.caption(f"Missing: {titles}. Leave one speaker out trains once per speaker.")


def _recipes(run: RunInfo) -> dict[str, Recipe]:
    from ser_core.recipes.recipe import load

    return leak_premium.recipes(load(run.folder / "recipe.yaml"))


def _start(wanted: Sequence[Recipe]) -> None:
    launch(*wanted)


@st.fragment(run_every=2)
def _watch(folders: list[str]) -> None:
    from ser_core.jobs import open_job

    jobs = [job for folder in folders if (job := open_job(Path(folder))) is not None]
    if any(job.state.is_over for job in jobs):
        st.rerun()
    for job in jobs:
        progress = job.progress
        state = "waits for its turn" if job.state is State.QUEUED else "is running"
        st.progress(progress.fraction if progress else 0.0, text=f"{plain(job.title)}: {state}")
