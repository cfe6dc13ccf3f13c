"""Sweeps: the recipe of the form with many settings; what they score on validation clips."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, get_args

import streamlit as st

from pages.components import buttons, errors, theme
from pages.components.errors import plain
from pages.train import field_controls, job_list, recipe_form, recipe_state, start_panel
from ser_core import jobs as queue
from ser_core.core import SerError, count, seconds
from ser_core.jobs import Job, State
from ser_core.plots.sweep import coordinates_figure, course_figure, importance_figure
from ser_core.recipes import draft
from ser_core.sweeps import launch
from ser_core.sweeps.space import Range, Sweep, choice_of
from ser_core.sweeps.study import ENOUGH_FOR_IMPORTANCE, Found, caution, read_sweep

if TYPE_CHECKING:
    from ser_core.recipes.recipe import Recipe

FIRST = ("optim.lr", "network.shrinkage", "network.c", "network.width")
"""Fields that are proposed, as far as the recipe has them."""

REMOVED = "_removed_sweep"
HUNDREDFOLD = 100
NOT_VARIED = ("train.threads", "train.precision", "fine_tune.checkpointing", "search.trials")
"""What changes time or memory, and no answer."""


def show() -> None:
    """A new sweep, and the sweeps there are."""
    try:
        recipe = recipe_state.recipe()
    except SerError as error:
        errors.show(error)
    else:
        with st.container(border=True):
            _new(recipe)
    if REMOVED in st.session_state:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption("The sweep is in the trash for a week.", width="content")
            st.button("Undo", on_click=_undo)
    known = launch.sweeps()
    if not known:
        st.info("No sweep yet. Choose what to vary above, and press Start sweep.")
        return
    for sweep_id, sweep in known.items():
        with st.container(border=True):
            _one(sweep_id, sweep)


def _new(recipe: Recipe) -> None:
    st.markdown(f"**New sweep** of the recipe of the tab Recipe: {plain(recipe.name)}")
    st.caption(
        "Trains the recipe with many settings and compares them on the validation clips. Test "
        "clips are left alone, so that the one recipe you choose can be tested on them once."
    )
    fields = _fields()
    chosen = st.multiselect(
        "Fields to vary",
        fields,
        default=[name for name in FIRST if name in fields][:1],
        format_func=_title,
        key="sweep-fields",
    )
    said = {name: _asked(name) for name in chosen}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        trials = st.number_input(
            "Trials", 2, 1000, 20, key="sweep-trials", width=140,
            help="Recipes to try. The first is the recipe as it is; from the eleventh on, "
            "Optuna's TPE draws near what was good. After five whole trials, one that is worse "
            "than half of the others at the same epoch is stopped early.",
        )  # fmt: skip
        seed = st.number_input("Seed", 0, 2**31, 0, key="sweep-seed", width=120)
        enrolled = recipe.normalise == "speaker" and st.toggle(
            "Compare with speakers enrolled", True, key="sweep-enrolled"
        )
    sweep = _sweep(recipe, said, trials, seed, enrolled=enrolled)
    if sweep and (told := caution(sweep)):
        st.caption(told)
    if sweep and (told := start_panel.time_of_trials(recipe, trials)):
        st.caption(told)
    buttons.button("Start sweep", _start, sweep, type="primary", disabled=sweep is None)
    if "_sweep_error" in st.session_state:
        st.error(plain(st.session_state.pop("_sweep_error")))


def _fields() -> list[str]:
    """Names of fields that can be varied: numbers, choices and switches that count here."""
    content = recipe_state.content()
    parts = recipe_form.learner_sections()
    found = [
        name
        for name in draft.fields()
        if name.partition(".")[0] in (*parts, "normalise") and name not in NOT_VARIED
    ]
    if draft.get(content, "fine_tune.method") == "frozen":
        found = [name for name in found if not name.startswith("fine_tune.")]
    return [*draft.network_fields(content), *(name for name in found if _can_vary(name))]


def _title(name: str) -> str:
    """Name of a field for people; of fine-tuning with that word, since both have a rate."""
    title = field_controls.label_of(name)
    return f"{title} of fine-tuning" if name.startswith("fine_tune.") else title


def _can_vary(name: str) -> bool:
    kinds = field_controls.kinds(name)
    return any(kind in (int, float, bool) or _options(kind) for kind in kinds)


def _options(kind: Any) -> tuple[Any, ...]:
    return get_args(kind) if getattr(kind, "__origin__", None) is Literal else ()


def _asked(name: str) -> Any:
    """What is tried of a field, as a sweep's file has it; None where that is nothing yet."""
    label, content = _title(name), recipe_state.content()
    kinds = field_controls.kinds(name)
    several = next((_options(kind) for kind in kinds if _options(kind)), None)
    if bool in kinds:
        several = (False, True)
    if several:
        return st.multiselect(label, several, list(several), format_func=str, key=f"sweep:{name}")
    whole = int in kinds
    kind: Any = int if whole else float
    low, high = _around(draft.get(content, name), *field_controls.bounds(name), whole=whole)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        how: Any = {"format": "%d" if whole else "%g", "width": 160}
        least = st.number_input(f"{label} from", value=kind(low), key=f"sweep:{name}:low", **how)
        most = st.number_input("to", value=kind(high), key=f"sweep:{name}:high", **how)
        log = st.toggle(
            "Logarithmic", low > 0 and high / low >= HUNDREDFOLD, key=f"sweep:{name}:log",
            help="Every factor counts alike, not every step: for rates and penalties.",
            width="content",
        )  # fmt: skip
    return {"low": least, "high": most, "log": log}


