from __future__ import annotations

import json

import pandas as pd
import pytest
import torch
from typer.testing import CliRunner

from ser_core import audio
from ser_core.cli import app
from ser_core.core import ParameterError, demo_corpus
from ser_core.evaluation import Predictions
from ser_core.features.representations import make
from ser_core.inference.saved_evaluations import saved_evaluations
from ser_core.models.bundle import Bundle, architecture
from ser_core.models.classifier import EmotionClassifier
from ser_core.models.networks.resnet import ResNetSpec

CLASSES = ("anger", "fear", "happiness", "sadness", "surprise", "neutral")


def run(*arguments) -> str:
    result = CliRunner().invoke(app, ["evaluate", *map(str, arguments)])
    if result.exception:
        raise result.exception
    return result.stdout


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    torch.manual_seed(0)
    rep = make("melspectrogram", n_mels=16, hop_length=320)
    network = EmotionClassifier(
        rep, "speaker", ResNetSpec(depth="resnet10", width=4, classes=6), CLASSES
    )
    return Bundle(network.eval(), architecture(network)).save(tmp_path_factory.mktemp("m") / "one")


def test_a_model_is_evaluated_and_everything_is_written(model, tmp_path):
    out, answers = tmp_path / "report.json", tmp_path / "answers.parquet"
    said = run("--model", model, "--corpus", demo_corpus(), "--json", out, "--predictions", answers)
    assert "Split not audited" in said
    assert "It is not recorded which clips trained the model" in said
    content = json.loads(out.read_text("utf-8"))
    assert {"n", "wa", "uar", "ece", "confusion", "per_speaker"} <= set(content)
    assert content["n"] == len(Predictions.load(answers)) == 53
    (kept,) = saved_evaluations()
    assert f"Saved among the results as {kept.id}" in said
    assert kept.result.uar.value == content["uar"]


def test_speakers_that_are_done_outlive_a_crash(model, tmp_path, monkeypatch):
    """What is on disk when it ends is what the whole table would have had."""
    answers = tmp_path / "answers.parquet"
    given = ("--model", model, "--corpus", demo_corpus(), "--no-keep", "--predictions", answers)
    asked = []

    def kill(predictor, corpus, clip):
        asked.append(clip)
        if len(asked) == 20:  # within the fourth speaker
            raise KeyboardInterrupt
        return audio.load(corpus.path(clip), sample_rate=predictor.sample_rate)

    with monkeypatch.context() as during:
        during.setattr("ser_core.inference.enrolment._load", kill)
        with pytest.raises((KeyboardInterrupt, SystemExit)):
            run(*given)
    partial = tmp_path / "answers.parquet.partial"
    kept = pd.read_csv(partial, dtype={"sentence": "str"})
    run(*given)
    whole = Predictions.load(answers).table
    assert 0 < len(kept) < len(whole)
    pd.testing.assert_frame_equal(
        kept, whole.iloc[: len(kept)], check_dtype=False, check_categorical=False, rtol=1e-9
    )
    assert not partial.exists()


def test_nothing_is_kept_where_nobody_wants_it_or_clips_are_drawn(model):
    run("--model", model, "--corpus", demo_corpus(), "--no-keep")
    run("--model", model, "--corpus", demo_corpus(), "--enrol", "1", "--draws", "1")
    assert saved_evaluations() == []


def test_the_curve_of_enrolment_has_a_row_a_number(model):
    said = run(
        "--model", model, "--corpus", demo_corpus(), "--enrolment-curve", "0,1,all", "--draws", "1"
    )
    assert "1 clips of every speaker are left out" in said
    assert [line.split()[0] for line in said.splitlines() if "(" in line][-3:] == ["0", "1", "all"]


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ([], "either a model or runs are evaluated"),
        (["--model", "x", "--run", "y"], "either a model or runs are evaluated"),
        (["--model", "x"], "a model needs a corpus"),
        (["--model", "x", "--corpus", "y", "--enrol", "some"], "some: is not a number of clips"),
    ],
)
def test_what_makes_no_sense_is_refused(arguments, problem):
    with pytest.raises(ParameterError, match=problem):
        run(*arguments)
