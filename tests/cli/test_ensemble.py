"""`ensemble` makes a model from finished runs, logs it in MLflow, and refuses with a reason."""

import json

import pytest
from typer.testing import CliRunner

from ser_core import tracking
from ser_core.cli import app
from ser_core.core import EvaluationError
from ser_core.models.predictor import load
from tests.ensemble.conftest import Maker

pytestmark = pytest.mark.usefixtures("mlflow_store")


@pytest.fixture
def make_run(ser_home):
    return Maker(ser_home)


def ensemble(*arguments):
    return CliRunner().invoke(app, ["ensemble", *map(str, arguments)], catch_exceptions=False)


def test_runs_become_a_model_a_file_and_a_run_of_mlflow(make_run, tmp_path):
    one, two = make_run("one", 1.5, seed=1), make_run("two", 1.2, seed=2)
    out, file, history = tmp_path / "ours", tmp_path / "e.json", tmp_path / "history.json"
    done = ensemble(
        one.id, two.folder, "--out", out, "--trials", 8, "--json", file, "--history", history,
        "--objective", "accuracy",
    )  # fmt: skip
    assert done.exit_code == 0
    assert "Speakers shared" in done.output
    assert "equal weights" in done.output
    told = json.loads(file.read_text())
    assert told["options"]["objective"] == "wa"
    assert load(out).about["weights"] == told["weights"]
    assert len(json.loads(history.read_text())["trials"]) == 8
    (run,) = tracking.runs(kind="ensemble").to_dict("records")
    assert (run["name"], run["status"]) == ("ours", "FINISHED")
    assert run["metrics.test_uar"] == pytest.approx(told["metrics"]["uar"]["value"])
    assert run["tags.leak_grade"] == "E"
    assert len(tracking.history(run["id"], "best_objective")) == 8
    kept = tracking.artifacts(run["id"])
    assert "model/ours/ensemble.json" in kept
    assert "figures/weights.png" in kept


def test_a_leaky_member_is_refused_and_the_run_says_why(make_run, tmp_path):
    one, two = make_run("one"), make_run("two", split_seed=1)
    with pytest.raises(EvaluationError, match="was trained on"):
        ensemble(one.id, two.id, "--out", tmp_path / "ours")
    assert not (tmp_path / "ours").exists()
    (run,) = tracking.runs(kind="ensemble").to_dict("records")
    assert run["status"] == "FAILED"
    assert "was trained on" in run["reason"]


def test_a_model_trained_otherwise_can_be_put_in_use(make_run, tmp_path):
    one, two = make_run("one", seed=1), make_run("two", seed=2)
    other = make_run("on all", seed=3)
    options = ("--out", tmp_path / "e", "--weights", "equal", "--deploy", f"one={other.folder}")
    assert ensemble(one.id, two.id, *options).exit_code == 0
    members = json.loads((tmp_path / "e" / "ensemble.json").read_text())["members"]
    assert [bool(member["deployed"]) for member in members] == [True, False]
    wrong = ensemble(one.id, two.id, "--out", tmp_path / "f", "--deploy", "one")
    assert wrong.exit_code == 2
    assert "RUN=FOLDER" in wrong.output
