"""Recordings unlike the clips that a model was trained on."""

from __future__ import annotations

import numpy as np
import pytest

from ser_core.audio import SAMPLE_RATE, Waveform, resampled
from ser_core.core import ModelError, ParameterError
from ser_core.inference.training_domain import FILE, domain_of, fitted, held_out, measures, save

SPEAKERS = [f"s{number % 6}" for number in range(120)]


def voices(seed=0):
    """Measures of clips of six speakers, who differ among themselves."""
    draw = np.random.default_rng(seed)
    own = draw.normal(0, 1, (6, 120))
    return np.stack([own[number % 6] + draw.normal(0, 2, 120) for number in range(120)])


def speech(seed=0):
    """Noise in syllables, with less of the high frequencies."""
    draw = np.random.default_rng(seed)
    noise = np.convolve(draw.normal(0, 0.1, SAMPLE_RATE), np.ones(4) / 4, "same")
    loud = 0.6 + 0.4 * np.sin(2 * np.pi * 4 * np.arange(SAMPLE_RATE) / SAMPLE_RATE)
    return Waveform((noise * loud).astype(np.float32), SAMPLE_RATE)


@pytest.fixture(scope="module")
def domain():
    return fitted(voices(), SPEAKERS, "six")


def test_level_and_length_are_no_matter():
    sound = speech()
    quiet = Waveform(sound.samples * np.float32(0.01), SAMPLE_RATE)
    twice = Waveform(np.concatenate([sound.samples] * 2), SAMPLE_RATE)
    assert measures(quiet) == pytest.approx(measures(sound), abs=1e-3)
    assert measures(twice) == pytest.approx(measures(sound), abs=1.0)


def test_a_narrow_band_is_seen_in_the_high_bands_only():
    sound = speech()
    narrow = resampled(resampled(sound, SAMPLE_RATE // 2), SAMPLE_RATE)
    change = measures(narrow)[:40] - measures(sound)[:40]
    change -= np.median(change)
    assert (change[-8:] < -20).all()
    assert np.abs(change[:20]).max() < 3


def test_silence_and_the_shortest_sound_have_finite_measures():
    for samples in (np.zeros(SAMPLE_RATE), np.full(1, 0.5)):
        assert np.isfinite(measures(Waveform(samples.astype(np.float32), SAMPLE_RATE))).all()


def test_the_distance_is_that_of_mahalanobis(domain):
    covariance = np.linalg.inv(domain.whitening @ domain.whitening.T)
    away = voices(1)[0] - domain.centre
    wanted = np.sqrt(away @ np.linalg.solve(covariance, away))
    assert domain.of(voices(1)[:1])[0] == pytest.approx(wanted)


def test_the_stated_share_of_clips_of_left_out_speakers_is_called_unlike(domain):
    found = held_out(voices(), SPEAKERS)
    assert (found > domain.threshold).mean() == pytest.approx(domain.share, abs=0.01)


def test_a_left_out_speaker_is_further_away_than_with_own_clips(domain):
    assert held_out(voices(), SPEAKERS).mean() > domain.of(voices()).mean()


def test_what_lies_elsewhere_is_unlike(domain):
    assert (domain.of(voices() + 30) > domain.threshold).all()


@pytest.mark.parametrize(
    ("clips", "speakers", "share"), [(20, SPEAKERS, 0.05), (120, ["a"] * 120, 0.05),
                                     (120, SPEAKERS, 0.0)],
)  # fmt: skip
def test_too_little_is_refused(clips, speakers, share):
    with pytest.raises(ParameterError):
        fitted(voices()[:clips], speakers[:clips], "few", share)


def test_it_comes_back_as_it_was_written(domain, tmp_path):
    assert domain_of(tmp_path) is None
    save(domain, tmp_path)
    found = domain_of(tmp_path)
    assert found is not None
    assert found.threshold == domain.threshold
    assert (found.clips, found.speakers, found.corpus) == (120, 6, "six")
    assert found.of(voices(2)) == pytest.approx(domain.of(voices(2)), rel=1e-4)


@pytest.mark.parametrize("keep", [0, 100, -1])
def test_a_damaged_file_is_an_error(domain, tmp_path, keep):
    save(domain, tmp_path)
    content = (tmp_path / FILE).read_bytes()
    (tmp_path / FILE).write_bytes(content[:keep])
    with pytest.raises(ModelError, match="damaged"):
        domain_of(tmp_path)
