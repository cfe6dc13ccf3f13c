"""One clip under attack: sound and feature map are those that were classified."""

from __future__ import annotations

import numpy as np
import pytest

from ser_core.core import ParameterError
from ser_core.robustness.single_clip import CLEAN, RESYNTHESISED, SEEN, attacked

from .conftest import made


def test_an_attack_on_the_sound_is_a_sound_at_its_snr(bundle, subset):
    clip = subset.rows([0])
    found = attacked(bundle, clip, "fgsm", "sound", 30.0)
    assert set(found.answers) == {CLEAN, RESYNTHESISED}
    # Signs of a gradient are all of one size, so the ratio is met but for rounding to 16 bits.
    assert found.snr == pytest.approx(30, abs=0.5)
    np.testing.assert_allclose(
        found.clean.samples + found.difference.samples, found.sound.samples, atol=1e-7
    )
    heard = bundle.predict([found.sound])[0]
    np.testing.assert_allclose(list(found.answers[RESYNTHESISED].values()), heard, atol=1e-6)


def test_an_attack_on_the_feature_map_stays_within_epsilon_and_is_heard_too(bundle, subset):
    found = attacked(bundle, subset.rows([0]), "pgd", "representation", 2.0)
    assert set(found.answers) == {CLEAN, SEEN, RESYNTHESISED}
    assert np.abs(found.after - found.before).max() <= 2.0 + 1e-5
    assert found.before.shape == found.after.shape
    assert len(found.sound.samples) == len(found.clean.samples)
    for answer in found.answers.values():
        assert sum(answer.values()) == pytest.approx(1)


def test_a_feature_map_that_no_sound_follows_from_is_seen_only(subset):
    found = attacked(made("chroma"), subset.rows([0]), "fgsm", "representation", 0.1)
    assert found.sound is None
    assert found.difference is None
    assert set(found.answers) == {CLEAN, SEEN}


def test_several_clips_are_refused(bundle, subset):
    with pytest.raises(ParameterError, match="12 clips"):
        attacked(bundle, subset, "fgsm", "sound", 30.0)
