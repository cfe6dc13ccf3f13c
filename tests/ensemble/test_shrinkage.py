"""Weights go no further from equal ones than the clips of the fit can justify."""

import numpy as np
import pytest

from ser_core.core import ParameterError
from ser_core.ensemble.member_predictions import MemberPredictions
from ser_core.ensemble.options import Options
from ser_core.ensemble.search import Problem, search
from ser_core.ensemble.shrinkage import SHARES, mixed, searched, shrinkage_weight
from ser_core.ensemble.weight_stability import stability
from tests.ensemble.tables import drawn, sure, table

SHRUNK = Options(weights="shrunk", trials=30)


def alike(rows):
    """Members of one skill whose best weights on a few clips are so by luck."""
    return MemberPredictions.of({f"m{i}": drawn(1.0, seed=i, rows=rows) for i in range(6)})


@pytest.mark.parametrize("objective", ["nll", "uar", "wa"])
def test_luck_does_not_move_weights_away_from_equal_ones(objective):
    options = Options(weights="shrunk", objective=objective, trials=30)
    problem = Problem(alike(60), options)
    assert shrinkage_weight(problem, search(problem)) < 0.5


def test_what_many_clips_say_is_believed():
    true = drawn(1.0).true
    stack = MemberPredictions.of(
        {"perfect": table(true, sure(true)), "poor": drawn(0.2), "too": drawn(0.1, 3)}
    )
    found = searched(Problem(stack, Options(weights="shrunk", objective="wa", trials=30)))
    assert found.share in SHARES
    good = MemberPredictions.of({"good": drawn(2.0, rows=2000), "poor": drawn(0.2, 5, rows=2000)})
    problem = Problem(good, SHRUNK)
    kept = searched(problem)
    assert kept.share > 0.5
    assert kept.weights[0] > 0.75


def test_a_share_lies_on_the_line_and_stays_on_the_simplex():
    problem = Problem(alike(60), SHRUNK)
    weights = np.array([1.0, 0, 0, 0, 0, 0])
    np.testing.assert_allclose(mixed(problem, weights, 0.0), 1 / 6)
    np.testing.assert_allclose(mixed(problem, weights, 1.0), weights)
    assert mixed(problem, weights, 0.25).sum() == pytest.approx(1)


def test_its_intervals_are_those_of_the_weights_in_use():
    problem = Problem(alike(60), SHRUNK)
    found = searched(problem)
    rows = stability(problem, found)
    np.testing.assert_allclose(rows["weight"], found.weights)
    plain = stability(problem, search(problem))
    assert (rows["high"] - rows["low"]).sum() < (plain["high"] - plain["low"]).sum()


def test_it_does_not_go_with_a_penalty():
    with pytest.raises(ParameterError, match="l1"):
        Options(weights="shrunk", pooling="log-linear", l1=0.1)
