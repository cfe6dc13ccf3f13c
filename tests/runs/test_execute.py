from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from ser_core import audio
from ser_core.core import REPOSITORY, ParameterError, SerError, demo_corpus
from ser_core.corpora import Split
from ser_core.models.bundle import load_bundle
from ser_core.recipes.recipe import parse
from ser_core.runs import catalogue
from ser_core.runs.execute import run


def recipe(**changes):
    return parse(
        {
            "name": "small",
            "corpus": str(demo_corpus()),
            "representation": {"name": "melspectrogram", "n_mels": 16, "hop_length": 400},
            "network": {"name": "resnet10", "width": 4},
            "train": {"epochs": 2, "batch": 8, "threads": 1, "precision": "float32"},
            "split": {"policy": "leave-one-speaker-out", "only": [0, 3]},
            **changes,
        }
    )


@pytest.fixture(scope="module")
def outcome(tmp_path_factory):
    """A run of the recipe as it is."""
    place = tmp_path_factory.mktemp("outcome")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SER_HOME", str(place / "home"))
        return run(recipe(), place / "run")


def test_every_fold_leaves_a_bundle_and_predictions_of_its_own_test_speaker(outcome):
    split = Split.load(outcome.folder / "split.json")
    test = outcome.predictions.part("test").table
    for fold in (0, 3):
        own = test[test["fold"] == fold]
        assert set(own["clip"]) == set(split.fold(fold)["test"])
        assert own["speaker"].nunique() == 1
        bundle = load_bundle(outcome.folder / f"fold-{fold}-seed-0" / "bundle")
        assert bundle.about["split"]["audit"]["grade"] == "B"
        assert not (outcome.folder / f"fold-{fold}-seed-0" / "checkpoint").exists()
    summary = json.loads((outcome.folder / "summary.json").read_text())
    assert summary["clips"] == len(test)


def test_the_bundle_predicts_as_its_predictions_say(tmp_path):
    from ser_core.audio import load

    outcome = run(recipe(split={"seed": 1}), tmp_path / "run")
    bundle = load_bundle(outcome.folder / "fold-0-seed-0" / "bundle")
    rows = bundle.predictions.part("test")
    sounds = [load(demo_corpus() / clip) for clip in rows.table["clip"]]
    np.testing.assert_allclose(bundle.predict(sounds), rows.probabilities, atol=1e-5)


def test_run_again_it_only_reads(tmp_path):
    first = run(recipe(), tmp_path / "run")
    steps = []
    again = run(recipe(), tmp_path / "run", progress=lambda *step: steps.append(step))
    assert steps == []
    np.testing.assert_array_equal(again.predictions.probabilities, first.predictions.probabilities)


@pytest.mark.parametrize("normalise", ["clip", "speaker"])
def test_augmentation_and_normalisation_go_together(tmp_path, normalise):
    asked = recipe(
        normalise=normalise,
        augment={"waveform": "default", "picture": "default"},
        train={"epochs": 1, "batch": 8, "threads": 1, "precision": "float32", "mixup": 0.2},
        split={"policy": "leave-one-speaker-out", "only": [1]},
    )
    outcome = run(asked, tmp_path / "run")
    assert len(outcome.predictions.part("test").table) == 6


def test_early_fusion_trains_with_masks_of_time_and_answers_from_the_sound(tmp_path):
    asked = recipe(
        representation={"name": "fusion", "parts": "melspectrogram(n_mels=32), mfcc, rms"},
        normalise="speaker",
        augment={"picture": "default"},
        split={"policy": "leave-one-speaker-out", "only": [0]},
    )
    outcome = run(asked, tmp_path / "run")
    assert len(outcome.predictions.part("test").table)
    model = load_bundle(tmp_path / "run" / "fold-0-seed-0" / "bundle")
    sound = audio.load(demo_corpus() / "samples" / "SM0_anger_48.flac")
    assert model.predict([sound]).sum() == pytest.approx(1)
    assert model.model.spec.channels == 3


def test_a_folder_of_another_recipe_is_refused(outcome):
    with pytest.raises(ParameterError, match="another recipe"):
        run(recipe(seeds=[1]), outcome.folder)


