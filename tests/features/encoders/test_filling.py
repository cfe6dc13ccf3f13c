"""Filling the store in batches: what a clip gives alone, in batches of near-equal length."""

from __future__ import annotations

import numpy as np
import pytest

from ser_core.audio import Waveform, sha256
from ser_core.features.extraction import store_key
from ser_core.features.filling import batches, fill
from ser_core.features.representations import make, represent
from ser_core.storage.feature_store import FeatureStore

from .conftest import KINDS


def items(rep, *seconds):
    draw = np.random.default_rng(0)
    sounds = [
        Waveform((0.1 * draw.standard_normal(int(16_000 * each))).astype(np.float32), 16_000)
        for each in seconds
    ]
    return [(store_key(sha256(sound), rep, "float32"), sound) for sound in sounds]


@pytest.mark.parametrize("kind", KINDS)
def test_the_store_holds_what_each_clip_gives_alone(make_encoder, tmp_path, kind):
    rep = make("encoder", encoder=str(make_encoder(kind)), first=0)
    sounds, store, told = items(rep, 0.3, 0.5, 0.31, 0.9), FeatureStore(tmp_path), []
    fill(store, rep, sounds, on_stored=told.append)
    assert told == [4]
    for key, sound in sounds:
        alone = represent(sound, [rep])[0]
        np.testing.assert_allclose(store.get(key), alone, atol=2e-5, rtol=1e-4)


def test_each_clip_keeps_its_own_frames_in_a_batch(tmp_path, monkeypatch):
    rep = make("melspectrogram")
    monkeypatch.setattr(type(rep), "in_batches", True)
    sounds, store, told = items(rep, 0.3, 0.5), FeatureStore(tmp_path), []
    fill(store, rep, sounds, on_stored=told.append)
    assert told == [2]
    for key, sound in sounds:
        alone = represent(sound, [rep])[0]
        assert store.get(key).shape == alone.shape
        np.testing.assert_allclose(store.get(key), alone, atol=1e-3)


def test_batches_are_of_near_equal_length_and_bounded(make_encoder):
    rep = make("encoder", encoder=str(make_encoder("whisper")))
    lengths = (1.0, 4.0, 1.1, 3.9, 0.9, 12.0)
    sounds = items(rep, *lengths)
    found = [[item[1].duration for item in batch] for batch in batches(sounds, seconds=8.0)]
    assert found == [[12.0], [4.0, 3.9], [1.1, 1.0, 0.9]]
