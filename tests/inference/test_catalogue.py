from __future__ import annotations

import json
import shutil
from dataclasses import replace

import pytest
import yaml

from ser_core.core import REPOSITORY
from ser_core.export.onnx_writer import export, write
from ser_core.inference import catalogue
from ser_core.inference.catalogue import models, models_of
from ser_core.inference.performance import Estimate, Performance, performance
from ser_core.models import onnx_bytes
from ser_core.models.onnx import read
from ser_core.models.predictor import load
from ser_core.runs.catalogue import runs as runs_here
from ser_core.storage import kept_values
from ser_core.storage.kept_values import KeptValues


@pytest.fixture(autouse=True)
def nothing_bundled(tmp_path, monkeypatch):
    monkeypatch.setattr(catalogue, "bundled_folder", lambda: tmp_path / "pretrained")


def test_without_any_model_there_is_none(tmp_path):
    assert models(tmp_path / "empty") == []


def test_bundled_models_come_first_then_ensembles_and_trainings(make_bundle, make_run, tmp_path):
    home = tmp_path / "home"
    (home / "runs" / "abc").mkdir(parents=True)
    make_run(home / "runs" / "abc")
    (home / "runs" / "abc" / "recipe.yaml").write_text(yaml.safe_dump({"name": "mine"}))
    (home / "ensembles" / "one").mkdir(parents=True)
    make_bundle(name="together").save(home / "ensembles" / "one" / "ensemble")
    make_bundle(name="ready").save(tmp_path / "pretrained")
    found = models(home)
    assert [each.kind for each in found] == ["bundled", "ensemble", *["run"] * 9]
    assert [each.title for each in found[:3]] == ["ready", "together", "mine, fold EB0, seed 0"]
    assert [each.key for each in found[:3]] == ["bundled", "ensemble:one", "abc:fold-0-seed-0"]
    assert len({each.key for each in found}) == 11


def test_models_of_one_title_are_told_apart_by_corpus_and_then_by_run(make_bundle, tmp_path):
    def trained(run: str, clips: int) -> None:
        on = {"name": "nEMO", "train_clips": clips, "validation_clips": 1, "test_clips": 2}
        make_bundle(corpus=on).save(tmp_path / "runs" / run / "fold-0-seed-0" / "bundle")
        (tmp_path / "runs" / run / "recipe.yaml").write_text("name: mine")

    trained("abc0001234567", 50)
    assert [each.title for each in models(tmp_path)] == ["mine"]
    trained("def0001234567", 4034)
    assert {each.title for each in models(tmp_path)} == {
        "nEMO, 53 clips: mine",
        "nEMO, 4,037 clips: mine",
    }
    trained("abc0007654321", 50)
    assert {each.key: each.title for each in models(tmp_path)} == {
        "abc0001234567:fold-0-seed-0": "nEMO, 53 clips, 234567: mine",
        "def0001234567:fold-0-seed-0": "nEMO, 4,037 clips: mine",
        "abc0007654321:fold-0-seed-0": "nEMO, 53 clips, 654321: mine",
    }


def test_a_training_has_the_performance_of_its_run(make_run, tmp_path):
    run = tmp_path / "runs" / "abc"
    run.mkdir(parents=True)
    make_run(run)
    (run / "recipe.yaml").write_text("name: mine")
    figure = {"value": 0.62, "low": 0.5, "high": 0.7, "method": "jackknife t over 9 speakers"}
    (run / "summary.json").write_text(json.dumps({
        "split": {"audit": {"grade": "B"}}, "clips": 53, "members": 9, "minutes": 1.0,
        "finished": 1.0, "test": {"wa": figure, "uar": figure},
        "enrolled": {"wa": {**figure, "value": 0.75}, "uar": figure},
    }))  # fmt: skip
    shown = models(tmp_path)[0].performance
    assert shown.wa == Estimate(0.62, 0.5, 0.7)
    assert shown.enrolled == Estimate(0.75, 0.5, 0.7)
    assert shown.said.startswith("Correct in 6 of 10 clips of unseen speakers")


def test_a_figure_of_enrolled_speakers_says_so(make_bundle):
    metrics = {"wa": {"value": 0.93, "low": 0.9, "high": 0.95}}
    split = {"audit": {"grade": "E"}}
    shown = performance({"metrics": metrics, "split": split})
    assert shown.badge == "speakers shared"
    assert "Correct in 9 of 10 clips of speakers who may be in its training data" in shown.said
    assert "expect far fewer" in shown.said


def test_figures_on_unseen_speakers_are_preferred_and_name_enrolment():
    unseen = {"wa": {"value": 0.58}, "uar": {"value": 0.57}, "grade": "B", "clips": 4037}
    shown = performance({"unseen": unseen, "unseen_enrolled": {"wa": {"value": 0.73}}})
    assert "Correct in 6 of 10 clips of unseen speakers, 7 of 10 after enrolment" in shown.said
    assert performance({}) == Performance()
    assert "No test scores" in performance({}).said


