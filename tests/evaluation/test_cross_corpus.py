"""The matrix of corpora, against answers of which every score is known."""

from __future__ import annotations

import pytest

from ser_core.core import EvaluationError
from ser_core.evaluation import TRAINED_ON, Predictions, corpus_matrix, is_across
from tests.evaluation.tables import answered, drawn

TRUE = ["anger", "anger", "neutral", "neutral"] * 2
SPEAKERS = ["s1"] * 4 + ["s2"] * 4


def part(trained, tested, answers, *, fold, speakers=SPEAKERS):
    found = answered(TRUE, answers, speakers=[f"{tested}: {who}" for who in speakers], fold=fold)
    clips = tested + "/" + found.table["clip"]
    return Predictions(found.table.assign(clip=clips, corpus=tested, **{TRAINED_ON: trained}))


@pytest.fixture
def predictions():
    right = TRUE
    half = ["anger", "neutral", "neutral", "anger"] * 2
    angry = ["anger"] * 8
    wrong = ["neutral" if emotion == "anger" else "anger" for emotion in TRUE]
    return Predictions.concat(
        [
            part("a", "a", right, fold=0),
            part("a", "b", half, fold=1),
            part("b", "a", angry, fold=2),
            part("b", "b", wrong, fold=3),
        ]
    )


def test_each_cell_has_its_own_score(predictions):
    matrix = corpus_matrix(predictions)
    assert (matrix.rows, matrix.columns, matrix.classes) == (["a", "b"], ["a", "b"], 2)
    assert matrix.table().to_numpy().tolist() == [[1.0, 0.5], [0.5, 0.0]]
    assert [cell.is_within for cell in matrix.cells] == [True, False, False, True]
    assert [cell.clips for cell in matrix.cells] == [8, 8, 8, 8]


def test_folds_of_one_pair_are_pooled(predictions):
    again = part("a", "a", [{"anger": "neutral"}.get(e, "anger") for e in TRUE], fold=4)
    matrix = corpus_matrix(Predictions.concat([predictions, again]))
    assert matrix.cell("a", "a").figure.value == 0.5
    assert matrix.cell("a", "a").clips == 8


def test_intervals_are_over_speakers_where_all_are_known():
    table = drawn(240, speakers=6).table.assign(**{TRAINED_ON: "a", "corpus": "b"})
    (cell,) = corpus_matrix(Predictions(table)).cells
    assert (cell.figure.over, cell.figure.units) == ("speakers", 6)
    unknown = table["speaker"].where(table.index > 0)
    (cell,) = corpus_matrix(Predictions(table.assign(speaker=unknown))).cells
    assert cell.figure.over == "clips"


def test_pairs_that_were_not_tested_are_empty(predictions):
    rows = predictions.table
    some = Predictions(rows[~((rows[TRAINED_ON] == "b") & (rows["corpus"] == "b"))])
    matrix = corpus_matrix(some)
    assert matrix.cell("b", "b") is None
    assert matrix.table().isna().to_numpy().tolist() == [[False, False], [False, True]]


def test_predictions_of_one_corpus_have_no_matrix():
    assert not is_across(drawn(60))
    with pytest.raises(EvaluationError, match="corpus join"):
        corpus_matrix(drawn(60))
