"""The predictions table keeps one form, refuses nonsense, and comes back from disk the same."""

import numpy as np
import pandas as pd
import pytest

from ser_core.core import EvaluationError
from ser_core.evaluation import Predictions
from tests.evaluation.tables import answered, drawn


@pytest.fixture
def table():
    return pd.DataFrame(
        {
            "clip": ["a", "b", "a"],
            "fold": [0, 0, 1],
            "part": ["test", "test", "validation"],
            "seed": 0,
            "true": ["neutral", "anger", "neutral"],
            "p_neutral": [0.7, 0.4, 0.2],
            "p_anger": [0.3, 0.6, 0.8],
            "age": [20, 30, 20],
        }
    )


def test_columns_come_in_the_order_of_the_vocabulary(table):
    found = Predictions(table)
    assert list(found.table) == [
        "clip", "fold", "part", "seed", "true", "speaker", "gender", "sentence",
        "p_anger", "p_neutral", "age",
    ]  # fmt: skip
    assert found.classes == ("anger", "neutral")
    np.testing.assert_array_equal(found.probabilities, [[0.3, 0.7], [0.6, 0.4], [0.8, 0.2]])
    np.testing.assert_array_equal(found.true, [1, 0, 1])
    np.testing.assert_array_equal(found.predicted, [1, 0, 0])
    assert found.table["speaker"].isna().all()


def test_parts_folds_and_seeds_are_chosen(table):
    found = Predictions(table)
    assert list(found.part("test").table["clip"]) == ["a", "b"]
    assert len(found.fold(1)) == 1
    assert len(found.seed(0)) == 3
    with pytest.raises(EvaluationError, match=r"fold 7: there are no predictions"):
        found.fold(7)


def test_what_is_saved_comes_back(tmp_path):
    before = drawn(50)
    after = Predictions.load(before.save(tmp_path / "run" / "predictions.parquet"))
    pd.testing.assert_frame_equal(after.table, before.table)
    assert not list((tmp_path / "run").glob(".*"))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"p_anger": [np.nan, 0.6, 0.8]}, r"clip a: a probability is NaN .*1 of 3 rows"),
        ({"p_anger": [0.9, 0.6, 0.8]}, r"clip a: the probabilities do not sum to 1"),
        ({"p_anger": [-0.3, 0.6, 0.8], "p_neutral": [1.3, 0.4, 0.2]}, "outside 0 to 1"),
        ({"p_<b>": 0.0}, r"p_<b>: no name of a class"),
        ({"true": ["neutral", "fear", "fear"]}, r"'fear' is none of anger, neutral \(2 rows\)"),
        ({"true": [None, "anger", "anger"]}, "column true: a value is missing"),
        ({"part": "train"}, "'train' is none of validation, test"),
        ({"clip": "a", "fold": 0, "part": "test"}, "clip a, fold 0, part test, seed 0: the same"),
        ({"seed": "first"}, "column seed: a value that is not of the type int64"),
        ({"p_anger": "much"}, "column p_anger: a value that is not of the type float64"),
    ],
)
def test_a_damaged_table_is_refused(table, change, message):
    with pytest.raises(EvaluationError, match=message):
        Predictions(table.assign(**change))


def test_what_is_not_there_is_named(table):
    with pytest.raises(EvaluationError, match="it lacks the columns fold, true"):
        Predictions(table.drop(columns=["fold", "true"]))
    with pytest.raises(EvaluationError, match="there are no predictions"):
        Predictions(table.iloc[:0])
    with pytest.raises(EvaluationError, match=r"1 probability columns \(anger\)"):
        Predictions(table.drop(columns="p_neutral"))


def test_files_that_are_none_are_refused(tmp_path, table):
    path = tmp_path / "predictions.parquet"
    with pytest.raises(EvaluationError, match="there is no such file"):
        Predictions.load(path)
    path.write_bytes(b"not a table")
    with pytest.raises(EvaluationError, match="not a predictions table"):
        Predictions.load(path)
    table.drop(columns="true").to_parquet(path)
    with pytest.raises(EvaluationError, match=r"predictions\.parquet: .*lacks the columns true"):
        Predictions.load(path)


def test_shapes_that_do_not_fit_are_refused():
    clips = pd.DataFrame({"emotion": ["anger"]}, index=["a"])
    with pytest.raises(EvaluationError, match=r"shape \(1, 3\) for 1 clips and 2 classes"):
        Predictions.of(clips, [[0.2, 0.2, 0.6]], ["anger", "neutral"])


def test_folds_are_put_together_and_a_clip_twice_is_refused():
    one = answered(["anger", "neutral"], ["anger", "anger"], fold=0)
    two = answered(["anger", "neutral"], ["anger", "anger"], fold=1)
    assert len(Predictions.concat([one, two])) == 4
    with pytest.raises(EvaluationError, match="twice"):
        Predictions.concat([one, one])
    with pytest.raises(EvaluationError, match="same classes"):
        Predictions.concat([one, drawn(6)])
