"""`python -m ser_core explain`: a clip, and the bench."""

import json
from functools import partial

import numpy as np
import pytest
from typer.testing import CliRunner

from ser_core import tracking
from ser_core.audio import load
from ser_core.cli import app
from ser_core.core import demo_corpus
from ser_core.explain import METHODS
from ser_core.inference import classify
from tests.explain.nets import bundle_of, linear_bundle, pair_of


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return bundle_of(width=4).save(tmp_path_factory.mktemp("model") / "bundle")


def ask(*args):
    result = CliRunner().invoke(app, ["explain", *map(str, args)], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_a_clip_is_explained_without_naming_a_subcommand(model, demo_clip, tmp_path):
    output = ask("--model", model, demo_clip, "--method", "lrp", "--out", tmp_path)
    assert "LRP: last stage" in output
    stem = next(tmp_path.glob("*.npz")).stem
    assert stem.startswith("SM0_anger_48-lrp-")
    kinds = {path.name.removeprefix(stem) for path in tmp_path.iterdir()}
    assert kinds == {".npz", ".png", ".json", "-kept.wav", "-removed.wav"}
    with np.load(tmp_path / f"{stem}.npz") as packed:
        assert packed["relevance"].shape == packed["picture"].shape
        assert packed["relevance"].shape[1:] == (len(packed["bins"]), len(packed["seconds"]))


def test_json_tells_the_prediction_the_checks_and_what_is_left(model, demo_clip):
    found = json.loads(
        ask("--model", model, demo_clip, "--method", "gradient_x_input", "--target", "sadness",
            "--json", "--hear", 30)
    )  # fmt: skip
    assert found["explained"] == "sadness"
    assert sum(found["probabilities"].values()) == pytest.approx(1)
    assert set(found["checks"]) == {"Weights matter", "Nothing on padding"}
    assert 0 <= found["probability_with_30_percent_removed"] <= 1
    removed = found["probability_with_30_percent_removed"]
    assert f"removed {removed:.3f}, elsewhere" in found["the_sound"]
    assert "the map: kept" in found["the_sound"]


def test_parameters_reach_the_method(model, demo_clip):
    found = json.loads(
        ask("--model", model, demo_clip, "--method", "grad_cam", "--set", "layer=layer2", "--json")
    )
    assert found["method"] == "Grad-CAM at layer2"


def test_with_clips_of_the_voice_the_prediction_is_that_of_predict(demo_clip, tmp_path):
    bundle = bundle_of(normalise="speaker")
    folder = bundle.save(tmp_path / "bundle")
    other = demo_corpus() / "samples" / "EB0_anger_82.flac"
    ask_json = partial(ask, "--model", folder, demo_clip, "--method", "gradient_x_input", "--json")
    known, stranger = json.loads(ask_json("--enrol", other)), json.loads(ask_json())
    expected = bundle.predict([load(demo_clip)], bundle.enrol([load(other)]))[0]
    assert list(known["probabilities"].values()) == pytest.approx(list(expected), abs=1e-6)
    assert known["voice"].startswith("known from 1 clip")
    assert stranger["voice"] == "not known"
    assert known["share_and_area"] != stranger["share_and_area"]


def test_of_an_ensemble_it_says_which_answer_the_map_explains(demo_clip, tmp_path, monkeypatch):
    pair = pair_of(linear_bundle(), bundle_of(), [0.8, 0.2])
    monkeypatch.setattr(classify, "load", lambda _: pair)
    found = json.loads(ask("--model", tmp_path, demo_clip, "--json"))
    assert found["map_explains"] == "its network on log-mel spectrogram"
    assert found["its_probabilities"] != found["probabilities"]
    seen = ("--method", "gradient_x_input", "--seen-as", "functionals")
    found = json.loads(ask("--model", tmp_path, demo_clip, "--json", *seen))
    assert "the_sound" not in found
    assert found["map_explains"] == "its network on functionals"


def test_the_bench_writes_json_and_a_run(model, tmp_path, mlflow_store):
    target = tmp_path / "bench.json"
    output = ask(
        "bench", "--model", model, "--corpus", demo_corpus(), "--clips", 4, "--json", target,
        "--method", "lrp", "--method", "gradient_x_input", "--out", tmp_path / "tables",
    )  # fmt: skip
    found = json.loads(target.read_text())
    assert list(found["methods"]) == ["lrp", "gradient_x_input"]
    for each in found["methods"].values():
        assert {"value", "low", "high", "how"} <= set(each["deletion"])
        assert each["seconds_a_clip"] > 0
        assert each["checks"]
    assert found["clips_may_have_trained_the_model"]
    assert "may have trained" in output
    (run,) = tracking.runs(kind="explain").to_dict("records")
    assert run["status"] == "FINISHED"
    kept = tracking.one(run["id"])
    assert kept.metrics["lrp_deletion"] == found["methods"]["lrp"]["deletion"]["value"]
    assert kept.params["terms.fill"] == "mean"


def test_errors_are_one_line(model, demo_clip):
    result = CliRunner().invoke(
        app, ["explain", "--model", str(model), str(demo_clip), "--method", "lpr"]
    )
    assert result.exit_code != 0
    assert "Did you mean 'lrp'" in str(result.exception)


def test_help_names_every_method():
    output = CliRunner().invoke(app, ["explain", "clip", "--help"], env={"COLUMNS": "200"}).output
    assert all(name in " ".join(output.split()) for name in METHODS)


def test_groups_of_features_are_told_of_a_clip_and_over_clips(demo_clip, tmp_path):
    folder = linear_bundle().save(tmp_path / "bundle")
    found = json.loads(ask("--model", folder, demo_clip, "--method", "gradient_x_input", "--json"))
    told = {name: float(text) for name, text in found["probability_by_feature_group"].items()}
    whole = told.pop("this clip")
    assert sum(told.values()) == pytest.approx(whole, abs=0.004)
    assert whole == pytest.approx(found["probabilities"][found["explained"]], abs=0.001)
    over = ("groups", "--model", folder, "--corpus", demo_corpus(), "--clips", 6, "--draws", 2)
    measured = json.loads(ask(*over, "--json"))
    assert {row["group"] for row in measured["groups"]} == set(told) - {"average voice"}
    assert sum(row["features"] for row in measured["groups"]) == 868
    assert "UAR" in ask(*over)
