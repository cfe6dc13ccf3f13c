from __future__ import annotations

import numpy as np
import pytest

from ser_core.core import ModelError
from ser_core.inference.cached_features import UncachedFeatures, cache_features


@pytest.mark.parametrize("voice", [None, [0], [1, 3, 4]])
def test_cached_features_give_the_predictions_of_uncached_ones(make_bundle, sounds, voice):
    bundle, rows = make_bundle(), np.array([2, 5, 0])
    speaker = None if voice is None else np.array(voice)
    fast = cache_features(bundle, sounds).predict(rows, speaker)
    slow = UncachedFeatures(bundle, sounds).predict(rows, speaker)
    np.testing.assert_allclose(fast, slow, atol=1e-5)


def test_a_speaker_changes_the_prediction(make_bundle, sounds):
    cached, every = cache_features(make_bundle(), sounds), np.arange(6)
    assert np.abs(cached.predict(every) - cached.predict(every, every)).max() > 0.01


def test_a_model_that_cannot_enrol_says_so(make_bundle, sounds):
    cached = cache_features(make_bundle("clip"), sounds)
    with pytest.raises(ModelError, match="does not use enrolment"):
        cached.predict(np.array([1]), np.array([0]))
