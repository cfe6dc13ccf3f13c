from __future__ import annotations

import numpy as np
import pytest

from ser_core.core.errors import ModelError
from ser_core.inference.cached_features import UncachedFeatures, cache_features


@pytest.mark.parametrize("voice", [None, [0], [1, 3, 4]])
def test_what_was_heard_once_is_answered_as_if_heard_anew(make_bundle, sounds, voice):
    bundle, rows = make_bundle(), np.array([2, 5, 0])
    told = None if voice is None else np.array(voice)
    fast = cache_features(bundle, sounds).predict(rows, told)
    slow = UncachedFeatures(bundle, sounds).predict(rows, told)
    np.testing.assert_allclose(fast, slow, atol=1e-5)


def test_a_voice_changes_the_answer(make_bundle, sounds):
    heard, every = cache_features(make_bundle(), sounds), np.arange(6)
    assert np.abs(heard.predict(every) - heard.predict(every, every)).max() > 0.01


def test_a_model_that_makes_no_use_of_a_voice_says_so(make_bundle, sounds):
    heard = cache_features(make_bundle("clip"), sounds)
    with pytest.raises(ModelError, match="no use of a known voice"):
        heard.predict(np.array([1]), np.array([0]))
