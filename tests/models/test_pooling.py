"""Pooling is what its definitions say, and its weights are where they must be."""

import subprocess
import sys

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given
from scipy.stats import kstest

from ser_core.ensemble.options import POOLED_BY
from ser_core.models.pooling import HIGHEST, POOLINGS, Pool, Stacking

shares = st.lists(st.floats(1e-6, 1 - 1e-6), min_size=1, max_size=8)


@given(shares)
def test_linear_weights_lie_on_the_simplex(drawn):
    weights = POOLINGS["linear"].weights(drawn)
    assert weights.min() >= 0
    assert weights.sum() == pytest.approx(1)


@given(st.lists(st.floats(0, HIGHEST), min_size=1, max_size=8))
def test_log_linear_weights_are_not_negative_and_keep_their_size(drawn):
    weights = POOLINGS["log-linear"].weights(drawn)
    assert weights.min() >= 0
    np.testing.assert_allclose(weights, drawn, atol=1.1e-4)


@given(shares.filter(lambda values: len(values) > 1))
def test_what_to_draw_for_weights_gives_these_weights(drawn):
    pooling = POOLINGS["linear"]
    weights = pooling.weights(drawn)
    np.testing.assert_allclose(pooling.weights(pooling.drawn(weights)), weights, atol=2e-3)


def test_weights_of_uniform_draws_are_uniform_on_the_simplex():
    draws = np.random.default_rng(0).uniform(1e-6, 1 - 1e-6, (2000, 3))
    weights = np.array([POOLINGS["linear"].weights(row) for row in draws])
    # Each of three uniform weights has the distribution 1 - (1 - w)^2.
    assert kstest(weights[:, 0], lambda w: 1 - (1 - w) ** 2).pvalue > 0.01


@pytest.mark.parametrize("kind", list(POOLINGS))
def test_pooled_rows_sum_to_one(kind):
    answers = np.random.default_rng(0).dirichlet(np.ones(6), (3, 20))
    pooled = Pool(kind, (0.2, 0.5, 0.3), 1.7)(answers)
    np.testing.assert_allclose(pooled.sum(axis=1), 1)


@pytest.mark.parametrize("kind", ["linear", "log-linear"])
def test_one_member_alone_is_itself(kind):
    answers = np.random.default_rng(0).dirichlet(np.ones(6), (3, 20))
    np.testing.assert_allclose(Pool(kind, (0.0, 1.0, 0.0))(answers), answers[1])


def test_two_members_outvote_one_that_is_surer():
    sure, one, other = [0.98, 0.01, 0.01], [0.3, 0.4, 0.3], [0.3, 0.4, 0.3]
    members = np.array([[sure], [one], [other]])
    assert Pool("linear", (1 / 3,) * 3)(members).argmax() == 0
    (found,) = Pool("vote", (1 / 3,) * 3)(members)
    assert found.argmax() == 1
    assert found[1] == pytest.approx(2 / 3, abs=0.01)
    assert Pool("vote", (0.6, 0.2, 0.2))(members).argmax() == 0


def test_probabilities_break_a_tie_of_votes():
    members = np.array([[[0.6, 0.4, 0.0]], [[0.0, 0.9, 0.1]]])
    assert Pool("vote", (0.5, 0.5))(members).argmax() == 1


def test_linear_pooling_is_the_mean_and_log_linear_the_geometric_mean():
    answers = np.random.default_rng(0).dirichlet(np.ones(4), (2, 10))
    np.testing.assert_allclose(Pool("linear", (0.5, 0.5))(answers), answers.mean(axis=0))
    product = np.sqrt(answers[0] * answers[1])
    wanted = product / product.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(Pool("log-linear", (0.5, 0.5))(answers), wanted)


def test_a_temperature_softens_and_keeps_the_prediction():
    answers = np.random.default_rng(0).dirichlet(np.ones(4), (1, 10))
    soft = Pool("linear", (1.0,), 3.0)(answers)
    assert (soft.max(axis=1) < answers[0].max(axis=1)).all()
    assert (soft.argmax(axis=1) == answers[0].argmax(axis=1)).all()


def test_every_pooling_can_be_asked_for():
    assert tuple(POOLINGS) == POOLED_BY


def test_the_options_cost_no_heavy_import():
    heavy = ["pandas", "optuna", "torch"]
    code = f"import sys, ser_core.cli.ensemble; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def stacking():
    values = np.random.default_rng(0).standard_normal((3, 4, 4))
    return Stacking.of(values, [0.1, 0.2, 0.3, -0.6])


def test_a_pool_of_fewer_members_leaves_the_others_out():
    answers = np.random.default_rng(1).dirichlet(np.ones(4), (3, 20))
    pool = Pool("stacking", stacking().shares, stacking=stacking())
    two = pool.over([0, 2])
    assert len(two.weights) == 2
    back = two.over([0, None, 1])
    assert back.weights[1] == 0
    np.testing.assert_allclose(two(answers[[0, 2]]), back(answers))


def test_stacking_is_what_its_definition_says():
    answers = np.random.default_rng(1).dirichlet(np.ones(4), (3, 5))
    found = Pool("stacking", stacking().shares, stacking=stacking())(answers)
    for row in range(5):
        scores = np.array(stacking().intercept)
        for member in range(3):
            given = np.log(answers[member, row])
            scores = scores + (given - given.mean()) @ np.array(stacking().coefficients[member])
        expected = np.exp(scores) / np.exp(scores).sum()
        np.testing.assert_allclose(found[row], expected)


@pytest.mark.parametrize(
    "coefficients", [np.zeros((2, 3, 4)), np.zeros((4, 4)), np.full((2, 4, 4), np.nan)]
)
def test_what_is_no_stacking_is_refused(coefficients):
    with pytest.raises(ValueError, match="stacking"):
        Stacking.of(coefficients, np.zeros(4))