def _around(
    value: Any, low: float | None, high: float | None, *, whole: bool
) -> tuple[float, float]:
    """Ends to begin with: a tenth to ten times the value, within the bounds of the field."""
    known = isinstance(value, int | float) and value > 0
    ends = (value / 10, value * 10) if known else (low or 0.0, 1.0 if high is None else high)
    if whole and known:
        ends = (max(1, value // 2), value * 2)
    least = max(ends[0], low) if low is not None else ends[0]
    most = min(ends[1], high) if high is not None else ends[1]
    return least, most


def _sweep(
    recipe: Recipe, said: dict[str, Any], trials: int, seed: int, *, enrolled: bool
) -> Sweep | None:
    """The sweep that the form holds; None, with the reason on the page, where it is none."""
    try:
        space = {name: choice_of(name, values) for name, values in said.items()}
        return Sweep(recipe, space, trials, seed, enrolled, f"Sweep of {recipe.name}")
    except SerError as error:
        errors.show(error)
        return None


def _start(sweep: Sweep) -> None:
    try:
        launch.launch(sweep)
    except SerError as error:
        st.session_state["_sweep_error"] = str(error)


def _one(sweep_id: str, sweep: Sweep) -> None:
    """A sweep: how it stands, and what it has found."""
    job = launch.job_of(sweep_id)
    left, right = st.columns([5, 2], vertical_alignment="center")
    varied = ", ".join(_title(name) for name in sweep.space)
    left.markdown(f"**{plain(sweep.name)}** {job_list.BADGES[job.state] if job else ''}")
    left.caption(f"{count(sweep.trials, 'trial')}, varies {varied}")
    with right.container(horizontal=True, horizontal_alignment="right"):
        _actions(sweep_id, sweep, job)
    if job and job.state is State.FAILED:
        st.error(plain(job.reason))
    if job and not job.state.is_over:
        _following(sweep_id)
    else:
        _found(sweep_id)


def _actions(sweep_id: str, sweep: Sweep, job: Job | None) -> None:
    if job and not job.state.is_over:
        st.button("Cancel", key=f"cancel-{sweep_id}", on_click=job.cancel)
    elif job is None or job.state is not State.FINISHED:
        buttons.button(
            "Resume", _start, sweep, key=f"resume-{sweep_id}", help="Trials that are done stay."
        )
    if job and job.state.is_over:
        st.button(
            "Remove", key=f"remove-{sweep_id}", type="tertiary", on_click=_remove,
            args=(sweep_id, job), help="Moves the sweep to the trash; runs stay.",
        )  # fmt: skip


def _remove(sweep_id: str, job: Job) -> None:
    try:
        st.session_state[REMOVED] = launch.remove(sweep_id)
        queue.remove(job)
    except SerError as error:
        st.session_state["_sweep_error"] = str(error)


def _undo() -> None:
    try:
        launch.restore(st.session_state.pop(REMOVED))
    except SerError as error:
        st.session_state["_sweep_error"] = str(error)


@st.fragment(run_every=2)
def _following(sweep_id: str) -> None:
    job = launch.job_of(sweep_id)
    if job is None or job.state.is_over:
        st.rerun()
    progress = job.progress
    if progress:
        left = progress.remaining
        more = f", about {seconds(left)} left" if left is not None else ""
        st.progress(progress.fraction, text=f"{progress.note.capitalize()}{more}")
    else:
        st.progress(0.0, text="Starting …")
    _found(sweep_id)


def _found(sweep_id: str) -> None:
    """The best trial, and the pictures once there are trials to compare."""
    found = read_sweep(launch.folder_of_sweeps() / sweep_id)
    best = found.best
    if best is None:
        st.caption("No trial is whole yet.")
        return
    titles = {name: _title(name) for name in found.sweep.space}
    values = ", ".join(f"{title} {_shown(best[name])}" for name, title in titles.items())
    equal = found.equally_good
    first = f"{equal} trials share the best value" if equal > 1 else f"Best: trial {best['trial']}"
    which = f"The first of them, trial {best['trial']}, has " if equal > 1 else ""
    st.markdown(
        f"{first}, validation UAR **{best['value']:.3f}** "
        f"({best['low']:.3f} to {best['high']:.3f}){'. ' if equal > 1 else ': '}"
        f"{which}{plain(values)}",
        help="The best of many trials is somewhat too high, also on validation clips. "
        f"{caution(found.sweep)}",
    )
    with st.container(horizontal=True):
        buttons.button(
            "Use this recipe", _use, found, key=f"use-{sweep_id}",
            help="Into the form on the tab Recipe, where Start trains and tests it.",
        )  # fmt: skip
    _pictures(found, titles, sweep_id)


def _shown(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _use(found: Found) -> None:
    recipe_state.replace(found.recipe.model_dump(mode="json"))
    st.session_state["view"] = "Recipe"


def _pictures(found: Found, titles: dict[str, str], sweep_id: str) -> None:
    whole = found.trials.dropna(subset=["value"])
    ranges = {name: each for name, each in found.sweep.space.items() if isinstance(each, Range)}
    log = frozenset(name for name, each in ranges.items() if each.log)
    ends = {name: (each.low, each.high) for name, each in ranges.items()}
    tables = st.tabs(["Parallel coordinates", "Course", "Importance", "Trials"])
    with tables[0]:
        theme.figure(coordinates_figure(whole, titles, ends, log), key=f"coordinates-{sweep_id}")
        st.caption(
            "A line a trial, on axes of all that may be tried; drag along an axis to keep only the "
            "lines through that part."
        )
    with tables[1]:
        theme.figure(course_figure(found.trials), key=f"course-{sweep_id}")
        st.caption("Validation UAR with 95 % intervals. What overlaps may be chance.")
    with tables[2]:
        if found.importances:
            theme.figure(importance_figure(found.importances, titles), key=f"importance-{sweep_id}")
            st.caption("By fANOVA over the whole trials: rough for fewer than fifty.")
        else:
            st.caption(f"Said once {ENOUGH_FOR_IMPORTANCE} trials are whole and differ.")
    with tables[3]:
        st.dataframe(
            found.trials.rename(columns={**titles, "value": "validation UAR"}),
            hide_index=True,
            key=f"trials-{sweep_id}",
        )
