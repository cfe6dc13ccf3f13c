from __future__ import annotations

import shutil

import numpy as np
import pytest

from ser_core import tracking
from ser_core.core import SerError, settings
from ser_core.runs import catalogue, mlflow_sync
from ser_core.runs.execute import run
from ser_core.runs.mlflow_logging import tracked
from tests.runs.test_execute import recipe

pytestmark = pytest.mark.usefixtures("mlflow_store")


@pytest.fixture
def trained():
    """A finished run in its folder and in MLflow."""
    asked = recipe(split={"policy": "random"})
    folder = settings.home() / "runs" / asked.hash
    with tracked(asked, folder) as tracker:
        tracker.finished(run(asked, folder, watcher=tracker), {})
    return catalogue.one(asked.hash)


def _runs_and_fetched():
    mlflow_sync.fetch(catalogue.folder_of_runs())
    return catalogue.runs()


def test_a_run_that_only_mlflow_knows_is_fetched(trained):
    before = catalogue.predictions_of(trained).probabilities
    shutil.rmtree(trained.folder)
    assert catalogue.runs() == []
    (again,) = _runs_and_fetched()
    assert again.result == trained.result
    np.testing.assert_array_equal(catalogue.predictions_of(again).probabilities, before)


def test_a_run_that_is_here_is_not_fetched(trained):
    marker = trained.folder / "marker"
    marker.touch()
    assert [each.id for each in _runs_and_fetched()] == [trained.id]
    assert marker.exists()


def test_a_deleted_run_is_gone_from_mlflow_until_it_is_restored(trained):
    (known,) = tracking.runs(kind="training")["id"]
    kept = catalogue.delete(trained)
    assert tracking.runs(kind="training").empty
    assert _runs_and_fetched() == []
    catalogue.restore(kept)
    assert tracking.runs(kind="training")["id"].tolist() == [known]
    assert len(tracking.children(known)) == 1
    assert [each.id for each in _runs_and_fetched()] == [trained.id]


def test_a_copy_of_another_computer_s_run_is_deleted_here_alone(trained, monkeypatch):
    monkeypatch.setattr(tracking, "is_local", lambda: False)  # a database that others write
    shutil.rmtree(trained.folder)
    (copy,) = _runs_and_fetched()
    kept = catalogue.delete(copy)
    assert tracking.runs(kind="training")["id"].size == 1  # for the others it is there
    assert _runs_and_fetched() == []
    catalogue.restore(kept)
    assert [each.id for each in _runs_and_fetched()] == [trained.id]
    again = catalogue.delete(copy)
    shutil.rmtree(again)
    assert _runs_and_fetched() == []


def test_a_run_whose_folder_cannot_be_moved_stays_in_mlflow(trained):
    (known,) = tracking.runs(kind="training")["id"]
    (trained.folder.parent / ".deleted").write_text("in the way")
    with pytest.raises(SerError, match="cannot be moved"):
        catalogue.delete(trained)
    assert tracking.runs(kind="training")["id"].tolist() == [known]
    assert [each.id for each in catalogue.runs()] == [trained.id]


def test_a_run_that_kept_too_little_is_left_out():
    with tracking.run("half", params={"recipe_hash": "0123456789abcdef"}):
        pass
    assert _runs_and_fetched() == []
