"""Filling the store in batches: what a clip gives alone, in batches of near-equal length."""

from __future__ import annotations

import numpy as np
import pytest

from ser_core.audio import Waveform, load, sha256
from ser_core.core import demo_corpus
from ser_core.corpora import open_corpus
from ser_core.features import extraction
from ser_core.features.extraction import feature_values, store_key
from ser_core.features.filling import batches, fill
from ser_core.features.representations import make, represent
from ser_core.recipes.recipe import parse
from ser_core.storage.feature_store import FeatureStore
from ser_core.training import sources
from ser_core.training.sources import prepare

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


def test_one_entry_of_the_store_serves_every_choice_of_layers(make_encoder, monkeypatch):
    folder = str(make_encoder("whisper"))
    every = make("encoder", encoder=folder, first=0)
    (_, sound), *_ = items(every, 0.5)
    store = FeatureStore()
    reference = feature_values(sound, every, store)
    monkeypatch.setattr(extraction, "represent", None)  # nothing is computed any more
    for first, last in ((0, 0), (1, 2), (2, 2), (0, 1)):
        some = make("encoder", encoder=folder, first=first, last=last)
        assert some.hash != every.hash
        found = feature_values(sound, some, store)
        np.testing.assert_array_equal(found, reference[first : last + 1])
        alone = represent(sound, [some])[0]
        np.testing.assert_allclose(found, alone, atol=2e-5, rtol=1e-4)
    assert store.size().entries == 1


def test_extraction_computes_what_two_choices_of_layers_share_once(make_encoder, demo_clip):
    folder = str(make_encoder("whisper"))
    reps = [make("encoder", encoder=folder, last=last) for last in (1, 2)]
    store = FeatureStore()
    (result,) = extraction.extract({"one": demo_clip}, reps, store=store)
    assert (result.computed, store.size().entries) == (2, 1)
    sound = load(demo_clip)
    for rep in reps:
        alone = represent(sound, [rep])[0]
        np.testing.assert_allclose(feature_values(sound, rep, store), alone, atol=1e-4)


def test_training_on_other_layers_computes_nothing_again(make_encoder, monkeypatch):
    folder, corpus = str(make_encoder("whisper")), open_corpus(demo_corpus())

    def prepared(**layers):
        content = {
            "corpus": str(demo_corpus()),
            "representation": {"name": "encoder", "encoder": folder, **layers},
            "network": {"name": "logistic"},
        }
        return prepare(corpus, parse(content))

    every = prepared(first=0).data.source
    missing = []
    monkeypatch.setattr(sources, "fill", lambda *given, **_options: missing.append(given[2]))
    second = prepared(first=2, last=2).data.source
    for clip in (0, 50):
        np.testing.assert_array_equal(second.whole(clip), every.whole(clip)[2:3])
    assert missing == [[]]
