"""`export` and `onnx` on the command line."""

from __future__ import annotations

import json
import shutil

import pytest
from typer.testing import CliRunner

from ser_core import tracking
from ser_core.cli import app
from ser_core.core import ModelError, demo_corpus
from ser_core.export.onnx_writer import export
from ser_core.models.onnx import read
from tests.export.nets import bundle

runner = CliRunner()
DEMO = ("--corpus", str(demo_corpus()))


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    return bundle().save(tmp_path_factory.mktemp("models") / "small")


@pytest.fixture(scope="module")
def written(kept, tmp_path_factory):
    """A file in single precision, not verified."""
    from ser_core.models.predictor import load

    return export(load(kept), tmp_path_factory.mktemp("written")).path


@pytest.fixture
def file(written, tmp_path):
    return shutil.copy(written, tmp_path / "model.onnx")


def call(*words, code=0):
    done = runner.invoke(app, list(map(str, words)), catch_exceptions=False)
    assert done.exit_code == code, done.output
    return done.output


def test_export_writes_verified_files_a_zip_and_a_run(kept, tmp_path, mlflow_store, monkeypatch):
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    out, told = tmp_path / "out", tmp_path / "told.json"
    said = call("export", "--model", kept, "--out", out, "--precision", "fp32", "--precision",
                "fp16", *DEMO, "--clips", 12, "--zip", "--json", told)  # fmt: skip
    assert "Acceptance test passed" in said
    names = {"model.onnx", "model.zip", "model-fp16.onnx", "model-fp16.zip"}
    assert {path.name for path in out.iterdir()} == names
    assert read(out / "model-fp16.onnx").status == "verified"
    files = json.loads(told.read_text())["files"]
    assert [each["precision"] for each in files] == ["fp32", "fp16"]
    assert all(each["passed"] for each in files)
    run = tracking.one(tracking.runs(kind="export")["id"][0])
    assert run.metrics["agreement.fp32"] == 1.0
    assert run.metrics["bytes.fp16"] < run.metrics["bytes.fp32"]


def test_onnx_test_answers_a_recording(file, demo_clip):
    found = json.loads(call("onnx", "test", "--model", file, "--audio", demo_clip, "--json"))
    assert sum(found["probabilities"].values()) == pytest.approx(1)
    assert found["answer"] == max(found["probabilities"], key=found["probabilities"].get)
    assert found["status"] == "not verified"


def test_onnx_compare_writes_its_keys_and_marks_the_file(file, kept, tmp_path):
    told = tmp_path / "told.json"
    call("onnx", "compare", "--model", file, "--against", kept, *DEMO, "--clips", 12,
         "--json", told)  # fmt: skip
    found = json.loads(told.read_text())
    keys = {"passed", "agreement", "max_abs_logit", "max_abs_probability", "n", "flipped"}
    assert keys <= set(found)
    assert (found["passed"], found["agreement"], found["flipped"]) == (True, 1.0, [])
    assert read(file).status == "verified"


def test_onnx_compare_fails_against_another_model(file, tmp_path):
    other = bundle(seed=9).save(tmp_path / "other")
    said = call("onnx", "compare", "--model", file, "--against", other, *DEMO, "--clips", 12,
                code=1)  # fmt: skip
    assert "Acceptance test failed" in said
    assert read(file).status == "failed"


def test_onnx_quantize_makes_smaller_files_and_compares(file, tmp_path):
    out = tmp_path / "small.onnx"
    call("onnx", "quantize", "--model", file, "--out", out, *DEMO, "--clips", 32,
         "--verify", 0)  # fmt: skip
    assert (read(out).precision, read(out).status) == ("int8", "not verified")
    assert "32 clips of nEMO" in read(out).notes[0]
    call("onnx", "quantize", "--model", file, "--out", out, *DEMO, "--precision", "fp16",
         "--verify", 12)  # fmt: skip
    assert (read(out).precision, read(out).status) == ("fp16", "verified")
    with pytest.raises(ModelError, match="already"):
        call("onnx", "quantize", "--model", out, "--out", out, *DEMO)


def test_onnx_bench_times_what_is_there(file, kept):
    rows = json.loads(call("onnx", "bench", "--model", file, "--against", kept, "--threads", 1,
                           "--rounds", 2, "--seconds", 0.5, "--json"))  # fmt: skip
    assert [row["file"] for row in rows] == ["model.onnx", "torch"]


def test_predict_and_evaluate_take_a_file(file, demo_clip, tmp_path):
    assert "confidence" in call("predict", "--model", file, demo_clip, "--json")
    told = tmp_path / "told.json"
    call("evaluate", "--model", file, *DEMO, "--json", told)
    assert json.loads(told.read_text())["n"] == 53
