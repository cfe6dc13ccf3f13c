"""Several corpora on the pages: their column, how they differ, and the matrix of a run."""

from __future__ import annotations

import pytest

from ser_core.core import demo_corpus
from ser_core.corpora import Opening, join, saved_openings
from ser_core.evaluation import Predictions, corpus_matrix
from ser_core.recipes.recipe import opened_as, parse
from ser_core.runs.execute import run

HALVES = {"first": "(EB0|IC0|KD0|KS0)_", "second": "(MK0|MP0|SM0|TP0|WR0)_"}


@pytest.fixture
def halves(ser_home):
    """The halves of the demo as two corpora, kept as one."""
    for name, speakers in HALVES.items():
        saved_openings.save(Opening(demo_corpus(), include=speakers), name)
    return saved_openings.save(join(HALVES), "halves")


def test_each_clip_shows_its_corpus_and_the_corpora_are_compared(visit, said, halves):
    app = visit("corpus", corpus="halves")
    table = app.dataframe[0].value
    assert table["corpus"].value_counts().to_dict() == {"second": 29, "first": 24}
    app = visit("corpus", corpus="halves", view="Corpora")
    assert "Recognising the corpus of a clip" in said(app)
    quantiles = app.dataframe[0].value
    assert set(quantiles["Corpus"]) == {"first", "second"}
    assert len(quantiles) == 6


def test_one_corpus_has_no_such_view(visit):
    assert "Corpora" not in [tab.label for tab in visit("corpus").tabs]


def test_a_run_across_corpora_shows_its_matrix(visit, said, halves, ser_home):
    recipe = parse(
        {
            "corpus": str(halves.path), "name": "across",
            "split": {"policy": "cross-corpus", "folds": 3},
            "representation": {"name": "functionals"}, "network": {"name": "lda"},
        }
    )  # fmt: skip
    recipe = opened_as(recipe, halves)
    outcome = run(recipe, ser_home / "runs" / recipe.hash)
    app = visit("results", run=recipe.hash)
    assert app.tabs[0].label == "Across corpora"
    matrix = corpus_matrix(Predictions.load(outcome.folder / "predictions.parquet"))
    table = app.dataframe[0].value.set_index(["Trained on", "Tested on"])
    for cell in matrix.cells:
        assert table.loc[(cell.trained_on, cell.tested_on), "UAR"] == cell.figure.value
    assert "Guessing scores 0.17" in said(app)
