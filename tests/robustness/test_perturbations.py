"""Each perturbation changes a sound as its level states, the same every time."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ser_core.audio import Waveform, to_wav
from ser_core.core import AudioError, ParameterError
from ser_core.robustness.clip_predictions import predict_clips
from ser_core.robustness.perturbations import PERTURBATIONS, perturbed, surroundings
from ser_core.robustness.severity_sweep import kinds, severity_curve

KINDS = [name for name in PERTURBATIONS if name != "recorded"]
RATE = 16_000


@pytest.fixture(scope="module")
def around(subset):
    return surroundings(subset)


def one(kind, around, level, number=0):
    return perturbed(PERTURBATIONS[kind], around, level, [number])[0].samples


def power(x):
    return float(np.mean(np.asarray(x, np.float64) ** 2))


def snr(clean, noisy):
    return 10 * np.log10(power(clean) / power(noisy - clean))


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_changes_the_sound_alike_each_time_and_leaves_the_original(kind, around):
    before = around.sounds[0].samples.copy()
    level = PERTURBATIONS[kind].levels[-1]
    first, second = (one(kind, around, level) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    np.testing.assert_array_equal(around.sounds[0].samples, before)
    assert len(first) != len(before) or not np.array_equal(first, before)
    assert np.isfinite(first).all()


@pytest.mark.parametrize("kind", KINDS)
def test_silence_and_single_samples_give_sound(kind, subset):
    for samples in (np.zeros(4000, np.float32), np.ones(1, np.float32) / 2):
        silent = replace(subset, sounds=(Waveform(samples), *subset.sounds[1:]))
        for level in (PERTURBATIONS[kind].levels[0], PERTURBATIONS[kind].levels[-1]):
            assert len(one(kind, surroundings(silent), level)) >= 1


@pytest.mark.parametrize("kind", ["white", "pink", "babble"])
def test_noise_lies_as_far_below_the_sound_as_asked(kind, around):
    clean = around.sounds[0].samples
    for level in (20.0, -5.0):
        assert snr(clean, one(kind, around, level)) == pytest.approx(level, abs=0.1)


@pytest.mark.parametrize("kind", ["white", "pink", "babble", "packets"])
def test_a_clip_meets_the_same_noise_at_every_level_and_in_every_subset(kind, around, subset):
    clean = around.sounds[3].samples
    if kind != "packets":
        loud, faint = (one(kind, around, level, 3) - clean for level in (0.0, 20.0))
        np.testing.assert_allclose(faint * 10, loud, atol=1e-3)
    if kind != "babble":  # whose voices are those of the subset
        fewer = surroundings(subset.rows([3, 5]))
        np.testing.assert_array_equal(one(kind, fewer, 5.0, 0), one(kind, around, 5.0, 3))


def test_babble_is_of_other_speakers(subset):
    own = subset.speakers[0]
    marked = [
        Waveform(np.full(4000, 0.1 if s == own else 0.2, np.float32)) for s in subset.speakers
    ]
    alone = replace(subset, sounds=tuple(marked))
    noise = one("babble", surroundings(alone), 0.0) - marked[0].samples
    np.testing.assert_allclose(noise, noise[0], rtol=1e-5)
    assert power(noise) == pytest.approx(power(marked[0].samples), rel=1e-3)


def test_your_own_noises_come_from_the_folder(tmp_path, subset, around):
    with pytest.raises(ParameterError, match="folder"):
        one("recorded", around, 5.0)
    with pytest.raises(AudioError):
        one("recorded", surroundings(subset, noises=tmp_path), 5.0)
    hum = np.sin(2 * np.pi * 50 * np.arange(RATE) / RATE).astype(np.float32) / 2
    (tmp_path / "hum.wav").write_bytes(to_wav(Waveform(hum)))
    noisy = one("recorded", surroundings(subset, noises=tmp_path), 5.0)
    clean = around.sounds[0].samples
    assert snr(clean, noisy) == pytest.approx(5, abs=0.1)
    spectrum = np.abs(np.fft.rfft(noisy - clean))
    peak = np.fft.rfftfreq(len(clean), 1 / RATE)[spectrum.argmax()]
    assert peak == pytest.approx(50, abs=1)


def test_recorded_noise_is_offered_only_with_a_folder(tmp_path):
    assert "recorded" not in kinds()
    assert "recorded" in kinds(noises=tmp_path)


@pytest.mark.parametrize("kind", ["mp3", "opus", "gsm"])
def test_codecs_keep_length_and_time_and_lose_more_at_fewer_bits(kind, around):
    clean = around.sounds[0].samples
    levels = PERTURBATIONS[kind].levels
    best, worst = (one(kind, around, level) for level in (levels[0], levels[-1]))
    assert len(best) == len(clean)
    lag = np.correlate(clean[4000:12000], best[3900:12100], "valid").argmax()
    assert abs(lag - 100) < 12  # a millisecond at most
    assert snr(clean, best) > snr(clean, worst) - 0.5


def test_known_sounds():
    """Arithmetic that can be done by hand."""
    from ser_core.robustness.perturbations.base import Surroundings

    ramp = Waveform(np.linspace(-0.5, 0.5, RATE, dtype=np.float32))
    tone = Waveform(np.sin(2 * np.pi * 100 * np.arange(4 * RATE) / RATE).astype(np.float32) / 2)
    around = Surroundings(["ramp", "tone"], [ramp, tone], ["", ""], RATE)
    np.testing.assert_allclose(one("gain", around, -20.0), ramp.samples / 10, rtol=1e-5)
    assert np.abs(one("gain", around, 20.0)).max() == 1
    clipped = one("clipping", around, 6.0)
    assert np.abs(clipped).max() == pytest.approx(0.5)
    assert np.mean(np.abs(clipped) > 0.499) == pytest.approx(0.5, abs=0.01)
    assert len(one("truncation", around, 0.5, 1)) == RATE // 2
    assert len(one("truncation", around, 3.0)) == RATE
    np.testing.assert_allclose(one("dc", around, 10.0), ramp.samples + 0.1, atol=1e-6)
    assert len(one("speed", around, 1.3, 1)) == pytest.approx(4 * RATE / 1.3, abs=2)
    lost = one("packets", around, 40.0, 1).reshape(-1, 320)
    assert np.mean((lost == 0).all(1)) == pytest.approx(0.4, abs=0.1)
    band = np.abs(np.fft.rfft(one("telephone", around, 2000.0, 1)))
    assert band[4 * 100] < 0.1 * np.abs(np.fft.rfft(tone.samples))[4 * 100]


def test_a_curve_goes_from_clean_to_severe(bundle, subset):
    curve = severity_curve(bundle, subset, "white", levels=[20.0, 0.0])
    assert [point.label for point in curve.points] == ["clean", "20 dB", "0 dB"]
    np.testing.assert_array_equal(
        curve.clean.predictions.predicted, predict_clips(bundle, subset).predicted
    )
    rows = curve.table()
    assert {"uar", "uar_low", "uar_high", "wa", "wa_low", "wa_high"} <= set(rows)


def test_perturbations_with_two_sides_has_the_clean_point_between(bundle, subset):
    curve = severity_curve(bundle, subset.rows([0, 1, 2]), "gain", levels=[-10.0, 0.0, 10.0])
    assert [point.label for point in curve.points] == ["-10 dB", "clean", "10 dB"]


def test_the_area_is_the_mean_height_of_the_curve(bundle, subset):
    curve = severity_curve(bundle, subset, "white", levels=[20.0, 0.0])
    a, b, c = (curve.interval(point, "wa").value for point in curve.points)
    assert curve.area("wa") == pytest.approx((a / 2 + b + c / 2) / 2)