def test_normalising_by_speaker_without_speakers_is_refused(tmp_path):
    folder = tmp_path / "corpus"
    for clip in sorted((demo_corpus() / "samples").glob("EB0_*"))[:4]:
        target = folder / clip.stem.split("_")[1] / clip.name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(clip.read_bytes())
    asked = recipe(corpus=str(folder), normalise="speaker", split={})
    with pytest.raises(SerError, match=r"speaker|part"):
        run(asked, tmp_path / "run")


def test_killed_and_started_again_it_ends_at_the_same_numbers(tmp_path, ser_home):
    asked = recipe(train={"epochs": 4, "batch": 8, "threads": 1, "precision": "float32"})
    asked.save(tmp_path / "recipe.yaml")
    whole = run(asked, tmp_path / "whole")
    command = [sys.executable, "-m", "ser_core", "train", tmp_path / "recipe.yaml", "--out"]
    command = [*map(str, command), str(tmp_path / "killed")]
    environment = {**os.environ, "SER_HOME": str(ser_home), "PYTHONPATH": str(REPOSITORY)}
    process = subprocess.Popen(command, env=environment, cwd=tmp_path)
    state = tmp_path / "killed" / "fold-0-seed-0" / "checkpoint" / "state.json"
    deadline = time.monotonic() + 120
    while not state.exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not (tmp_path / "killed" / "summary.json").exists()
    epoch = json.loads(state.read_text())["epoch"]
    told = []
    resumed = run(asked, tmp_path / "killed", progress=lambda *numbers: told.append(numbers))
    done, total = told[0]
    assert done / total == pytest.approx(epoch / 4 / 2)  # the first of two trainings goes on
    assert told == sorted(told)
    np.testing.assert_array_equal(
        resumed.predictions.probabilities, whole.predictions.probabilities
    )


def test_copies_at_other_speeds_train_and_are_never_tested(tmp_path):
    quick = recipe(
        representation={"name": "functionals"},
        network={"name": "linear", "dropout": 0.5},
        normalise="speaker",
        augment={"speeds": [0.9, 1.1]},
        train={"epochs": 3, "batch": 16, "crop_s": None, "threads": 1, "precision": "float32"},
        split={"policy": "leave-one-speaker-out", "only": [0]},
    )
    outcome = run(quick, tmp_path / "run")
    split = Split.load(outcome.folder / "split.json")
    tested = outcome.predictions.part("test").table
    assert sorted(tested["clip"]) == sorted(split.fold(0)["test"])
    about = load_bundle(outcome.folder / "fold-0-seed-0" / "bundle").about
    assert about["network"]["kind"] == "linear"
    assert about["corpus"]["train_clips"] == len(split.fold(0)["train"])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            {"network": {"name": "resnet10"}},
            "must be one of linear, residual-dense, logistic, lda, mlp, .* knn where",
        ),
        ({"normalise": "clip"}, "must be corpus or speaker where a clip is one frame"),
    ],
)
def test_what_makes_no_sense_of_one_frame_is_refused(change, said):
    base = {"representation": {"name": "functionals"}, "network": {"name": "linear"}}
    with pytest.raises(ParameterError, match=said):
        recipe(**{**base, **change})


def test_a_model_that_enrols_predicts_with_and_without_enrolment(tmp_path):
    quick = recipe(normalise="speaker", split={"policy": "leave-one-speaker-out", "only": [0]})
    folder = run(quick, tmp_path / "run").folder
    info = catalogue.open_run(folder)
    assert info.result.enrolled is not None
    strangers, known = catalogue.predictions_of(info), catalogue.predictions_of(info, enrolled=True)
    assert list(strangers.table["clip"]) == list(known.table["clip"])
    assert not np.allclose(strangers.probabilities, known.probabilities)
    bundle = load_bundle(folder / "fold-0-seed-0" / "bundle")
    rows = strangers.part("test")
    sounds = [audio.load(demo_corpus() / clip) for clip in rows.table["clip"]]
    np.testing.assert_allclose(bundle.predict(sounds), rows.probabilities, atol=1e-5)
    np.testing.assert_allclose(
        bundle.predict(sounds, bundle.enrol(sounds)),
        known.part("test").probabilities,
        atol=2e-2,  # the store keeps three digits
    )