def test_the_networks_of_a_bundled_ensemble_can_be_chosen_too(make_bundle, tmp_path):
    root = tmp_path / "pretrained"
    make_bundle(name="network").save(root / "members" / "0" / "fold-0-seed-0")
    about = {"name": "pool", "members": [{"bundles": ["members/0/fold-0-seed-0"]}]}
    (root / "ensemble.json").write_text(json.dumps(about), encoding="utf-8")
    found = models(tmp_path / "home")
    assert [each.title for each in found] == ["pool", "pool: network"]
    assert [each.key for each in found] == ["bundled", "bundled:0:fold-0-seed-0"]
    assert found[1].folder == root / "members" / "0" / "fold-0-seed-0"


FIGURE = {"value": 0.5, "low": 0.4, "high": 0.6}


@pytest.fixture(scope="module")
def exported(make_bundle, tmp_path_factory):
    """A runtime folder with one file that was exported for a page."""
    home = tmp_path_factory.mktemp("home")
    export(make_bundle(name="small", metrics={"wa": FIGURE}), home / "exports" / "abc")
    return home


def test_exported_files_are_models_whose_figures_are_of_what_they_were_made_from(exported):
    (found,) = models(exported)
    assert (found.kind, found.key) == ("exported", "exported:abc:model")
    assert found.title == "small, ONNX fp32, not verified"
    assert found.performance.wa.value == 0.5
    assert "## This ONNX file" in found.card
    assert found.about["export"]["status"] == "not verified"
    assert load(found.folder).classes == tuple(found.about["classes"])
    assert models(exported, exported=False) == []


def test_files_that_failed_or_are_damaged_are_no_models(exported, tmp_path):
    home = tmp_path / "home"
    shutil.copytree(exported, home)
    path = home / "exports" / "abc" / "model.onnx"
    spec = replace(read(path), verification={"passed": False, "said": "It does not."})
    write(path, onnx_bytes.graph(path.read_bytes()), spec)
    assert models(home) == []
    path.write_bytes(path.read_bytes()[:-9])
    assert models(home) == []


def test_the_onnx_copy_of_a_bundled_model_is_no_model_of_its_own():
    folder, whole = catalogue.bundled_folder(), REPOSITORY / "artifacts" / "pretrained"
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("ensemble.json", "model.onnx"):
        shutil.copy(whole / name, folder)
    assert [each.folder for each in models()] == [folder]


@pytest.fixture
def trained(make_run, tmp_path, monkeypatch):
    """A finished run of nine trainings whose models were listed, by another process too."""
    monkeypatch.setattr(kept_values, "FEWEST", 1)
    run = tmp_path / "runs" / "abc"
    run.mkdir(parents=True)
    make_run(run)
    (run / "recipe.yaml").write_text("name: mine")
    (run / "summary.json").write_text(json.dumps({
        "split": {"audit": {"grade": "B"}}, "clips": 53, "members": 9, "minutes": 1.0,
        "finished": 1.0, "test": {"wa": FIGURE, "uar": FIGURE},
    }))  # fmt: skip
    assert len(models(tmp_path)) == 9
    kept = KeptValues("models", catalogue._packed, catalogue._unpacked)
    monkeypatch.setattr(catalogue, "_READ", kept)
    return run


def test_models_of_a_finished_run_are_listed_without_reading_them(trained, tmp_path, monkeypatch):
    by_reading = models_of(runs_here(tmp_path)[0])
    with monkeypatch.context() as patched:
        patched.setattr(catalogue, "_read_models", lambda _run: 1 / 0)
        assert models(tmp_path) == by_reading
    assert by_reading[0].title == "mine, fold EB0, seed 0"


def test_a_model_that_changed_or_went_or_a_new_name_of_its_run_is_noticed(trained, tmp_path):
    first, second, *_ = models(tmp_path)
    about = json.loads((first.folder / "bundle.json").read_text())
    (first.folder / "bundle.json").write_text(json.dumps({**about, "seed": 7}))
    assert models(tmp_path)[0].title == "mine, fold EB0, seed 7"
    shutil.rmtree(second.folder)
    assert len(models(tmp_path)) == 8
    (trained / "recipe.yaml").write_text("name: another name")
    assert models(tmp_path)[0].title == "another name, fold EB0, seed 7"


def test_many_answers_on_encoders_are_those_of_each_run(trained, tmp_path):
    encoder = {"name": "encoder", "encoder": "/no/such/folder", "weights": "a" * 64}
    written = yaml.safe_dump({"name": "mine", "corpus": "nemo", "representation": encoder})
    for name in ("fetched", "also", "abc"):
        folder = tmp_path / "runs" / name
        folder.mkdir(exist_ok=True)
        (folder / "recipe.yaml").write_text(written)
        shutil.copy(trained / "summary.json", folder / "summary.json") if name != "abc" else None
    about = json.loads((trained / "fold-0-seed-0/bundle/bundle.json").read_text())
    about |= {"encoder": {"name": "openai/whisper-tiny.en", "certain": True}}
    (trained / "fold-0-seed-0/bundle/bundle.json").write_text(json.dumps(about))
    (tmp_path / "runs" / "plain").mkdir()
    (tmp_path / "runs" / "plain" / "recipe.yaml").write_text("name: without an encoder")
    found = runs_here(tmp_path)
    each = [catalogue.contamination_of(run) for run in found]
    assert catalogue.contaminations(found, tmp_path) == each
    answers = {run.id: answer for run, answer in zip(found, each, strict=True)}
    assert answers["plain"] is None
    assert answers["fetched"] is not None
    assert answers["fetched"] != answers["abc"]
