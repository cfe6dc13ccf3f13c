"""The form for a new ensemble: members, pooling, and the button that starts it."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import pandas as pd
import streamlit as st

from pages.components import buttons, errors, navigation, scores, tables
from pages.components.errors import plain
from pages.ensemble import loading, url_params
from ser_core.core import SerError, count
from ser_core.ensemble import Candidate, Options, obstacle
from ser_core.ensemble.catalogue import Request
from ser_core.ensemble.launch import launch, shell
from ser_core.ensemble.members import families
from ser_core.ensemble.options import FIT_ON, SEEDS, WEIGHTS
from ser_core.evaluation import METRICS, interval_text
from ser_core.models.pooling import POOLINGS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

GREY = "color: #808890"
FEW = 5
"""Runs that cannot join, and are listed without being asked for."""

WORDS = {
    "objective": "Objective",
    "pooling": "Pooling",
    "weights": "Weights",
    "fit_on": "Fit weights on",
    "seeds": "Several seeds",
    "trials": "Search trials",
    "l1": "Penalty (L1)",
    "risk": "Accepted risk",
    "seed": "Seed",
}
TITLES: dict[str, Callable[[str], str]] = {
    "objective": lambda name: METRICS[name].title,
    "pooling": lambda name: POOLINGS[name].title,
}
STEPS = {"trials": 50}
FRACTION: dict[str, Any] = {"step": 0.01, "format": "%.3f"}
FIRST = ("objective", "pooling", "weights")
MORE = ("fit_on", "seeds", "trials", "l1", "risk", "seed")
EXPLAINED = {
    "weights": WEIGHTS,
    "fit_on": FIT_ON,
    "seeds": SEEDS,
    "pooling": {name: pooling.help for name, pooling in POOLINGS.items()},
}


def show() -> None:
    """The choice; what to do where there is nothing to choose from."""
    known = loading.candidates()
    found = families(known)
    if not found or (len(found[0]) < 2 and not _several_seeds(found)):
        _no_candidates_yet(known)
        _ineligible_runs(known, [])
        return
    left, right = st.columns([5, 3], gap="medium")
    with left:
        family = _family(found)
        chosen = _members(family, first=family is found[0])
        seen = _seen(chosen, known)
    with right, st.container(border=True):
        _start(chosen, seen)
    _ineligible_runs(known, family)


def _several_seeds(found: Sequence[Sequence[Candidate]]) -> bool:
    return any(len(candidate.seeds) > 1 for family in found for candidate in family)


def _no_candidates_yet(known: Sequence[Candidate]) -> None:
    with st.container(border=True):
        st.subheader("No runs to pool yet")
        have = f"There is {count(len(known), 'finished run')}. " if len(known) == 1 else ""
        st.markdown(
            f"{have}An ensemble needs two or more finished runs on **the same split** (of "
            "different representations, for example), or one run with several seeds: then no "
            "member was trained on the test clips of another. On the page Train, *All thirteen "
            "representations* queues such a series."
        )
        navigation.link("train", "Train some models →")


def _family(found: list[list[Candidate]]) -> list[Candidate]:
    """Runs that can be pooled; the user chooses where there are several sorts of them."""
    wanted = set(url_params.members())
    usual = next(
        (n for n, family in enumerate(found) if wanted & {one.run.id for one in family}), 0
    )
    if len(found) == 1:
        return found[0]
    number = st.selectbox(
        "Runs with the same split",
        range(len(found)),
        index=usual,
        format_func=lambda n: _title(found[n]),
        key="family",
        help="Members must share their split: none may have been trained on the test clips of "
        "another.",
    )
    return found[number]


def _title(family: Sequence[Candidate]) -> str:
    split = family[0].split
    folds = f", {len(family[0].folds)} folds" if len(family[0].folds) > 1 else ""
    return (
        f"{split.policy} on {split.corpus}{folds}, seed {split.seed}: {count(len(family), 'run')}"
    )


def _members(family: Sequence[Candidate], *, first: bool) -> list[Candidate]:
    """The runs to pool, ticked in the table of what each scores; all of them to begin with.

    Args:
        family: Those that can be.
        first: Whether the form shows these where the address names none.
    """
    ids = [one.run.id for one in family]
    wanted = [ids.index(run_id) for run_id in url_params.members() if run_id in ids]
    chosen = _ticked(family, wanted or list(range(len(ids))), key="members")
    usual = first and len(chosen) == len(ids)
    url_params.write_members([] if usual else [one.run.id for one in chosen])
    return chosen


def _ticked(family: Sequence[Candidate], rows: list[int], *, key: str) -> list[Candidate]:
    """The runs that are ticked in the table of what each scores; those in `rows` to begin with."""
    _grade(family)
    number = st.column_config.NumberColumn
    state = st.dataframe(
        pd.DataFrame([_line(one, family) for one in family]),
        key=f"{key}-{family[0].split.hash}",
        on_select="rerun",
        selection_mode="multi-row",
        selection_default={"selection": {"rows": rows}},
        hide_index=True,
        height=tables.height(len(family), 460),
        column_config={name: number(name, format="%.3f") for name in ("UAR", "WA")},
        placeholder="",
    )
    ticked = sorted(row for row in state["selection"]["rows"] if row < len(family))
    st.caption(f"Ticked: {count(len(ticked), 'member')} of {count(len(family), 'run')}.")
    return [family[row] for row in ticked]


def _grade(family: Sequence[Candidate]) -> None:
    """What the split of the runs allows to say."""
    result = family[0].run.result
    if result is not None:
        st.markdown(
            f"Test clips: leak grade **{result.grade}** "
            f"{scores.badge(result.badge) or scores.NEW_SPEAKERS_BADGE}",
            help=scores.grade_help(),
        )


def _line(one: Candidate, family: Sequence[Candidate]) -> dict[str, Any]:
    """What a run scores by itself."""
    result = one.run.result
    assert result is not None  # noqa: S101  (candidates are finished)
    return {
        "Run": _name(one, family),
        "UAR": result.uar.value,
        "95 %": interval_text(result.uar),
        "WA": result.wa.value,
        "Representation": one.run.representation,
        "Seeds": len(one.seeds),
    }


def _name(one: Candidate, among: Sequence[Candidate]) -> str:
    same = sum(each.run.name == one.run.name for each in among) > 1
    return f"{one.run.name} · {one.run.id[:4]}" if same else one.run.name


def _ineligible_runs(known: Sequence[Candidate], family: Sequence[Candidate]) -> None:
    """Runs that cannot join, in grey, each with its reason."""
    inside = {one.run.id for one in family}
    outside = [one for one in known if one.run.id not in inside]
    if not outside:
        return
    rows = [
        {
            "Run": one.run.name,
            "Reason": one.fault
            or (obstacle(family[0], one) if family else ("No other run of its split")),
            "Split": one.run.policy,
        }
        for one in outside
    ]
    title = f"{count(len(outside), 'run')} cannot join"
    with st.expander(title, expanded=len(outside) <= FEW, type="compact"):
        grey = pd.DataFrame(rows).style.map(lambda _: GREY)
        wide = {"Run": st.column_config.TextColumn("Run", width=320)}
        st.dataframe(grey, hide_index=True, placeholder="", column_config=wide)


def _seen(chosen: Sequence[Candidate], known: Sequence[Candidate]) -> tuple[str, ...]:
    """Runs to pool for speakers of whom other clips were in training; none as a rule."""
    others = _of_seen_speakers(chosen, known)
    if not others:
        return ()
    with st.expander("For voices in training"):
        st.caption(
            "Runs that were tested on speakers of their training (random splits). They are pooled "
            "with weights, temperature and threshold of their own, which answer for speakers whose "
            "other clips trained them; everybody else gets the members above."
        )
        ticked = _ticked(others, [], key="seen")
        if len(ticked) == 1:
            st.caption("Tick two or more of them, or none.")
    return tuple(one.run.id for one in ticked)


def _of_seen_speakers(chosen: Sequence[Candidate], known: Sequence[Candidate]) -> list[Candidate]:
    """Runs of the same clips that share speakers between training and test, one split of them."""
    if not chosen or _shares_speakers(chosen[0]):
        return []
    clips = chosen[0].split.clips_hash
    own = [one for one in known if not one.fault and one.split.clips_hash == clips]
    found = families([one for one in own if _shares_speakers(one)])
    return found[0] if found and len(found[0]) > 1 else []


def _shares_speakers(one: Candidate) -> bool:
    return bool(one.run.result and one.run.result.badge)


def _start(chosen: Sequence[Candidate], seen: tuple[str, ...]) -> None:
    """Options, name and the button."""
    values = {name: _control(name) for name in FIRST}
    with st.expander("More"):
        values |= {name: _control(name, values) for name in MORE}
    name = st.text_input(
        "Name",
        max_chars=80,
        key="ensemble-name",
        placeholder="Ensemble",
        bind="query-params",
    )
    try:
        options = Options(**values)
    except SerError as error:
        errors.show(error)
        return
    members = sum(len(one.seeds) if options.seeds == "members" else 1 for one in chosen)
    title = (name or "").strip() or f"Ensemble of {members}"
    request = Request(title, tuple(one.run.id for one in chosen), options, {}, seen)
    if members < 2:
        st.caption("Choose two members or more.")
    buttons.button(
        "Start",
        _launch,
        request,
        type="primary",
        width="stretch",
        disabled=members < 2 or len(seen) == 1,
        help="Runs as a job, seconds to a minute; you can close this page.",
    )
    if "_ensemble_error" in st.session_state:
        st.error(plain(st.session_state.pop("_ensemble_error")))
    if members >= 2:
        with st.expander("The same in a terminal"):
            st.code(shell(request), language="bash", wrap_lines=True)


def _control(name: str, values: dict[str, Any] | None = None) -> Any:
    """Control of an option, built from what its field says of itself."""
    field = {each.name: each for each in dataclasses.fields(Options)}[name]
    rule, key = field.metadata, f"ensemble-{name}"
    if "options" in rule:
        return st.selectbox(
            WORDS[name],
            rule["options"],
            index=rule["options"].index(field.default),
            format_func=TITLES.get(name, str.capitalize),
            key=key,
            bind="query-params",
            help=_help(name, str(rule["help"])),
        )
    if name == "l1" and values is not None and not _penalty_counts():
        return 0.0
    whole = isinstance(field.default, int)
    form: dict[str, Any] = {"step": STEPS.get(name, 1)} if whole else FRACTION
    default: Any = field.default
    return st.number_input(
        WORDS[name],
        min_value=rule["low"],
        max_value=rule["high"],
        value=default,
        key=key,
        help=f"{rule['help']}.",
        **form,
    )


def _penalty_counts() -> bool:
    state = st.session_state
    return bool(
        state.get("ensemble-pooling") == "log-linear"
        and state.get("ensemble-objective") == "nll"
        and state.get("ensemble-weights") == "searched"
    )


def _help(name: str, text: str) -> str:
    lines = [f"- **{word}**: {meaning}" for word, meaning in EXPLAINED.get(name, {}).items()]
    return "\n".join([f"{text}.", "", *lines])


def _launch(request: Request) -> None:
    try:
        launch(request)
    except SerError as error:
        st.session_state["_ensemble_error"] = str(error)
        return
    url_params.open_ensemble(request.id)
