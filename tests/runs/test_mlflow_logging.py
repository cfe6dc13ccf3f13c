from __future__ import annotations

import json

import pytest

from ser_core import tracking
from ser_core.runs.execute import run
from ser_core.runs.mlflow_logging import tracked
from tests.runs.test_execute import recipe

pytestmark = pytest.mark.usefixtures("mlflow_store")


def train(asked, folder):
    with tracked(asked, folder) as tracker:
        outcome = run(asked, folder, watcher=tracker)
        tracker.finished(outcome, {"figure.png": b"\x89PNG"})
    return outcome


def test_a_recipe_is_a_run_with_one_below_it_for_every_fold(tmp_path):
    outcome = train(recipe(), tmp_path / "run")
    (top,) = tracking.runs(kind="training").to_dict("records")
    folds = tracking.children(top["id"])
    assert top["name"] == "small"
    assert set(folds["status"]) == {"FINISHED"}
    assert len(folds) == 2
    assert top["params.network.width"] == "4"
    assert top["tags.leak_grade"] == outcome.audit.grade
    assert top["metrics.test_uar"] == pytest.approx(
        json.loads((tmp_path / "run" / "summary.json").read_text())["test"]["uar"]["value"]
    )
    assert "figure.png" in tracking.artifacts(top["id"])
    for run_id in folds["id"]:
        assert tracking.history(run_id, "val_uar")["step"].tolist() == [1, 2]
        assert (tracking.artifact(run_id, "bundle") / "model.safetensors").exists()


def test_a_training_that_fails_says_why_and_goes_on_in_the_same_run(tmp_path):
    folder = tmp_path / "run"
    with pytest.raises(ValueError, match="no more"), tracked(recipe(), folder):
        raise ValueError("no more")
    (failed,) = tracking.runs(kind="training").to_dict("records")
    assert failed["status"] == "FAILED"
    assert "no more" in failed["reason"]
    train(recipe(), folder)
    (again,) = tracking.runs(kind="training").to_dict("records")
    assert (again["id"], again["status"]) == (failed["id"], "FINISHED")


def test_a_run_that_was_deleted_is_begun_anew(tmp_path):
    folder = tmp_path / "run"
    train(recipe(), folder)
    ids = json.loads((folder / "tracking.json").read_text())
    (folder / "tracking.json").write_text(json.dumps({**ids, "run": "0" * 32}))
    train(recipe(), folder)
    assert len(tracking.runs(kind="training")) == 2
