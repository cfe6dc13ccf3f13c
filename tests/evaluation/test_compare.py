"""Two models are compared on the same clips, and only on these."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest, ttest_rel

from ser_core.core import EvaluationError
from ser_core.evaluation import (
    Predictions,
    compare,
    compare_all,
    holm,
    interval,
    mcnemar,
    metrics,
    on_common_clips,
)
from tests.evaluation.tables import answered, drawn


def worsened(found: Predictions, share: float, seed: int = 9) -> Predictions:
    """The same predictions with the probabilities of some clips turned round."""
    some = np.random.default_rng(seed).random(len(found)) < share
    turned = np.where(some[:, None], np.roll(found.probabilities, 1, axis=1), found.probabilities)
    return found.with_probabilities(turned)


def test_a_model_is_no_better_than_itself():
    found = drawn(200)
    for by_speaker in (False, True):
        same = compare(found, found, by_speaker=by_speaker)
        assert (same.difference, same.low, same.high, same.p, same.better) == (0, 0, 0, 1, None)
        assert same.mcnemar.p == 1


@pytest.mark.parametrize("by_speaker", [False, True])
def test_a_clear_difference_is_found_and_has_a_direction(by_speaker):
    good = drawn(900)
    bad = worsened(good, 0.3)
    found = compare(good, bad, by_speaker=by_speaker)
    back = compare(bad, good, by_speaker=by_speaker)
    assert found.better == "a"
    assert back.better == "b"
    assert found.difference == -back.difference
    assert found.p < 0.01
    assert compare(good, bad, "nll", by_speaker=by_speaker).better == "a"


def test_pairing_is_surer_than_the_two_figures():
    good = drawn(600)
    bad = worsened(good, 0.08)
    found, alone = compare(good, bad), interval(good)
    assert found.high - found.low < 0.7 * (alone.high - alone.low)


def test_the_paired_bootstrap_is_that_of_rows():
    """A slow reference: draw the clips once, score both models on them."""
    a, generator = drawn(150), np.random.default_rng(2)
    b = worsened(a, 0.2)
    draws = generator.integers(0, 150, (3000, 150))
    scores = [
        metrics.uar(a.true[rows], a.predicted[rows]) - metrics.uar(b.true[rows], b.predicted[rows])
        for rows in draws
    ]
    found = compare(a, b, resamples=3000)
    assert (found.low, found.high) == pytest.approx(np.quantile(scores, [0.025, 0.975]), abs=0.01)


def test_over_few_speakers_it_is_the_paired_t_test_of_their_figures():
    true = np.tile(["anger", "fear"], 120)
    speakers = np.repeat([f"s{n}" for n in range(6)], 40)
    generator = np.random.default_rng(3)
    a, b = (
        answered(true, np.where(generator.random(240) < skill, true, "neutral"), speakers=speakers)
        for skill in (0.8, 0.6)
    )
    own = [
        [interval(one.where(one.table["speaker"] == name)).value for name in sorted({*speakers})]
        for one in (a, b)
    ]
    theirs, ours = ttest_rel(*own), compare(a, b, by_speaker=True)
    assert ours.p == pytest.approx(theirs.pvalue)
    ends = theirs.confidence_interval()
    assert (ours.low, ours.high) == pytest.approx((ends.low, ends.high))


def test_false_alarms_are_as_rare_as_promised():
    """Pairs of equally good models: about one p-value in twenty is below 0.05."""
    alarms = []
    for seed in range(40):
        a, b = (worsened(drawn(150, seed=seed), 0.2, seed=1000 + 2 * seed + n) for n in (0, 1))
        alarms.append(compare(a, b, resamples=200).p < 0.05)
    assert 0.0 < np.mean(alarms) < 0.15


def test_mcnemar_worked_out_by_hand():
    true = ["anger"] * 12
    a = answered(true, ["anger"] * 9 + ["fear"] * 3)
    b = answered(true, ["anger"] + ["fear"] * 8 + ["anger", "fear", "fear"])
    found = mcnemar(a, b)
    assert (found.only_a, found.only_b) == (8, 1)
    assert found.p == pytest.approx(2 * (1 + 9) / 2**9) == binomtest(1, 9).pvalue


def test_the_order_of_the_rows_does_not_matter():
    a = drawn(100)
    b = worsened(a, 0.3)
    shuffled = Predictions(b.table.sample(frac=1, random_state=1))
    assert compare(a, b) == compare(a, shuffled)


def test_a_difference_that_never_varies_has_no_interval():
    a = answered(["anger"], ["anger"])
    b = answered(["anger"], ["fear"])
    b = Predictions(b.table.rename(columns={"p_fear": "p_neutral"}))
    found = compare(a, b)
    assert (found.difference, found.low, found.high, found.p, found.better) == (1, *[None] * 4)
    assert "All clips agree" in found.note


def test_seeds_are_paired_by_clip():
    a = Predictions.concat([Predictions(drawn(90).table.assign(seed=seed)) for seed in range(2)])
    found = compare(a, worsened(a, 0.2))
    assert found.units == 90
    assert found.mcnemar is None
    with pytest.raises(EvaluationError, match="equally many seeds"):
        compare(a, drawn(90))


def test_different_clips_are_refused():
    with pytest.raises(EvaluationError, match="10 are only in the first, 0 only in the second"):
        compare(drawn(60), drawn(60).where(np.arange(60) >= 10))
    other = drawn(60).table
    other.loc[7, "true"] = "anger" if other.loc[7, "true"] == "fear" else "fear"
    with pytest.raises(EvaluationError, match=r"clip 7\.wav: the runs disagree"):
        compare(drawn(60), Predictions(other))


def test_runs_of_different_splits_meet_on_their_common_clips():
    one, two = drawn(60), drawn(60).where(np.arange(60) >= 10)
    a, b = on_common_clips([one, two])
    assert len(a) == len(b) == 50
    assert compare(a, b).difference == 0
    with pytest.raises(EvaluationError, match="clips that all runs predicted"):
        on_common_clips([one.where(np.arange(60) < 10), two])


def test_holm_worked_out_by_hand():
    """The example of Holm's procedure: 0.01 x 4, 0.02 x 3, then never less."""
    np.testing.assert_allclose(holm([0.02, 0.01, 0.9, 0.04]), [0.06, 0.04, 0.9, 0.08])
    np.testing.assert_allclose(holm([0.6, 0.7]), [1, 1])


def test_several_runs_at_once():
    good = drawn(400)
    runs = {"good": good, "worse": worsened(good, 0.2), "worst": worsened(good, 0.5)}
    pairs = compare_all(runs)
    assert pairs[["first", "second"]].to_numpy().tolist() == [
        ["good", "worse"], ["good", "worst"], ["worse", "worst"],
    ]  # fmt: skip
    assert (pairs["p_holm"] >= pairs["p"]).all()
    np.testing.assert_allclose(pairs["p_holm"], holm(pairs["p"]))
    with_baseline = compare_all(runs, baseline="good")
    assert with_baseline["second"].tolist() == ["good", "good"]
    assert (with_baseline["difference"] < 0).all()
    with pytest.raises(EvaluationError, match="nothing to compare"):
        compare_all({"good": good})
    with pytest.raises(EvaluationError, match="best"):
        compare_all(runs, baseline="best")


def test_pairs_are_a_table_that_can_be_saved(tmp_path):
    good = drawn(100)
    pairs = compare_all({"a": good, "b": worsened(good, 0.2)})
    pairs.to_csv(tmp_path / "pairs.csv")
    assert isinstance(pairs, pd.DataFrame)
    assert not pairs.isna().any(axis=None)
