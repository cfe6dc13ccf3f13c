"""A shortcut leaves one thing of a clip; a probe measures what embeddings encode."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from ser_core.core import ModelError
from ser_core.evaluation import Interval
from ser_core.models.abilities import of_file
from ser_core.robustness.probes import ASKED, embeddings, probe, probes
from ser_core.robustness.shortcuts import (
    SHORTCUTS,
    ShortcutScore,
    reduced_to,
    shortcut_scores,
    speech,
)

from .conftest import made_linear


def of(subset, name):
    return [sound.samples for sound in reduced_to(subset, name)]


def rms(x):
    return float(np.sqrt(np.mean(np.square(x, dtype=np.float64))))


def test_duration_alone_differs_in_length_and_in_nothing_else(subset):
    left = of(subset, "duration")
    assert [len(x) for x in left] == [len(sound.samples) for sound in subset.sounds]
    shortest = min(map(len, left))
    for x in left:
        np.testing.assert_array_equal(x[:shortest], left[0][:shortest])


def test_loudness_alone_differs_in_level_and_in_nothing_else(subset):
    left = of(subset, "loudness")
    assert len({len(x) for x in left}) == 1
    for x, sound in zip(left, subset.sounds, strict=True):
        assert rms(x) == pytest.approx(rms(sound.samples), rel=0.02)
        np.testing.assert_allclose(x / rms(x), left[0] / rms(left[0]), atol=1e-4)


def test_padding_alone_is_silence_as_long_as_the_clip(subset):
    for x, sound in zip(of(subset, "padding"), subset.sounds, strict=True):
        assert len(x) == len(sound.samples)
        assert not x.any()


def test_around_the_speech_nothing_of_the_speech_is_left(subset):
    for x, sound in zip(of(subset, "pauses"), subset.sounds, strict=True):
        start, end = speech(sound.samples, sound.sample_rate)
        assert not x[start:end].any()
        np.testing.assert_array_equal(x[:start], sound.samples[:start])
        np.testing.assert_array_equal(x[end:], sound.samples[end:])


def test_edges_are_a_tenth_of_a_second(subset):
    for name in ("beginning", "end"):
        assert {len(x) for x in of(subset, name)} == {1600}
    np.testing.assert_array_equal(of(subset, "end")[0], subset.sounds[0].samples[-1600:])


def test_every_shortcut_is_scored_against_chance(bundle, subset):
    found = shortcut_scores(bundle, subset)
    assert [each.name for each in found] == list(SHORTCUTS)
    assert {each.chance for each in found} == {1 / 6}
    assert all(str(each.uar) in each.sentence for each in found)


def test_a_model_that_hears_only_duration_is_reported_so(subset):
    """Emotions are dealt by length, and the model predicts by length."""

    class ByLength:
        classes = ("anger", "neutral")

        def predict(self, waveforms, speaker=None):
            long = np.array([len(w.samples) > middle for w in waveforms], float)
            return np.stack([long, 1 - long], axis=1)

    lengths = np.array([len(sound.samples) for sound in subset.sounds])
    middle = float(np.median(lengths))
    emotion = np.where(lengths > middle, "anger", "neutral")
    own = type(subset)(subset.clips.assign(emotion=emotion), subset.sounds, "all")
    found = {each.name: each for each in shortcut_scores(ByLength(), own)}
    assert found["duration"].leans
    assert found["padding"].leans
    assert not found["loudness"].leans
    assert "relies on it" in found["duration"].sentence


def test_an_interval_that_reaches_chance_is_no_leaning():
    assert not ShortcutScore("x", "X", "", Interval("uar", 0.3, 0.1, 0.5), None, 0.2).leans
    assert not ShortcutScore("x", "X", "", Interval("uar", 0.3, None, None), None, 0.2).leans


def test_embeddings_are_those_of_the_network_clip_by_clip(bundle, subset):
    vectors = embeddings(bundle, subset)
    assert vectors.shape == (12, 32)
    alone = embeddings(bundle, subset.rows([5]))
    np.testing.assert_allclose(alone[0], vectors[5], atol=1e-4)


def test_the_embedding_of_a_linear_model_is_what_it_sees(subset):
    vectors = embeddings(made_linear(), subset.rows([0, 1]))
    assert vectors.shape[0] == 2
    assert np.isfinite(vectors).all()


def test_a_probe_finds_what_is_there_and_nothing_where_nothing_is():
    draw = np.random.default_rng(0)
    speaker = pd.Series(np.repeat(["a", "b", "c"], 40))
    sentence = pd.Series(np.tile(np.arange(10).astype(str), 12))
    nothing = draw.standard_normal((120, 8)).astype(np.float32)
    told = probe(nothing + 4 * pd.get_dummies(speaker).to_numpy(float) @ np.eye(3, 8),
                 speaker, sentence, "speaker", "sentence")  # fmt: skip
    assert told.tells
    assert told.value > 0.95
    assert told.chance == pytest.approx(1 / 3)
    blind = probe(nothing, speaker, sentence, "speaker", "sentence")
    assert not blind.tells
    assert "not significant" in blind.sentence


def test_an_embedding_of_the_sentence_alone_does_not_pass_for_the_speaker():
    """Each speaker says sentences of their own, so what is asked must be of new ones."""
    speaker = pd.Series(np.repeat(["a", "b"], 60))
    sentence = pd.Series([f"{s}{n}" for s in "ab" for n in range(6) for _ in range(10)])
    vectors = pd.get_dummies(sentence).to_numpy(np.float32)
    assert not probe(vectors, speaker, sentence, "speaker", "sentence").tells


def test_what_cannot_be_probed_is_said(bundle, subset):
    found = {each.asked: each for each in probes(bundle, subset)}
    assert set(found) == set(ASKED)
    unnamed = pd.Series([pd.NA] * 12, dtype="string")
    told = probe(np.zeros((12, 2), np.float32), unnamed, unnamed, "speaker", "sentence")
    assert "does not name its speakers" in told.sentence
    with pytest.raises(ModelError, match="no network"):
        embeddings(SimpleNamespace(about={}, lacks=of_file()), subset)
