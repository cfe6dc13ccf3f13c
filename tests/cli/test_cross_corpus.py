"""The matrix of two corpora from beginning to end: the halves of the demo, by speakers."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from ser_core.cli import app
from ser_core.core import EvaluationError, demo_corpus
from ser_core.corpora import Opening, open_corpus, saved_openings
from ser_core.evaluation import TRAINED_ON, Predictions, corpus_matrix
from ser_core.recipes.recipe import load
from ser_core.runs import published_results

HALVES = {"first": "(EB0|IC0|KD0|KS0)_", "second": "(MK0|MP0|SM0|TP0|WR0)_"}


def run(*arguments) -> str:
    result = CliRunner().invoke(app, list(map(str, arguments)))
    if result.exception:
        raise result.exception
    return result.stdout


@pytest.fixture
def halves(ser_home):
    for name, speakers in HALVES.items():
        saved_openings.save(Opening(demo_corpus(), include=speakers), name)
    return list(HALVES)


def test_each_half_trains_for_itself_and_for_the_other(halves, tmp_path, mlflow_store):
    folder = tmp_path / "run"
    told = run(
        "cross-corpus", "cross-corpus-functionals-lda", "--corpus", "first", "--corpus", "second",
        "--folds", 3, "--set", "train.threads=1", "--out", folder, "--json",
    )  # fmt: skip
    rows = json.loads(told)
    plain = [row for row in rows if row["voices"] == "not enrolled"]
    pairs = {(row["trained on"], row["tested on"]): row["clips"] for row in plain}
    assert pairs == {
        ("first", "first"): 24, ("first", "second"): 29,
        ("second", "first"): 24, ("second", "second"): 29,
    }  # fmt: skip
    predictions = Predictions.load(folder / "predictions.parquet").part("test")
    found = corpus_matrix(predictions)
    for row in plain:
        cell = found.cell(row["trained on"], row["tested on"])
        assert row["UAR"] == pytest.approx(cell.figure.value)
    assert (folder / "cross-corpus.png").read_bytes().startswith(b"\x89PNG")
    assert {row["voices"] for row in rows} == {"not enrolled", "enrolled"}
    no_clip_is_tested_by_a_model_that_it_trained(folder)
    it_can_be_shown_again_and_published_without_places(folder, rows, tmp_path)


def no_clip_is_tested_by_a_model_that_it_trained(folder):
    parts = json.loads((folder / "split.json").read_text())
    order = parts["folds"]
    table = Predictions.load(folder / "predictions.parquet").part("test").table
    for clip, fold in zip(table["clip"], table["fold"], strict=True):
        assert parts["parts"][clip][fold] == "test"
    assert len(order) == 2 + 3 + 3
    assert table.groupby("clip")[TRAINED_ON].nunique().eq(2).all()


def it_can_be_shown_again_and_published_without_places(folder, rows, tmp_path):
    table = run("results", "matrix", folder, "--markdown", "--picture", tmp_path / "m.png")
    assert table.splitlines()[0] == "| voices | trained on | tested on first | tested on second |"
    assert f"| {rows[0]['UAR']:.3f} (" in table
    assert (tmp_path / "m.png").is_file()
    made = published_results.keep(folder, "cross/demo", tmp_path / "results")
    assert made.is_across
    assert "opening" not in made.recipe.read_text()
    assert load(made.recipe, ["corpus=anywhere"]).split.policy == "cross-corpus"


def test_a_corpus_that_is_joined_and_kept_is_taken_as_it_is(halves, tmp_path, mlflow_store):
    assert "53 clips" in run("corpus", "join", *halves, "--name", "demo halves", "--common")
    corpus = open_corpus("demo halves")
    assert corpus.corpora == ["first", "second"]
    told = run(
        "train", "cross-corpus-functionals-lda", "--corpus", "demo halves", "--out", tmp_path / "r",
        "--set", "split.policy=leave-one-corpus-out", "--set", "train.threads=1", "--json",
    )  # fmt: skip
    summary = json.loads(told)
    assert (summary["members"], summary["clips"]) == (2, 53)
    found = corpus_matrix(Predictions.load(tmp_path / "r/predictions.parquet"))
    assert [(cell.trained_on, cell.tested_on) for cell in found.cells] == [
        ("first", "second"), ("second", "first"),
    ]  # fmt: skip


def test_a_run_on_one_corpus_has_no_matrix(tmp_path):
    with pytest.raises(EvaluationError, match="no such file"):
        run("results", "matrix", tmp_path)
