"""Runs are compared on what they have in common, and the outcome is told in words."""

import numpy as np

from ser_core.evaluation import Predictions
from ser_core.evaluation.example import example
from ser_core.evaluation.ranking import pooled, ranking


def worse(predictions, share=0.4):
    """The same answers, a share of which is turned into another emotion's."""
    values = predictions.probabilities.copy()
    turned = np.random.default_rng(0).random(len(values)) < share
    values[turned] = np.roll(values[turned], 1, axis=1)
    return predictions.with_probabilities(values)


def test_the_better_one_is_named_first():
    good = example()
    for runs in ({"good": good, "bad": worse(good)}, {"bad": worse(good), "good": good}):
        (said,) = ranking(runs).sentences
        assert said.startswith("good has a better UAR than bad, by 0.")


def test_of_a_figure_that_should_be_low_the_lower_is_better():
    good = example()
    (said,) = ranking({"bad": worse(good), "good": good}, "nll").sentences
    assert said.startswith("good has a better NLL")


def test_different_clips_are_reported_and_the_common_ones_compared():
    whole = example()
    half = whole.where(np.arange(len(whole)) % 2 == 0)
    found = ranking({"whole": whole, "half": half})
    assert found.clips == half.table["clip"].nunique()
    assert "different clips" in found.note
    assert found.sentences == ("whole and half cannot be told apart in UAR: they score the same.",)


def test_what_rests_on_one_speaker_is_reported():
    good = example()
    assert "speaker" not in ranking({"one": good, "same": good}).note
    alone = good.where((good.table["speaker"] == good.table["speaker"].iloc[0]).to_numpy())
    assert "All clips are of one speaker" in ranking({"one": alone, "same": alone}).note


def test_several_seeds_are_pooled_to_one_prediction_a_clip():
    once = example()
    twice = Predictions.concat([once, Predictions(once.table.assign(seed=7))])
    np.testing.assert_allclose(
        pooled(twice).table.set_index("clip").loc[once.table["clip"], "p_anger"],
        once.table["p_anger"],
    )
    found = ranking({"once": once, "twice": twice})
    assert "mean prediction" in found.note
    assert found.sentences == ("once and twice cannot be told apart in UAR: they score the same.",)
