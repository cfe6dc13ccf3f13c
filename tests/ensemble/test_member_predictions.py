"""Members' tables are laid upon each other row by row, or refused."""

import numpy as np
import pandas as pd
import pytest

from ser_core.core import EvaluationError
from ser_core.ensemble.member_predictions import MemberPredictions, averaged, by_seed
from ser_core.evaluation import Predictions
from tests.ensemble.tables import drawn


def shuffled(predictions, seed=1):
    return Predictions(predictions.table.sample(frac=1, random_state=seed))


def test_the_order_of_rows_does_not_matter():
    one, two = drawn(1.0), drawn(2.0, seed=5)
    plain = MemberPredictions.of({"one": one, "two": two})
    mixed = MemberPredictions.of({"one": shuffled(one), "two": shuffled(two, 2)})
    np.testing.assert_array_equal(plain.probabilities, mixed.probabilities)
    np.testing.assert_allclose(plain.rows.probabilities, plain.probabilities.mean(axis=0))


def test_rows_that_one_member_lacks_are_reported():
    one = drawn(1.0)
    with pytest.raises(EvaluationError, match="lacks 2 of the predictions of one"):
        MemberPredictions.of({"one": one, "two": Predictions(one.table.iloc[2:])})


def test_members_that_disagree_about_the_truth_are_reported():
    other = drawn(1.0, true_seed=9)
    with pytest.raises(EvaluationError, match="disagrees with one about the label"):
        MemberPredictions.of({"one": drawn(1.0), "two": other})


def test_members_of_other_emotions_are_reported():
    table = drawn(1.0).table
    fewer = table[table["true"] != "fear"].drop(columns="p_fear")
    columns = [name for name in fewer if name.startswith("p_")]
    fewer[columns] = fewer[columns].div(fewer[columns].sum(axis=1), axis=0)
    with pytest.raises(EvaluationError, match="has the classes"):
        MemberPredictions.of({"one": drawn(1.0), "two": Predictions(fewer)})


def test_seeds_are_averaged_or_distinguished():
    one, two = drawn(1.0, seed=1), drawn(1.0, seed=2)
    both = Predictions(pd.concat([one.table, two.table.assign(seed=3)], ignore_index=True))
    mean = (one.probabilities + two.probabilities) / 2
    np.testing.assert_allclose(averaged(both).probabilities, mean)
    apart = by_seed("mine", both)
    assert list(apart) == ["mine, seed 0", "mine, seed 3"]
    np.testing.assert_array_equal(apart["mine, seed 3"].probabilities, two.probabilities)


def test_a_clip_without_the_prediction_of_a_seed_is_reported():
    one = drawn(1.0)
    some = one.table.iloc[:5].assign(seed=1)
    both = Predictions(pd.concat([one.table, some], ignore_index=True))
    with pytest.raises(EvaluationError, match="lack the prediction of a seed"):
        averaged(both)
    with pytest.raises(EvaluationError, match="several predictions"):
        MemberPredictions.of({"one": both})
