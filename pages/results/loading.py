"""Reports and predictions of runs, cached while their files do not change."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import streamlit as st

from pages.components import selection
from pages.results import url_params
from ser_core.core import SerError
from ser_core.evaluation.clip_predictions import clip_predictions
from ser_core.inference import saved_evaluations
from ser_core.runs import catalogue

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from ser_core.corpora import Corpus
    from ser_core.evaluation import Predictions, Report
    from ser_core.runs.catalogue import LearningCurve, RunInfo

_LOG = logging.getLogger(__name__)


def one(name: str) -> RunInfo:
    """The training, or the saved evaluation, of this name.

    Raises:
        SerError: If there is none.
    """
    return (
        saved_evaluations.one(name)
        if name.startswith(saved_evaluations.PREFIX)
        else catalogue.one(name)
    )


def all_results(known: Sequence[RunInfo]) -> list[RunInfo]:
    """Trainings and saved evaluations, the newest first."""
    return sorted([*known, *saved_evaluations.saved_evaluations()], key=_when, reverse=True)


def _when(run: RunInfo) -> float:
    return run.result.finished if run.result else run.begun


def stamp(run: RunInfo) -> tuple[float, bool]:
    """Changes with the predictions that are shown."""
    return _stamp(run), enrolled(run)


def _stamp(run: RunInfo) -> float:
    return run.result.finished if run.result else 0.0


def enrolled(run: RunInfo) -> bool:
    """Whether its predictions with enrolment are shown: by the URL, if there are any."""
    return url_params.enrolled() and run.result is not None and run.result.enrolled is not None


def report(run: RunInfo, part: str = "test") -> Report:
    """The report of a finished run: all scores with their intervals.

    Raises:
        SerError: If its predictions are missing or damaged.
    """
    return _report(str(run.folder), _stamp(run), part, enrolled(run), run)


@st.cache_resource(max_entries=64, show_spinner="Computing the intervals …")
def _report(
    folder: str,  # noqa: ARG001
    stamp: float,  # noqa: ARG001
    part: str,
    known: bool,
    _run: RunInfo,
) -> Report:
    return catalogue.report_of(_run, part, enrolled=known)


def predictions(run: RunInfo) -> Predictions:
    """Predictions of a finished run, on validation and test clips.

    Raises:
        SerError: If they are missing or damaged.
    """
    return _predictions(str(run.folder), _stamp(run), enrolled(run), run)


@st.cache_resource(max_entries=24, show_spinner=False)
def _predictions(
    folder: str,  # noqa: ARG001
    stamp: float,  # noqa: ARG001
    known: bool,
    _run: RunInfo,
) -> Predictions:
    return catalogue.predictions_of(_run, enrolled=known)


def table(run: RunInfo) -> pd.DataFrame:
    """Test predictions as `clip_predictions` gives them; not to be written to."""
    return _table(str(run.folder), _stamp(run), enrolled(run), run)


@st.cache_resource(max_entries=12, show_spinner=False)
def _table(folder: str, stamp: float, known: bool, _run: RunInfo) -> pd.DataFrame:  # noqa: ARG001
    return clip_predictions(predictions(_run).part("test"))


def courses(run: RunInfo) -> list[LearningCurve]:
    """Courses of its trainings."""
    return _courses(str(run.folder), _stamp(run))


@st.cache_resource(max_entries=24, show_spinner=False)
def _courses(folder: str, stamp: float) -> list[LearningCurve]:  # noqa: ARG001
    from pathlib import Path

    return catalogue.learning_curves(Path(folder))


def corpus(run: RunInfo) -> Corpus | None:
    """The corpus of a training or an evaluation; None when it cannot be opened any more."""
    try:
        return selection.opened(run.opened_by, run.reader)
    except SerError as error:
        _LOG.info("the corpus of run %s: %s", run.id, error)
        return None
