"""One run or evaluation in detail: its scores, and a tab for each view."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import streamlit as st

from pages.components import downloads, encoder_badge, errors, navigation, scores
from pages.components.errors import plain
from pages.results import (
    across_corpora,
    calibration,
    confusion_matrix,
    enrolment_choice,
    loading,
    mistakes,
    notes_form,
    per_class,
    recipe_and_split,
    run_list,
    saved_evaluations,
    slices,
    url_params,
    voices_together,
)
from pages.results import learning_curves as courses_view
from ser_core.core import SerError, count, seconds
from ser_core.evaluation import basis, is_across
from ser_core.inference.catalogue import contamination_of, models_of
from ser_core.inference.saved_evaluations import SavedEvaluation
from ser_core.reports import run_report, to_html, to_pdf

if TYPE_CHECKING:
    from collections.abc import Callable

    from ser_core.evaluation import Report
    from ser_core.reports import Document
    from ser_core.runs.catalogue import RunInfo

CURVES = "Learning curves"
"""Tab that a learner without epochs does not have."""

VIEWS = {
    "Confusion": confusion_matrix.show,
    "Emotions and voices": per_class.show,
    "Mistakes": mistakes.show,
    "Slices": slices.show,
    "Calibration": calibration.show,
    "Transductive": voices_together.show,
    CURVES: courses_view.show,
    "Recipe and split": recipe_and_split.show,
}
FORMER = {"Courses": CURVES, "Voices together": "Transductive"}
"""Names of tabs in links that were made before, and what they are called now."""

EVALUATION_VIEWS = {
    **{name: VIEWS[name] for name in list(VIEWS)[:5]},
    "Against its model": saved_evaluations.against_source,
    "Model and clips": saved_evaluations.model_and_clips,
}


def show(run_id: str) -> None:
    """Header, scores, and a tab for each view; an error for an unknown run."""
    try:
        run = loading.one(run_id)
    except SerError as error:
        _back()
        errors.show(error)
        return
    if run.result is None:
        _unfinished(run)
        return
    report = loading.report(run)
    _header(run, report)
    notes_form.line(run)
    enrolment_choice.choose([run])
    scores.headline_metrics(report, enrolment_choice.hint(run))
    st.caption(plain(basis(report)))
    _views(run, report)


def _views(run: RunInfo, report: Report) -> None:
    views = EVALUATION_VIEWS if isinstance(run, SavedEvaluation) else VIEWS
    if isinstance(run, SavedEvaluation) and not run.exported:
        views = {
            name: view
            for name, view in views.items()
            if view is not saved_evaluations.against_source
        }
    if not _has_epochs(run):
        views = {name: view for name, view in views.items() if name != CURVES}
    if "corpus" in report.groups and is_across(loading.predictions(run)):
        views = {"Across corpora": across_corpora.show, **views}
    if (named := FORMER.get(url_params.read("tab"))) in views:
        st.query_params["tab"] = named
        st.rerun()
    tabs = st.tabs(list(views), key="tab", on_change="rerun", bind="query-params")
    for tab, view in zip(tabs, views.values(), strict=True):
        if tab.open:
            with tab, errors.error_boundary():
                view(run, report)


def _has_epochs(run: RunInfo) -> bool:
    """Whether a training of it went on for epochs; where its files are gone, that is not known."""
    known = loading.courses(run)
    return not known or any(len(each.history) > 1 for each in known)


def _back() -> None:
    st.button("← All results", type="tertiary", on_click=url_params.show_all)


def _unfinished(run: RunInfo) -> None:
    _back()
    st.title(plain(run.name))
    st.info("This run is not finished, so there are no scores yet.")
    navigation.link("train", "See its progress →")


def _header(run: RunInfo, report: Report) -> None:
    _back()
    sizes = [6, 5] if isinstance(run, SavedEvaluation) else [4, 5]
    left, right = st.columns(sizes, vertical_alignment="bottom")
    left.title(plain(run.name))
    with right, st.container(horizontal=True, horizontal_alignment="right"):
        _downloads(run, report)
        st.button("Delete", on_click=run_list.delete, args=([run],), help="Can be undone.")
    result = run.result
    assert result is not None  # noqa: S101  (seen by the caller)
    when = datetime.fromtimestamp(result.finished).strftime("%d %b %Y, %H:%M")
    st.markdown(
        f"{scores.badge(report.badge)} Leak grade **{report.grade}**: {plain(report.reading)}"
    )
    encoder_badge.show(contamination_of(run))
    if isinstance(run, SavedEvaluation):
        st.caption(f"{plain(saved_evaluations.about(run))} · {when}")
        saved_evaluations.outdated(run)
        saved_evaluations.links(run)
        return
    st.caption(
        f"corpus {plain(run.corpus.name)} · {count(result.clips, 'test prediction')} · "
        f"{plain(run.representation)} · {plain(run.policy)} · "
        f"{seconds(60 * result.minutes)} of training · {when} · hash `{run.id}`"
    )
    _use(run)


def _use(run: RunInfo) -> None:
    """The way to recordings of one's own, where the run left its models."""
    found = models_of(run)
    if found:
        words = "Predict with it" if len(found) == 1 else f"Predict with one of its {len(found)}"
        with st.container(horizontal=True):
            navigation.link("predict", f"{words} →", model=found[0].key)
            navigation.link("export", "Export it as one file →", model=found[0].key)


def _downloads(run: RunInfo, report: Report) -> None:
    recipe: dict[str, tuple[str, Callable[[], bytes | str], str]] = {
        "Recipe (YAML)": ("-recipe.yaml", lambda: run.recipe_text, "To train it again")
    }
    if isinstance(run, SavedEvaluation):
        recipe = {}
    downloads.files(
        run.id,
        {
            "Predictions (CSV)": (
                "-predictions.csv",
                lambda: str(loading.predictions(run).table.to_csv(index=False)),
                "Every prediction with all probabilities",
            ),
            "Report (HTML)": (
                "-report.html",
                lambda: to_html(_document(run)),
                (
                    "All of it in one file to read and hand on: grade, scores with intervals, "
                    "confusion, speakers, calibration, card, recipe, commands"
                ),
            ),
            "Report (PDF)": ("-report.pdf", lambda: to_pdf(_document(run)), "The same to print"),
            "Report (JSON)": ("-report.json", report.to_json, "Every score with its interval"),
            **recipe,
        },
    )


def _document(run: RunInfo) -> Document:
    """The report as Results shows the run: with enrolled speakers where that is chosen."""
    return run_report(run, enrolled=loading.enrolled(run))
