"""A corpus that is kept by a name is taken by every command; so are its options without a name."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from ser_core.cli import app
from ser_core.core import ParameterError
from ser_core.corpora import open_corpus, remembered_labels, saved_openings
from ser_core.evaluation import Predictions
from ser_core.models.predictor import load
from tests.corpora.synthetic import sound

PATTERN = r"(?P<speaker>s\d)-(?P<label>\w+)-"
GIVEN = ("--reader", "folders", "--option", f"pattern={PATTERN}", "--own-labels")


def run(*arguments) -> str:
    result = CliRunner().invoke(app, list(map(str, arguments)))
    if result.exception:
        raise result.exception
    return result.stdout


@pytest.fixture(scope="module")
def levels(tmp_path_factory):
    """Three speakers, three labels that are no emotions, all in the names of the files."""
    root = tmp_path_factory.mktemp("corpora") / "levels"
    for number in range(36):
        label = ("low", "middle", "high")[number % 3]
        sound(root / f"s{number // 3 % 3}-{label}-{number}.wav", 0.5, 16000)
    return root


def train(folder, *more):
    words = ("--set", "representation={name: rms}", "--set", "network={name: linear}")
    words += ("--set", "train={epochs: 1, threads: 1, batch: 8, parts: 1}", "--set", "augment={}")
    words += ("--set", "normalise=corpus")
    words += ("--set", "split={policy: random, fractions: [0.5, 0.25, 0.25]}")
    run("train", "functionals-random", "--out", folder, *words, *more)
    return folder / "fold-0-seed-0" / "bundle"


def test_every_command_takes_a_kept_corpus(levels, tmp_path, mlflow_store):
    said = run("corpus", "save", levels, "--name", "levels", *GIVEN, "--drop", "s0-low-0.wav")
    assert "35 clips" in said
    assert "--own-labels" not in run("corpus", "list")
    (kept,) = json.loads(run("corpus", "list", "--json"))
    assert kept["options"] == {"pattern": PATTERN}
    shown = json.loads(run("corpus", "inspect", "levels", "--json"))
    assert (shown["usable"], list(shown["emotions"])) == (35, ["high", "low", "middle"])

    bundle = train(tmp_path / "run", "--corpus", "levels")
    model = load(bundle)
    assert model.classes == ("high", "low", "middle")
    assert model.about["recipe"]["opening"]["options"] == {"pattern": PATTERN}
    table = tmp_path / "answers.parquet"
    run("evaluate", "--model", bundle, "--corpus", "levels", "--part", "test",
        "--predictions", table)  # fmt: skip
    found = Predictions.load(table)
    assert set(found.table["true"]) == {"high", "low", "middle"}
    # A run opens its corpus as its recipe says, whatever became of the name.
    run("corpus", "forget", "levels")
    assert len(open_corpus(levels, "folders")) == 36
    assert "levels" in run("evaluate", "--run", tmp_path / "run")
    file = tmp_path / "exported"
    said = run("export", "--model", bundle, "--out", file, "--clips", "6")
    assert "clips of levels" in said


def test_every_command_takes_the_options_themselves(levels, tmp_path, mlflow_store):
    bundle = train(tmp_path / "run", "--corpus", levels, *GIVEN)
    few = ("--corpus", levels, *GIVEN, "--clips", "6")
    run("export", "--model", bundle, "--out", tmp_path / "out", *few)
    run("robustness", "--model", bundle, *few, "-p", "white", "--few", "--out", tmp_path / "r")
    run("attack", "--model", bundle, *few, "--attack", "fgsm", "--place", "representation",
        "--few", "--out", tmp_path / "a")  # fmt: skip
    run("explain", "bench", "--model", bundle, *few, "--method", "gradient_x_input",
        "--out", tmp_path / "b")  # fmt: skip
    mean = tmp_path / "mean.npz"
    run("represent", levels, *GIVEN, "-r", "rms", "--mean-by", "emotion", "--out", mean)
    assert mean.is_file()
    with pytest.raises(ParameterError, match="has no such option"):
        run("evaluate", "--model", bundle, "--corpus", levels, "--option", "patern=x",
            "--reader", "folders")  # fmt: skip


def test_labels_that_a_command_is_given_are_written_into_the_recipe(tmp_path, mlflow_store):
    root = tmp_path / "corpus"
    for number in range(24):
        sound(root / f"{('anger', 'calm', 'neutral')[number % 3]}/{number}.wav", 0.5, 16000)
    bundle = train(tmp_path / "run", "--corpus", root, "--label", "calm=neutral")
    model = load(bundle)
    assert model.classes == ("anger", "neutral")
    assert model.about["recipe"]["opening"] == {"labels": {"calm": "neutral"}}
    assert remembered_labels(root) == {"calm": "neutral"}
    # What is kept by a name says all that is said of it, and changes nothing for the folder.
    run("corpus", "save", root, "--name", "apart", "--label", "calm=")
    assert remembered_labels(root) == {"calm": "neutral"}
    assert saved_openings.found("apart").labels == {}
    assert open_corpus("apart").emotions == ["anger", "neutral", "calm"]


def test_the_same_recipe_with_another_label_is_another_run(tmp_path):
    root = tmp_path / "corpus"
    for number in range(24):
        sound(root / f"{('anger', 'calm', 'neutral')[number % 3]}/{number}.wav", 0.5, 16000)
    from ser_core.cli.train import _as_opened
    from ser_core.recipes.recipe import parse

    plain = parse({"corpus": str(root)})
    given = _as_opened(plain, None, ["calm=neutral"], None, "", own_labels=False)
    assert given.hash != plain.hash
    # Remembered now, so that a bare command means the same.
    assert _as_opened(plain, None, None, None, "", own_labels=False).hash == given.hash


def test_speakers_with_one_emotion_each_are_warned_of(tmp_path, mlflow_store):
    root = tmp_path / "corpus"
    for number in range(48):
        speaker = number % 8
        emotion = ("anger", "neutral")[speaker % 2]
        sound(root / f"s{speaker}/{emotion}/{number}.wav", 0.5, 16000)
    option = ("--option", r"pattern=(?P<speaker>s\d)/")
    words = ("train", "functionals-random", "--out", tmp_path / "run", "--corpus", root, *option)
    words += ("--set", "representation={name: rms}", "--set", "network={name: linear}")
    words += ("--set", "train={epochs: 1, threads: 1, batch: 8, parts: 1}", "--set", "augment={}")
    words += ("--set", "normalise=speaker")
    done = CliRunner().invoke(app, list(map(str, words)), catch_exceptions=False)
    assert "Speaker and emotion go together" in " ".join(done.output.split())
    bundle = tmp_path / "run/fold-0-seed-0/bundle"
    given = ("--model", bundle, "--corpus", root, *option, "--no-keep")
    warning = "expect lower scores with enrolled speakers"
    assert warning in " ".join(run("evaluate", *given, "--enrol", "1", "--draws", "1").split())
    assert warning not in " ".join(run("evaluate", *given).split())
