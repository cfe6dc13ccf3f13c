"""Summary and time estimate of the recipe, its YAML, and the buttons that start it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit as st
import yaml

from pages.components import (
    buttons,
    downloads,
    encoder_badge,
    errors,
    navigation,
    scores,
    selection,
)
from pages.components.errors import plain
from pages.train import encoder_fetching, recipe_state
from ser_core.core import ParameterError, SerError, count, crowded, seconds
from ser_core.core.plain_yaml import load_yaml
from ser_core.corpora import (
    ENROLMENT,
    Split,
    audit_split,
    confounding,
    known_measures,
    make_split,
    recordings,
)
from ser_core.features import licences
from ser_core.features.encoders import catalogue as encoder_catalogue
from ser_core.features.representations import model_inputs
from ser_core.jobs import State, find, open_job, place_of_new_jobs, start
from ser_core.runs import catalogue, leak_premium, time_estimate
from ser_core.runs.launch import job_of, launch, shell

if TYPE_CHECKING:
    import pandas as pd

    from ser_core.recipes.recipe import Recipe

VIEW = "view"
JOBS = "Jobs"


def show() -> None:
    """Summary, start and text of the recipe; its faults where there are any."""
    try:
        recipe = recipe_state.recipe()
    except SerError as error:
        if to_do := _encoder_to_come():
            st.info(to_do)
        else:
            errors.show(error)
        # A press that left the faulty field must not start what the form held before.
        buttons.button("Start", _launch, [], type="primary", width="stretch", disabled=True)
        _text(yaml.safe_dump(_without_none(recipe_state.content()), sort_keys=False))
        _reset()
        return
    with st.container(border=True):
        _summary(recipe)
        if _agreed_to_licence(recipe):
            _start(recipe)
    _text(recipe.to_yaml())
    with st.expander("As a command", key="terminal", on_change="rerun") as box:
        if box.open:
            st.code(shell(recipe), language="bash", wrap_lines=True)
            st.caption("Paste it into a terminal. The run appears here and on the page Results.")
    _reset()


def _encoder_to_come() -> str:
    """What is to be done before there is an encoder, where nothing is wrong beyond that."""
    rep = recipe_state.content().get("representation", {})
    if rep.get("name") != "encoder" or rep.get("config"):
        return ""
    if not rep.get("encoder"):
        return "Choose an encoder first, under Representation."
    wanted = encoder_fetching.is_wanted(str(rep["encoder"]))
    return "Fetch the encoder first, under Representation." if wanted else ""


def _agreed_to_licence(recipe: Recipe) -> bool:
    """Whether the representation needs no agreement to a licence, or has it; asks otherwise."""
    name = model_inputs()[recipe.representation["name"]].licence
    if not name or licences.agreed(name):
        return True
    licence = licences.LICENCES[name]
    st.warning(
        f"**{licence.part}** needs your agreement to its licence. {licence.terms} "
        f"[Text of the licence]({licence.address}). Install it with `{licence.install}`."
    )
    ticked = st.checkbox("I agree to this licence", key=f"licence-{name}")
    buttons.button("Agree", licences.agree, name, type="primary", disabled=not ticked)
    return False


def _without_none(content: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in content.items() if value is not None}


def _summary(recipe: Recipe) -> None:
    """Split with its grade, number of trainings, time."""
    try:
        split, grade, reading = _split_of(recipe)
    except SerError as error:
        errors.show(error)
        return
    st.markdown(f"Leak grade **{grade}** {scores.grade_badge(grade)}", help=scores.grade_help())
    st.caption(plain(reading))
    _confounded(recipe)
    _heard(recipe)
    todo = time_estimate.plan(recipe, split)
    trainings = count(todo.trainings, "training")
    st.markdown(f"**{trainings}**, {count(todo.steps, 'step')} in all")
    _time(recipe, todo)


def _measures(recipe: Recipe) -> pd.DataFrame | None:
    """Measures of the clips where copies are to stay together; said where nobody measured yet."""
    if not recipe.split.group_copies or recipe.split.file:
        return None
    measures, _ = known_measures(selection.active().corpus)
    if measures is None:
        st.caption(
            "Copies are looked for when the training starts, so parts may differ a little from "
            "these. Measure the clips on the page Corpus to see them now."
        )
    return measures


def _confounded(recipe: Recipe) -> None:
    """A warning where normalising by speaker takes the emotions away."""
    if recipe.normalise != "speaker":
        return
    found = confounding(selection.active().corpus.usable)
    if found and found.is_notable:
        st.warning(plain(f"{found.said}. {ENROLMENT}."))


def _heard(recipe: Recipe) -> None:
    """Whether the encoder of the recipe may have been trained on the corpus."""
    if recipe.representation["name"] == "encoder":
        origin = encoder_catalogue.origin_of(recipe.representation)
        name = selection.active().corpus.name
        encoder_badge.show(encoder_catalogue.contamination(origin, name))


def _split_of(recipe: Recipe) -> tuple[Split, str, str]:
    """Split of the open corpus with its leak grade and its reading, cached while both stay."""
    corpus, measures = selection.active().corpus, _measures(recipe)
    choice = f"{recipe.split.model_dump_json()}, measured: {measures is not None}"
    cached = st.session_state.get("_recipe_split")
    if cached is None or cached[0] is not corpus or cached[1] != choice:
        split = _split_from_recipe(recipe, measures)
        audit = audit_split(split, corpus)
        cached = st.session_state["_recipe_split"] = (
            corpus, choice, (split, audit.grade, audit.reading.partition(" Identical")[0])
        )  # fmt: skip
    found: tuple[Split, str, str] = cached[2]
    return found


def _split_from_recipe(recipe: Recipe, measures: pd.DataFrame | None) -> Split:
    choice, corpus = recipe.split, selection.active().corpus
    if choice.file:
        split = Split.load(choice.file)
        split.require(corpus)
        return split
    options: dict[str, Any] = {"folds": choice.folds} if choice.folds else {}
    options |= {"seed": choice.seed, "fractions": choice.fractions}
    if measures is not None:
        options["recordings"] = recordings(measures)
    return make_split(corpus, choice.policy, **options)


def time_of_trials(recipe: Recipe, trials: int) -> str:
    """How long a recipe takes so many times over, in words; empty for one that cannot be split."""
    try:
        split, _, _ = _split_of(recipe)
    except SerError:  # said on the tab Recipe, and by the sweep itself
        return ""
    pace = time_estimate.known_pace(recipe, catalogue.runs())
    if pace is None:
        return "No estimate of the time yet: “Measure training speed” on the tab Recipe gives one."
    most = time_estimate.plan(recipe, split).seconds(pace, trials)
    return f"About {seconds(most)} for {count(trials, 'trial')} trained to the end, {pace.source}."


def _time(recipe: Recipe, todo: time_estimate.Plan) -> None:
    """How long it takes and how that is known, or a way to find out."""
    key = f"pace:{time_estimate.shape_of(recipe)}"
    job = find(key, running=False)
    if job is not None and not job.state.is_over:
        _measuring(str(job.folder))
        return
    pace = time_estimate.known_pace(recipe, catalogue.runs())
    if pace is not None:
        memory = todo.memory(pace)
        taken = f" Memory: about **{memory / 1024:.1f} GB**." if memory else ""
        st.markdown(
            f"About **{seconds(todo.seconds(pace))}**, {pace.source}.{taken}",
            help="From past runs of the same shape; else from a few real steps; else from "
            "those of another recipe, in proportion to its size. Other work on this computer makes "
            "it longer.",
        )
    else:
        st.markdown("No estimate yet: no similar recipe has been trained on this computer.")
    if recipe.train.parts == 1 and recipe.train.threads != 1 and crowded():
        st.caption(
            "Other work keeps this computer's cores busy. Ghost batches (`train.parts` = 2) give "
            "each thread its own part of a batch, so threads wait once a step instead of a "
            "thousand times."
        )
    if job is not None and job.state is State.FAILED:
        st.error(plain(job.reason))
    if pace is None or pace.source == time_estimate.ROUGH:
        buttons.button(
            "Measure training speed",
            _measure,
            recipe,
            key,
            help="Runs a few training steps on real clips, in a process of its own. Some seconds.",
        )


def _measure(recipe: Recipe, key: str) -> None:
    out = time_estimate.file_of(recipe)
    file = out.with_suffix(".yaml")
    recipe.save(file)
    command = [sys.executable, "-m", "ser_core.runs.time_estimate", str(file), str(out)]
    start(command, title=f"Time {recipe.name}", key=key)


@st.fragment(run_every=1)
def _measuring(folder: str) -> None:
    job = open_job(Path(folder))
    if job is None or job.state.is_over:
        st.rerun()
    st.caption("Measuring training speed …")


def _start(recipe: Recipe) -> None:
    """The button, or what became of this very recipe."""
    job = job_of(recipe.hash)
    under_way = job is not None and not job.state.is_over
    finished = _is_finished(recipe.hash)
    try:
        place = place_of_new_jobs()
    except ParameterError as error:  # of the environment of the app: nothing here mends it
        errors.show(error)
        return
    buttons.button(
        "Start",
        _launch,
        [recipe],
        type="primary",
        width="stretch",
        disabled=under_way or finished,
        help="Queued as a job behind those before it. You can close this page.",
    )
    if place:
        st.caption(f"Runs on {plain(place)}.")
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption("Or a series:", width="content")
        buttons.button(
            "All thirteen representations",
            _launch_all,
            recipe,
            help="Queues this recipe once for each representation, with its default parameters.",
        )
        buttons.button(
            "All four splits",
            _launch_splits,
            recipe,
            help="Leak premium: trains this recipe under the random, sentence-disjoint, "
            "speaker-disjoint and leave-one-speaker-out split. Results shows the difference.",
        )
    # Below the buttons: they must not move away under a second press.
    if under_way:
        st.info("This recipe is queued or running. The tab Jobs shows its progress.")
    elif finished:
        st.success("This recipe has been run; training is deterministic.")
        navigation.link("results", "Show its results →", run=recipe.hash)


def _is_finished(run_id: str) -> bool:
    run = catalogue.open_run(catalogue.folder_of_runs() / run_id)
    return run is not None and run.result is not None


def _launch(recipes: list[Recipe]) -> None:
    """Queue what is not finished, and show the jobs."""
    new = [recipe for recipe in recipes if not _is_finished(recipe.hash)]
    try:
        launch(*new)
    except SerError as error:
        st.session_state["_start_error"] = str(error)
        return
    if len(new) < len(recipes):
        st.toast(f"{count(len(recipes) - len(new), 'recipe')} already run.")
    st.session_state[VIEW] = JOBS


def _launch_all(recipe: Recipe) -> None:
    from ser_core.recipes.series import every_representation

    _launch(every_representation(recipe))


def _launch_splits(recipe: Recipe) -> None:
    _launch(list(leak_premium.recipes(recipe).values()))


def _text(text: str) -> None:
    """The recipe as YAML, to read, edit and download."""
    with st.expander("The recipe as YAML", expanded=True):
        st.session_state["recipe-text"] = text
        with st.form("yaml", border=False):
            st.text_area(
                "YAML",
                key="recipe-text",
                height=min(420, 44 + 19 * (text.count("\n") + 1)),
                label_visibility="collapsed",
            )
            st.form_submit_button("Apply", on_click=_apply, help="Update the form from the YAML.")
        if "_yaml_error" in st.session_state:
            st.error(plain(st.session_state.pop("_yaml_error")))
        downloads.button(
            "Download", "recipe.yaml", "text/yaml", lambda: text, "For the command line"
        )


def _apply() -> None:
    """Take the YAML over into the form; after an error the form stays as it was."""
    from ser_core.recipes.recipe import parse

    try:
        wanted = load_yaml(st.session_state["recipe-text"])
        if not isinstance(wanted, dict):
            raise SerError("is not a recipe", subject="The text", remedy="Write name: value")
        here = recipe_state.base()
        wanted = {"corpus": here["corpus"], **wanted}
        parse(wanted)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" (line {mark.line + 1})" if mark else ""
        st.session_state["_yaml_error"] = f"This is not YAML{where}."
        return
    except SerError as error:
        st.session_state["_yaml_error"] = str(error)
        return
    if str(wanted["corpus"]) != here["corpus"]:
        selection.choose(corpus=str(wanted["corpus"]), reader=str(wanted.get("reader") or ""))
    recipe_state.replace(wanted)


def _reset() -> None:
    if "_start_error" in st.session_state:
        st.error(plain(st.session_state.pop("_start_error")))
    st.button("Reset to defaults", on_click=recipe_state.reset, type="tertiary")
