"""Stacking learns what weights cannot say, and no more than the clips of the fit support."""

import numpy as np
import pytest
from scipy.optimize import check_grad
from sklearn.linear_model import LogisticRegression

from ser_core.core import ParameterError
from ser_core.ensemble.crossfit import POOLED, crossfit
from ser_core.ensemble.fitting import fitted, weight_intervals
from ser_core.ensemble.member_predictions import MemberPredictions
from ser_core.ensemble.options import Options
from ser_core.ensemble.search import EQUAL, Problem
from ser_core.ensemble.stacking import PENALTIES, fitted_coefficients, stacked
from ser_core.models.pooling import Pool, centred, logs
from tests.ensemble.tables import both_parts, drawn, sure, table

STACKED = Options(pooling="stacking")


def exchanged(rows=1200, part="validation", seed=0):
    """A member that says anger for fear and fear for anger, and one that knows little."""
    true = drawn(1.0, rows=rows, part=part, true_seed=seed).true
    told = np.select([true == 0, true == 1], [1, 0], true)
    return MemberPredictions.of(
        {
            "exchanges": table(true, sure(told, confidence=0.9), folds=3, part=part),
            "poor": table(true, drawn(0.3, 5, rows).probabilities, folds=3, part=part),
        }
    )


def test_classes_that_a_member_exchanges_are_put_right():
    pool, _ = fitted(Problem(exchanged(), STACKED))
    fresh = exchanged(seed=1)
    assert (pool(fresh.probabilities).argmax(axis=1) == fresh.rows.true).mean() > 0.99
    linear, _ = fitted(Problem(exchanged(), Options(trials=20)))
    assert (linear(fresh.probabilities).argmax(axis=1) == fresh.rows.true).mean() < 0.8


def test_a_strong_penalty_gives_the_log_linear_pool():
    stack = exchanged(60)
    rows, base = np.full(60, 1 / 60), np.array([0.3, 0.6])
    given = centred(logs(stack.probabilities))
    found = fitted_coefficients(given, stack.rows.true, rows, base, penalty=1e9)
    pool = Pool("stacking", found.shares, stacking=found)
    plain = Pool("log-linear", (0.3, 0.6))
    np.testing.assert_allclose(pool(stack.probabilities), plain(stack.probabilities), atol=1e-6)


@pytest.mark.parametrize(("rows", "margin"), [(90, 0.12), (900, 0.05)])
def test_members_that_are_too_sure_are_calibrated(rows, margin):
    def members(seed):
        return MemberPredictions.of(
            {
                f"m{i}": drawn(1.5, seed=i + seed, rows=rows, sharpness=4.0, true_seed=seed)
                for i in range(2)
            }
        )

    pool, _ = fitted(Problem(members(0), STACKED))
    fresh = members(50)
    answers = pool(fresh.probabilities)
    sure = answers.max(axis=1).mean()
    right = (answers.argmax(axis=1) == fresh.rows.true).mean()
    assert sure == pytest.approx(right, abs=margin)
    assert fresh.probabilities[0].max(axis=1).mean() > right + 0.1


def test_without_penalty_it_is_logistic_regression():
    stack = MemberPredictions.of({f"m{i}": drawn(0.7, seed=i, rows=900) for i in range(2)})
    true, rows = stack.rows.true, np.full(900, 1 / 900)
    given = centred(logs(stack.probabilities))
    found = fitted_coefficients(given, true, rows, np.full(2, 0.5), penalty=1e-9)
    features = given.transpose(1, 0, 2).reshape(900, -1)
    library = LogisticRegression(C=1e9, max_iter=5000, tol=1e-10).fit(features, true)
    scores = found(stack.probabilities)
    ours = np.exp(scores - scores.max(axis=1, keepdims=True))
    np.testing.assert_allclose(
        ours / ours.sum(axis=1, keepdims=True), library.predict_proba(features), atol=2e-3
    )


@pytest.mark.parametrize("objective", ["nll", "uar", "wa"])
def test_few_clips_let_no_member_of_several_alike_rule(objective):
    stack = MemberPredictions.of({f"m{i}": drawn(1.0, seed=i, rows=60) for i in range(4)})
    _, found = stacked(Problem(stack, Options(pooling="stacking", objective=objective)))
    assert found.weights.max() < 0.5


def test_every_penalty_is_a_trial_and_is_watched():
    seen = []
    problem = Problem(exchanged(240), STACKED)
    _, found = fitted(problem, watch=lambda number, loss, shares: seen.append((number, loss)))
    assert [number for number, _ in seen] == list(range(len(PENALTIES)))
    assert len(found.table()) == len(PENALTIES)
    np.testing.assert_allclose(found.tried.sum(axis=1), 1)


def test_intervals_hold_the_shares():
    problem = Problem(exchanged(240), STACKED)
    _, found = fitted(problem)
    rows = weight_intervals(problem, found, seed=0)
    assert (rows["low"] <= rows["weight"]).all()
    assert (rows["weight"] <= rows["high"]).all()
    assert (rows["high"] - rows["low"]).max() > 0


def test_out_of_fold_coefficients_never_see_their_own_fold():
    honest = exchanged(240, part="test")
    first = (honest.column("fold") == 0)[None, :, None]
    spoilt = np.where(first, honest.probabilities[..., ::-1], honest.probabilities)
    other = MemberPredictions(honest.names, honest.rows, spoilt)
    own, theirs = (
        crossfit(stack, STACKED, "out-of-fold", by_speaker=True, only=(POOLED, EQUAL))
        for stack in (honest, other)
    )
    assert own.pools[POOLED][0] == theirs.pools[POOLED][0]
    assert own.pools[POOLED][1] != theirs.pools[POOLED][1]
    assert own.pools[EQUAL][0].kind == "linear"


def test_a_class_that_the_clips_of_the_fit_lack_is_still_predicted():
    full = MemberPredictions.of({f"m{i}": both_parts(2.0, seed=i) for i in range(2)})
    lacking = full.where(full.rows.true != 3)
    pool, _ = fitted(Problem(lacking, STACKED))
    theirs = full.where(full.rows.true == 3)
    assert (pool(theirs.probabilities).argmax(axis=1) == 3).mean() > 0.5


def test_the_slope_is_that_of_the_loss(monkeypatch):
    given = centred(logs(exchanged(40).probabilities))
    true = exchanged(40).rows.true

    def checked(loss, start, **_):
        point = np.random.default_rng(0).standard_normal(len(start))
        error = check_grad(lambda x: loss(x)[0], lambda x: loss(x)[1], point)
        assert error < 1e-4
        raise StopIteration

    monkeypatch.setattr("scipy.optimize.minimize", checked)
    with pytest.raises(StopIteration):
        fitted_coefficients(given, true, np.full(40, 1 / 40), np.full(2, 0.5), 0.1)


def test_it_has_a_penalty_of_its_own():
    with pytest.raises(ParameterError, match="weights"):
        Options(pooling="stacking", weights="shrunk")
