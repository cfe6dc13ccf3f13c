"""The search finds weights whose best value is known."""

import numpy as np
import pytest
from scipy.optimize import minimize, minimize_scalar

from ser_core.core import ParameterError
from ser_core.ensemble import convex_weights
from ser_core.ensemble.member_predictions import MemberPredictions
from ser_core.ensemble.options import Options
from ser_core.ensemble.search import Problem, fit, search, tempered
from ser_core.ensemble.weight_stability import stability
from ser_core.evaluation import apply_temperature, fit_temperature, metrics
from ser_core.models.pooling import Pool
from tests.ensemble.tables import drawn, sure, table

FEW = {"trials": 30}


def three(rows=300):
    return MemberPredictions.of(
        {f"m{i}": drawn(1.0 + 0.3 * i, seed=i, rows=rows) for i in range(3)}
    )


@pytest.mark.parametrize("objective", ["nll", "uar", "wa"])
@pytest.mark.parametrize("pooling", ["linear", "log-linear"])
def test_a_perfect_member_gets_all_the_weight(objective, pooling):
    poor = drawn(0.3)
    true = poor.true
    stack = MemberPredictions.of(
        {"poor": poor, "perfect": table(true, sure(true)), "worse": drawn(0.1, 3)}
    )
    problem = Problem(stack, Options(objective=objective, pooling=pooling, **FEW))
    found = search(problem)
    share = found.weights / found.weights.sum()
    assert problem.loss(found.weights) < 0.002
    assert share[1] > 0.99 if pooling == "linear" else share.argmax() == 1


def test_identical_members_make_a_flat_objective_and_equal_weights():
    one = drawn(1.5)
    problem = Problem(MemberPredictions.of({"a": one, "b": one, "c": one}), Options(**FEW))
    found = search(problem, explain=True)
    assert np.ptp(found.losses) < 1e-9
    np.testing.assert_allclose(found.weights, 1 / 3)
    assert set(found.importances.values()) == {0.0}


@pytest.mark.parametrize("objective", ["nll", "uar", "wa"])
def test_it_is_never_worse_than_equal_weights_or_any_member_on_the_rows_of_the_fit(objective):
    problem = Problem(three(), Options(objective=objective, **FEW))
    found = search(problem)
    simple = [problem.loss(weights) for weights in (np.full(3, 1 / 3), *np.eye(3))]
    assert found.losses.min() <= min(simple) + 1e-12


def test_the_objectives_are_those_of_the_metrics():
    stack = three()
    weights = np.array([0.2, 0.3, 0.5])
    pooled = Pool.of("linear", weights)(stack.probabilities)
    true, answers = stack.rows.true, pooled.argmax(axis=1)
    told = {name: Problem(stack, Options(objective=name)).loss(weights) for name in ("uar", "wa")}
    assert told["uar"] == pytest.approx(1 - metrics.uar(true, answers))
    assert told["wa"] == pytest.approx(1 - metrics.wa(true, answers))
    best = tempered(Pool.of("linear", weights), stack)
    wanted = metrics.nll(true, best(stack.probabilities))
    assert Problem(stack, Options()).loss(weights) == pytest.approx(wanted, abs=1e-6)


def test_the_same_seed_gives_the_same_search():
    first, again = (search(Problem(three(), Options(**FEW))) for _ in range(2))
    np.testing.assert_array_equal(first.tried, again.tried)
    other = search(Problem(three(), Options(seed=1, **FEW)))
    assert not np.array_equal(first.tried, other.tried)


def test_mixture_weights_are_those_of_a_plain_optimiser():
    stack = three()
    of_true = stack.probabilities[:, np.arange(len(stack)), stack.rows.true]

    def loss(scores):
        weights = np.exp(scores) / np.exp(scores).sum()
        return -np.log(weights @ of_true).mean()

    slow = minimize(loss, np.zeros(3), method="Nelder-Mead", options={"xatol": 1e-6}).x
    wanted = np.exp(slow) / np.exp(slow).sum()
    np.testing.assert_allclose(
        convex_weights.linear_weights(stack.probabilities, stack.rows.true), wanted, atol=0.02
    )


def test_an_l1_penalty_silences_a_useless_member_and_spares_the_good_ones():
    rows = 300
    noise = table(drawn(1.0).true, 0.3 * np.random.default_rng(8).standard_normal((rows, 6)))
    stack = MemberPredictions.of({"good": drawn(1.2), "noise": noise, "fine": drawn(1.0, seed=4)})
    options = Options(pooling="log-linear", l1=0.02, **FEW)
    found = search(Problem(stack, options))
    assert found.weights[1] == 0
    assert found.weights[[0, 2]].min() > 0.3


