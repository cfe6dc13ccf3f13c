"""Runs and ensembles as the page needs them, cached while their files do not change."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from ser_core.ensemble import Candidate
from ser_core.ensemble import catalogue as ensembles
from ser_core.runs import catalogue

if TYPE_CHECKING:
    import pandas as pd

    from ser_core.ensemble.catalogue import Saved
    from ser_core.evaluation import Predictions, Report
    from ser_core.runs.catalogue import RunInfo


def candidates() -> list[Candidate]:
    """Finished runs, the newest first, with what excludes them as members."""
    return [
        _candidate(str(run.folder), run.result.finished, run)
        for run in catalogue.runs()
        if run.result
    ]


@st.cache_resource(max_entries=256, show_spinner="Reading the runs …")
def _candidate(folder: str, stamp: float, _run: RunInfo) -> Candidate:  # noqa: ARG001
    candidate = Candidate(_run)
    _ = candidate.fault  # reads its files, so that later questions are quick
    return candidate


def report(saved: Saved) -> Report:
    """Figures of a made ensemble.

    Raises:
        SerError: If its predictions are missing or damaged.
    """
    return _report(f"{saved.folder} {saved.voices}", saved.made, saved)


@st.cache_resource(max_entries=32, show_spinner="Computing the intervals …")
def _report(folder: str, stamp: float, _saved: Saved) -> Report:  # noqa: ARG001
    return _saved.report()


def predictions(saved: Saved) -> Predictions:
    """Predictions of a made ensemble for the test clips.

    Raises:
        SerError: If they are missing or damaged.
    """
    return _predictions(f"{saved.folder} {saved.voices}", saved.made, saved)


@st.cache_resource(max_entries=16, show_spinner=False)
def _predictions(folder: str, stamp: float, _saved: Saved) -> Predictions:  # noqa: ARG001
    return _saved.predictions()


def trials(saved: Saved) -> pd.DataFrame:
    """The search of a made ensemble; not to be written to.

    Raises:
        SerError: If the file is missing or damaged.
    """
    return _trials(f"{saved.folder} {saved.voices}", saved.made, saved)


@st.cache_resource(max_entries=16, show_spinner=False)
def _trials(folder: str, stamp: float, _saved: Saved) -> pd.DataFrame:  # noqa: ARG001
    return _saved.trials()


def known() -> list[Saved]:
    """All ensembles, the newest first."""
    return ensembles.ensembles()
