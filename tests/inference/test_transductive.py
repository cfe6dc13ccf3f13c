from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from ser_core.core import EvaluationError, ModelError
from ser_core.evaluation import Predictions
from ser_core.inference import transductive
from ser_core.inference.transductive import LEAST_CLIPS, adapt, cross_fitted, fit_prior, log_ratios

CLASSES = ("anger", "sadness", "neutral")


def voices(shares=(1, 1, 1), *, clips=120, shift=2.0, number=8, seed=0):
    """Predictions of a model that each voice shifts by its own amount, whatever the emotion."""
    draw = np.random.default_rng(seed)
    tables = []
    for voice in range(number):
        true = draw.choice(3, clips, p=np.array(shares) / sum(shares))
        logits = draw.normal(size=(clips, 3)) + 4 * np.eye(3)[true] + shift * draw.normal(size=3)
        raised = np.exp(logits)
        about = pd.DataFrame(
            {"emotion": np.array(CLASSES)[true], "speaker": f"s{voice}"},
            index=[f"{voice}-{clip}.wav" for clip in range(clips)],
        )
        tables.append(Predictions.of(about, raised / raised.sum(1, keepdims=True), CLASSES))
    return Predictions.concat(tables)


def accuracy(predictions):
    return (predictions.predicted == predictions.true).mean()


def test_log_ratios_keep_distances_and_forget_what_all_have_in_common():
    logits = np.random.default_rng(0).normal(size=(2, 6))
    softmax = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    centred = logits - logits.mean(1, keepdims=True)
    one, two = log_ratios(softmax)
    assert_allclose(np.linalg.norm(one - two), np.linalg.norm(centred[0] - centred[1]))
    assert log_ratios(softmax).shape == (2, 5)


def test_the_shift_of_a_voice_is_found_without_its_labels():
    before = voices()
    assert accuracy(cross_fitted(before)) > 0.95 > accuracy(before) + 0.1


def test_emotions_need_not_be_equally_frequent():
    before = voices((8, 1, 1), clips=300)
    assert accuracy(cross_fitted(before)) > accuracy(before) + 0.05


def test_voices_that_lack_an_emotion_lose_nothing_on_the_whole():
    prior = fit_prior(voices())
    lacking = [voices((1, 1, 0), number=1, seed=seed) for seed in range(5, 11)]
    adapted = [each.with_probabilities(adapt(each.probabilities, prior)) for each in lacking]
    assert np.mean([accuracy(a) for a in adapted]) > np.mean([accuracy(b) for b in lacking])


def test_labels_of_a_voice_have_no_part_in_what_it_is_given():
    before = voices()
    own = before.table["speaker"] == "s0"
    swapped = before.table.assign(true=before.table["true"].where(~own, "anger"))
    changed = cross_fitted(Predictions(swapped))
    assert_array_equal(cross_fitted(before).probabilities[own], changed.probabilities[own])


def test_few_clips_are_left_as_they_are():
    every = voices()
    prior, few = fit_prior(every), every.probabilities[: LEAST_CLIPS - 1]
    assert adapt(few, prior) is few
    assert not np.allclose(adapt(every.probabilities[:LEAST_CLIPS], prior)[:-1], few)


def test_the_order_of_the_clips_does_not_matter():
    every = voices()
    prior, own = fit_prior(every), every.probabilities[:120]
    assert_allclose(adapt(own[::-1], prior), adapt(own, prior)[::-1])


def test_a_prior_outlives_json():
    prior = fit_prior(voices())
    again = transductive.VoicePrior.from_dict(json.loads(json.dumps(prior.as_dict())))
    own = voices(number=1, seed=3).probabilities
    assert_array_equal(adapt(own, again), adapt(own, prior))


@pytest.mark.parametrize("wrong", [{}, {"classes": ["anger"], "means": 3}])
def test_what_is_no_prior_is_refused(wrong):
    with pytest.raises(ModelError, match="no prior of voices"):
        transductive.VoicePrior.from_dict(wrong)


def test_a_prior_of_other_emotions_is_refused():
    with pytest.raises(ModelError, match="has 3 emotions, the predictions 4"):
        adapt(np.full((60, 4), 0.25), fit_prior(voices()))


def test_too_few_voices_and_nameless_ones_are_refused():
    with pytest.raises(EvaluationError, match="fewer than two voices"):
        cross_fitted(voices(number=2))
    with pytest.raises(EvaluationError, match="names its speaker"):
        cross_fitted(Predictions(voices().table.assign(speaker=None)))


def test_absurdly_sure_predictions_give_finite_ones():
    sure = voices()
    extreme = np.eye(3)[sure.predicted]
    adapted = cross_fitted(sure.with_probabilities(extreme))
    assert np.isfinite(adapted.probabilities).all()