def test_the_penalty_shrinks_weights_until_nothing_is_left():
    stack = three()
    sums = [
        convex_weights.log_linear_weights(stack.probabilities, stack.rows.true, l1).sum()
        for l1 in (0, 0.1, 1)
    ]
    assert sums[0] > sums[1] > sums[2]


def test_a_penalty_that_leaves_nobody_a_say_is_reported():
    useless = MemberPredictions.of({f"m{i}": drawn(0.1, seed=i) for i in range(2)})
    problem = Problem(useless, Options(pooling="log-linear", l1=1.0, **FEW))
    with pytest.raises(ParameterError, match="leaves no member any weight"):
        fit(problem, search(problem))


@pytest.mark.parametrize(
    "wrong", [{"pooling": "linear"}, {"pooling": "log-linear", "objective": "uar"}]
)
def test_a_penalty_that_means_nothing_is_refused(wrong):
    with pytest.raises(ParameterError, match="l1"):
        Options(l1=0.1, **wrong)


@pytest.mark.parametrize("planted", [0.4, 1.0, 2.5])
def test_the_temperature_recovers_a_planted_one(planted):
    calibrated = drawn(1.5, rows=4000)
    skewed = calibrated.with_probabilities(apply_temperature(calibrated.probabilities, 1 / planted))
    stack = MemberPredictions.of({"a": skewed, "b": skewed})
    pool = tempered(Pool("linear", (0.5, 0.5)), stack)
    assert pool.temperature == pytest.approx(planted, rel=0.08)


def test_newton_steps_find_what_the_slow_search_finds():
    stack = three()
    logs = np.log(stack.rows.probabilities)
    for power in (0.2, 1.0, 6.0):
        rows = stack.rows.with_probabilities(apply_temperature(stack.rows.probabilities, power))
        quick = convex_weights.best_temperature(logs / power, stack.rows.true)
        assert quick == pytest.approx(fit_temperature(rows), rel=2e-3)
    loss = lambda t: metrics.nll(stack.rows.true, apply_temperature(stack.rows.probabilities, t))  # noqa: E731
    slow = minimize_scalar(loss, bounds=(0.05, 20), method="bounded").x
    assert convex_weights.best_temperature(logs, stack.rows.true) == pytest.approx(slow, rel=1e-2)


def test_equal_weights_need_no_search():
    problem = Problem(three(), Options(weights="equal"))
    found = search(problem, explain=True)
    assert len(found.losses) == 1
    np.testing.assert_allclose(found.weights, 1 / 3)
    assert fit(problem, found).temperature != 1


def test_the_trials_are_kept_with_where_they_came_from():
    found = search(Problem(three(), Options(objective="uar", **FEW)))
    trials = found.table()
    assert list(trials["start"][:5]) == [
        "equal weights",
        "only m0",
        "only m1",
        "only m2",
        "least NLL",
    ]
    assert set(trials["start"][5:]) == {""}
    assert trials["best"].is_monotonic_increasing
    assert trials["best"].iloc[-1] == trials["value"].max()
    weights = trials[["weight m0", "weight m1", "weight m2"]].to_numpy()
    np.testing.assert_allclose(weights.sum(axis=1), 1)


@pytest.mark.parametrize("objective", ["nll", "uar"])
@pytest.mark.parametrize("by_speaker", [False, True])
def test_intervals_hold_the_weight_and_are_nil_where_clips_leave_no_doubt(objective, by_speaker):
    true = drawn(1.0, folds=6).true
    clear = MemberPredictions.of(
        {"perfect": table(true, sure(true), folds=6), "poor": drawn(0.2, seed=2, folds=6)}
    )
    problem = Problem(clear, Options(objective="nll", **FEW), by_speaker)
    rows = stability(problem, search(problem)).set_index("member")
    assert rows.loc["perfect", "low"] > 0.9
    open_ = Problem(
        MemberPredictions.of({f"m{i}": drawn(1.0, seed=i, folds=6) for i in range(2)}),
        Options(objective=objective, **FEW),
        by_speaker,
    )
    found = stability(open_, search(open_))
    assert (found["low"] <= found["weight"]).all()
    assert (found["weight"] <= found["high"]).all()
    assert (found["high"] - found["low"]).max() > 0.05
