"""Whether a clip sounds like the taught voice: known answers, and how often they are wrong."""

from __future__ import annotations

import json
import os

import numpy as np
import pytest
import torch

from ser_core.audio import SAMPLE_RATE, Waveform, load
from ser_core.corpora import open_corpus
from ser_core.features.mel import log_mel
from ser_core.features.representations import MelSpectrogram
from ser_core.inference import plda, speaker_verification
from ser_core.inference.speaker_verification import (
    BANDS,
    COEFFICIENTS,
    HOP,
    N_FFT,
    Plda,
    mean_cepstra,
    mean_cepstrum,
    mismatched,
)


@pytest.fixture(scope="module")
def heard(demo):
    """Timbres of the bundled clips, and their rows."""
    return plda.corpus_cepstra(demo)


def test_level_and_pauses_do_not_change_a_timbre(sounds):
    wave = sounds[0]
    quiet = Waveform(0.1 * wave.samples, wave.sample_rate)
    paused = Waveform(np.pad(wave.samples, (8_000, 16_000)), wave.sample_rate)
    assert mean_cepstrum(wave).shape == (COEFFICIENTS,)
    np.testing.assert_allclose(mean_cepstrum(quiet), mean_cepstrum(wave), atol=0.1)
    np.testing.assert_allclose(mean_cepstrum(paused), mean_cepstrum(wave), atol=0.5)


def test_the_spectrogram_is_that_of_the_representation(sounds):
    for wave in sounds[:3]:
        expected = MelSpectrogram()(torch.from_numpy(wave.samples)[None])[0, 0].numpy()
        samples = wave.samples.astype(np.float64)
        own = log_mel(samples, SAMPLE_RATE, N_FFT, HOP, BANDS)
        assert own.shape == expected.shape
        np.testing.assert_allclose(own, expected, atol=0.02)


def test_odds_follow_the_distance_to_the_enrolled_speaker():
    measure = Plda(np.zeros(2), np.eye(2), 9 * np.eye(2))
    enrolled = np.array([[3.0, 0.0], [3.0, 0.0], [3.0, 0.0]])
    odds = measure.odds(enrolled, np.array([[3.0, 0.0], [0.0, 0.0], [-3.0, 0.0]]))
    assert odds[0] > 0 > odds[1] > odds[2]
    # Mean of the voice 3 * 27/28 with variance 9/28, against a stranger's of 10.
    own, other = 9 / 28 + 1, 10.0
    by_hand = np.log(other / own) - 0.5 * ((3 / 28) ** 2 / own - 9 / other)
    assert odds[0] == pytest.approx(by_hand)


def test_more_clips_than_are_counted_only_sharpen_the_mean():
    measure = Plda(np.zeros(1), np.eye(1), np.eye(1))
    few, many = np.full((speaker_verification.COUNTED, 1), 1.0), np.full((30, 1), 1.0)
    clip = np.array([[0.3]])
    assert measure.odds(few, clip) == pytest.approx(measure.odds(many, clip))


def test_a_speaker_sounds_like_itself_and_not_like_a_far_one(demo, sounds):
    men = demo.usable.index[demo.usable["speaker"] == "KS0"][:3]
    others = [load(demo.path(clip)) for clip in men]
    enrolled = mean_cepstra(sounds[:3])
    assert not mismatched(enrolled, sounds[3:]).any()
    assert mismatched(enrolled, others).all()
    assert mismatched(enrolled, []).shape == (0,)


def test_a_yardstick_is_covariances_that_can_be_inverted(heard):
    found = plda.fitted(heard[0], heard[1]["speaker"].to_numpy(str))
    for each in (found, speaker_verification.plda()):
        assert each.centre.shape == (COEFFICIENTS,)
        for covariance in (each.within, each.between):
            np.testing.assert_allclose(covariance, covariance.T, atol=1e-6)
            assert np.linalg.eigvalsh(covariance).min() > 0


def test_rates_are_of_speakers_that_the_plda_was_not_fitted_on(heard, monkeypatch):
    made_of = []
    fitted = plda.fitted

    def spy(timbres, speakers):
        made_of.append(set(speakers))
        return fitted(timbres, speakers)

    monkeypatch.setattr(plda, "fitted", spy)
    monkeypatch.setattr(plda, "TRIALS", 2)
    found = plda.rates(*heard, enrolled=2)
    assert {len(names) for names in made_of} == {7}
    assert 0 <= found.alarms <= found.worst < 0.5 < found.caught <= 1
    assert "2 enrolled" in str(found)


def test_the_file_says_what_it_was_measured_on(heard, demo):
    found = plda.fitted(heard[0], heard[1]["speaker"].to_numpy(str))
    kept = json.loads(plda.written(found, demo))
    assert (kept["clips"], kept["voices"]) == (53, 9)
    np.testing.assert_allclose(kept["within"], found.within, atol=1e-3)


@pytest.mark.corpus
def test_the_published_rates_hold(real_corpus):
    corpus = open_corpus(os.environ["SER_TEST_CORPUS"])
    found = plda.rates(*plda.corpus_cepstra(corpus), enrolled=3)
    assert found.alarms < 0.05
    assert found.caught > 0.7
