"""Many runs are made in an empty store only, and all of them are on the page's list."""

from __future__ import annotations

import shutil

import pytest

from ser_core import tracking
from ser_core.bench import many_runs
from ser_core.core import ParameterError
from ser_core.inference.catalogue import models
from ser_core.runs import catalogue, mlflow_sync
from ser_core.runs.run_notes import notes_of

pytestmark = pytest.mark.usefixtures("mlflow_store")


def test_every_made_run_is_in_the_store_and_has_a_folder():
    many_runs.fill(30)
    assert len(tracking.runs(kind="training")) == 30
    found = catalogue.runs()
    assert len(found) == 30
    assert all(run.result is not None for run in found)
    assert len([model for model in models() if model.kind == "run"]) == 30
    assert [notes_of(run.folder).tags for run in found].count(()) == 27
    root = catalogue.folder_of_runs()
    assert mlflow_sync.missing(root) == {}
    gone = found[3].folder
    shutil.rmtree(gone)
    assert list(mlflow_sync.missing(root)) == [gone.name]
    assert len(catalogue.runs()) == 29


def test_a_store_that_holds_runs_is_left_alone(ser_home):
    many_runs.fill(2)
    with pytest.raises(ParameterError, match="holds runs"):
        many_runs.measure(2, ser_home)
    assert len(tracking.runs()) == 2
