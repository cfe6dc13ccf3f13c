"""Every figure agrees with scikit-learn, and with examples worked out by hand."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest
from sklearn import metrics as sk

from ser_core.core import ParameterError
from ser_core.evaluation import confusion_rates, metrics
from tests.evaluation.tables import drawn

pairs = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=1, max_size=60)


@given(pairs)
def test_rates_agree_with_scikit_learn(rows):
    """Also where classes are absent, or answered though absent."""
    true, answers = np.array(rows).T
    present = np.unique(true)
    counts = metrics.confusion(true, answers, 6)
    np.testing.assert_array_equal(counts, sk.confusion_matrix(true, answers, labels=range(6)))
    scores = sk.precision_recall_fscore_support(true, answers, labels=present, zero_division=0)
    ours = (
        confusion_rates.precision(counts),
        confusion_rates.recall(counts),
        confusion_rates.f1(counts),
        confusion_rates.support(counts),
    )
    for mine, theirs in zip(ours, scores, strict=True):
        np.testing.assert_allclose(np.nan_to_num(mine[present]), theirs)
    assert metrics.wa(true, answers) == pytest.approx(sk.accuracy_score(true, answers))
    assert metrics.uar(true, answers) == pytest.approx(scores[1].mean())
    assert metrics.macro_f1(true, answers) == pytest.approx(scores[2].mean())
    weighted = sk.f1_score(true, answers, average="weighted", labels=present, zero_division=0)
    assert metrics.weighted_f1(true, answers) == pytest.approx(weighted)


def test_uar_is_balanced_accuracy():
    found = drawn(300)
    theirs = sk.balanced_accuracy_score(found.true, found.predicted)
    assert metrics.uar(found.true, found.predicted) == pytest.approx(theirs)


def test_rates_worked_out_by_hand():
    counts = np.array([[8, 2, 0], [1, 1, 0], [0, 0, 0]])
    np.testing.assert_allclose(confusion_rates.recall(counts), [0.8, 0.5, np.nan])
    np.testing.assert_allclose(confusion_rates.precision(counts), [8 / 9, 1 / 3, np.nan])
    np.testing.assert_allclose(confusion_rates.f1(counts), [16 / 19, 2 / 5, np.nan])
    assert confusion_rates.accuracy(counts) == 0.75
    assert confusion_rates.uar(counts) == pytest.approx(0.65)
    assert confusion_rates.macro_f1(counts) == pytest.approx((16 / 19 + 2 / 5) / 2)
    assert confusion_rates.weighted_f1(counts) == pytest.approx((10 * 16 / 19 + 2 * 2 / 5) / 12)
    np.testing.assert_allclose(
        confusion_rates.row_normalised(counts), [[0.8, 0.2, 0], [0.5, 0.5, 0], [np.nan] * 3]
    )


def test_many_confusions_are_scored_at_once():
    generator = np.random.default_rng(0)
    counts = generator.integers(0, 9, (4, 5, 6, 6))
    for score in (
        confusion_rates.uar,
        confusion_rates.accuracy,
        confusion_rates.macro_f1,
        confusion_rates.weighted_f1,
    ):
        one_by_one = [[score(each) for each in row] for row in counts]
        np.testing.assert_allclose(score(counts), one_by_one)


def test_a_class_that_is_only_predicted_is_no_class_of_the_mean():
    """The fold of a speaker without surprise is judged on the other emotions."""
    assert metrics.uar(np.array([0, 0, 1, 1]), np.array([0, 0, 1, 5])) == 0.75


def test_nll_and_brier_agree_with_scikit_learn():
    found = drawn(200)
    true, given_ = found.true, found.probabilities
    assert metrics.nll(true, given_) == pytest.approx(sk.log_loss(true, given_, labels=range(6)))
    theirs = sk.brier_score_loss(true, given_, labels=range(6), scale_by_half=False)
    assert metrics.brier(true, given_) == pytest.approx(theirs)


def test_nll_and_brier_of_known_predictions():
    true, blind = np.array([0, 1]), np.full((2, 4), 0.25)
    assert metrics.nll(true, blind) == pytest.approx(np.log(4))
    assert metrics.brier(true, blind) == pytest.approx(0.75**2 + 3 * 0.25**2)
    wrong = np.eye(4)[[1, 0]]
    assert metrics.brier(true, wrong) == 2
    assert metrics.nll(true, wrong) == pytest.approx(-np.log(metrics.SMALLEST))
    assert metrics.nll(true, np.eye(4)[[0, 1]]) == 0


def test_entropy_and_confidence_of_known_predictions():
    given_ = np.array([[1, 0, 0, 0], [0.25] * 4, [0.5, 0.5, 0, 0]])
    np.testing.assert_allclose(metrics.entropy(given_), [0, 2, 1])
    np.testing.assert_allclose(metrics.confidence(given_), [1, 0.25, 0.5])


def slow_ece(true, probabilities, bins=15):
    """The definition, bin by bin."""
    error = 0.0
    sure, answers = probabilities.max(1), probabilities.argmax(1)
    for number in range(bins):
        inside = (sure > number / bins) & (sure <= (number + 1) / bins)
        if inside.any():
            gap = abs((answers == true)[inside].mean() - sure[inside].mean())
            error += inside.mean() * gap
    return error


@pytest.mark.parametrize("sharpness", [0.3, 1.0, 3.0])
def test_ece_is_its_definition(sharpness):
    found = drawn(500, sharpness=sharpness)
    assert metrics.ece(found.true, found.probabilities) == pytest.approx(
        slow_ece(found.true, found.probabilities)
    )


@pytest.mark.parametrize("equal_mass", [False, True])
def test_ece_worked_out_by_hand(equal_mass):
    """Ten answers of 0.9, of which seven are right, and ten of 0.6 of which all are."""
    given_ = np.repeat([[0.9, 0.1], [0.6, 0.4]], 10, axis=0)
    true = np.array([0] * 7 + [1] * 3 + [0] * 10)
    assert metrics.ece(true, given_, equal_mass=equal_mass) == pytest.approx(0.5 * 0.2 + 0.5 * 0.4)


def test_bins_of_equal_mass_hold_equally_many():
    found = drawn(600)
    table = metrics.reliability(found.true, found.probabilities, 15, equal_mass=True)
    assert table["n"].tolist() == [40] * 15
    assert table["low"].tolist()[1:] == table["high"].tolist()[:-1]


def test_the_reliability_curve_holds_every_clip_once():
    found = drawn(400)
    table = metrics.reliability(found.true, found.probabilities)
    assert len(table) == 15
    assert table["n"].sum() == 400
    filled, empty = table[table["n"] > 0], table[table["n"] == 0]
    assert (filled["confidence"] <= filled["high"]).all()
    assert (filled["confidence"] >= filled["low"]).all()
    assert filled["accuracy"].between(filled["accuracy_low"], filled["accuracy_high"]).all()
    assert empty[["confidence", "accuracy", "accuracy_low"]].isna().all(axis=None)
    overall = (filled["accuracy"] * filled["n"]).sum() / 400
    assert overall == pytest.approx(metrics.wa(found.true, found.predicted))


def test_an_edge_belongs_to_the_bin_below():
    edges = metrics.bin_edges(np.array([]), 5)
    np.testing.assert_array_equal(
        metrics.bin_of(np.array([0.0, 0.2, 0.21, 1.0]), edges), [0, 0, 1, 4]
    )
    with pytest.raises(ParameterError, match="0 bins"):
        metrics.bin_edges(np.array([]), 0)


def test_wilson_agrees_with_scipy():
    cases = pd.DataFrame({"successes": [0, 1, 5, 9, 10], "trials": 10})
    low, high = metrics.wilson(cases["successes"], cases["trials"])
    for row, interval in zip(cases.itertuples(), zip(low, high, strict=True), strict=True):
        theirs = binomtest(row.successes, row.trials).proportion_ci(method="wilson")
        assert interval == pytest.approx((theirs.low, theirs.high))
    assert np.isnan(metrics.wilson(0, 0)).all()
