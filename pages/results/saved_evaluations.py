"""Evaluations of a model or exported file on a corpus: what was evaluated, and its source model."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from pages.components import buttons, leak_audit, navigation
from pages.components.errors import plain
from pages.components.job_progress import watch
from pages.results import comparison, url_params
from ser_core.core import count
from ser_core.export.plan import source_of
from ser_core.inference import saved_evaluations
from ser_core.inference.catalogue import models
from ser_core.inference.saved_evaluations import SavedEvaluation
from ser_core.jobs import State, find
from ser_core.runs import catalogue

if TYPE_CHECKING:
    from ser_core.evaluation import Report
    from ser_core.inference.catalogue import ModelInfo
    from ser_core.runs.catalogue import RunInfo


def kind(run: RunInfo) -> str:
    """What a result is of."""
    if not isinstance(run, SavedEvaluation):
        return "training"
    return "exported file" if run.exported else "model"


def model_of(run: SavedEvaluation) -> ModelInfo | None:
    """The evaluated model, where pages can take it."""
    return next((each for each in models() if each.folder == run.model), None)


def explainable_model(run: SavedEvaluation) -> str:
    """Key of the model to explain with: of an exported file, the one it was made from."""
    found = source_of(run.model) if run.exported else model_of(run)
    return found.key if found else ""


def about(run: SavedEvaluation) -> str:
    """Model, number of predictions and corpus, in a line."""
    which = f"{run.part} clips of its split" if run.part else "clips"
    on = f"{count(run.result.clips if run.result else 0, 'prediction')} on {which} of "
    return f"{kind(run)} · {run.representation} · {on}{run.content.get('corpus_name', '')}"


def links(run: SavedEvaluation) -> None:
    """To the pages that take the model."""
    found = model_of(run)
    if found is None:
        return
    with st.container(horizontal=True):
        navigation.link("predict", "Predict with it →", model=found.key)
        navigation.link("robustness", "Test its robustness →", model=found.key)
        words = "Its file on the page Export →" if run.exported else "Export it as one file →"
        navigation.link("export", words, model=found.key)


def outdated(run: SavedEvaluation) -> None:
    """Warn where the model is no longer the one that was evaluated."""
    if run.outdated:
        gone = not run.model.exists()
        st.warning(
            "The model is gone; its predictions remain."
            if gone
            else "The model was replaced since: these predictions are of the earlier one."
        )


def against_source(run: RunInfo, _report: Report) -> None:
    """A file beside the model it was made from, on the same clips."""
    if not isinstance(run, SavedEvaluation):
        return
    source = source_of(run.model) or _chosen(run)
    if source is None:
        st.info("There is no model here that the file could have been made from.")
        return
    own = saved_evaluations.id_of(source.folder, run.corpus, run.part)
    job = find(saved_evaluations.KEY + own, running=False)
    if job is not None and job.state is State.RUNNING:
        watch(str(job.folder), on_cancel="Its results are discarded.", unit="prediction")
        return
    other = next((each for each in saved_evaluations.saved_evaluations() if each.id == own), None)
    if other is not None and not other.outdated:
        _both(run, other)
        return
    if job is not None and job.state is State.FAILED:
        st.error(plain(job.reason.removeprefix("Error ")))
    _offer(run, source)


def _chosen(run: SavedEvaluation) -> ModelInfo | None:
    """The model of a file that was exported elsewhere, chosen by the user."""
    known = {each.key: each for each in models(exported=False)}
    own = run.name.partition(" of ")[2]
    named = [key for key, each in known.items() if own and each.title.startswith(own)]
    key = st.selectbox(
        "Source model of the file",
        list(dict.fromkeys([*named, *known])),
        format_func=lambda key: known[key].title,
        key="made-from",
        bind="query-params",
        help="The file was not exported on the page Export of this workbench, so it is not known.",
    )
    return known.get(str(key))


def _both(run: SavedEvaluation, other: SavedEvaluation) -> None:
    """The figures of both, and the paired test."""
    comparison.body({"Exported file": run, "Source model": other})
    with st.container(horizontal=True):
        st.button(
            "Open the results of the source model", on_click=url_params.show_run, args=(other.id,)
        )


def _offer(run: SavedEvaluation, source: ModelInfo) -> None:
    clips = count(run.result.clips if run.result else 0, "clip")
    st.markdown(
        "A paired test shows what the export changed: evaluate the source model, "
        f"**{plain(source.title)}**, on the same {clips}."
    )
    buttons.button(
        f"Evaluate the model on the same {clips}", _start, run, source, type="primary",
        help="As a job; close the page if you like. Its results appear in the list too.",
    )  # fmt: skip


def _start(run: SavedEvaluation, source: ModelInfo) -> None:
    saved_evaluations.launch(
        source.folder, run.corpus, run.reader or None, run.part,
        enrols=run.result is not None and run.result.enrolled is not None,
        title=f"Results of {source.title}",
    )  # fmt: skip


def model_and_clips(run: RunInfo, _report: Report) -> None:
    """The model and its card on the left, what the clips are to it on the right."""
    if not isinstance(run, SavedEvaluation):
        return
    left, right = st.columns([3, 4], gap="medium")
    with left:
        _model(run)
    with right:
        _clips(run)


def _model(run: SavedEvaluation) -> None:
    st.markdown("**Model**")
    st.code(str(run.model), language=None, wrap_lines=True)
    source = source_of(run.model) if run.exported else None
    if source is not None:
        st.markdown(f"Made from **{plain(source.title)}**.")
        _training(source)
    if said := run.content.get("calibration"):
        st.caption(plain(said))
    found = model_of(run)
    if found and found.card:
        with st.expander("About this model"):
            st.markdown(found.card)


def _training(source: ModelInfo) -> None:
    """The way to the results of the training that the model is of."""
    trained = next(
        (each for each in catalogue.runs() if each.folder in source.folder.parents), None
    )
    if trained is not None and trained.result is not None:
        st.button(
            "Open the results of its training", on_click=url_params.show_run, args=(trained.id,)
        )


def _clips(run: SavedEvaluation) -> None:
    st.markdown(f"**Clips** of {plain(run.content.get('corpus_name', ''))}")
    st.markdown(plain(run.said))
    for reason, clips in dict(run.content.get("left_out") or {}).items():
        st.caption(f"Left out: {count(int(clips), 'clip')}, {plain(reason)}")
    audit = catalogue.audit_of(run)
    if audit is None:
        return
    leak_audit.grade_card(audit)
    if audit.leaks:
        st.markdown("**Shared by test and training**")
        leak_audit.shared_counts(audit)
    with st.container(horizontal=True):
        params = {"corpus": str(run.corpus), "reader": run.reader}
        given = {name: value for name, value in params.items() if value}
        navigation.link("corpus", "Show the corpus →", **given)
