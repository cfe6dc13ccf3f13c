"""Signals whose representation can be worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ser_core.features.representations import FLOOR_DB, make
from ser_core.features.representations.filters import halver
from tests.features.representations.signals import RATE, clicks, sine


def middle(features: torch.Tensor) -> torch.Tensor:
    """Middle frame of the first channel, shape (bins,)."""
    return features[0, 0, :, features.shape[-1] // 2]


def test_a_full_scale_sine_is_zero_db_in_its_bin_and_at_the_floor_far_away():
    frame = middle(make("spectrogram")(sine(1000)))
    assert frame.argmax() == 1000 * 512 // RATE
    assert frame.max() == pytest.approx(0, abs=0.01)
    assert frame[200:].max() < -95


@pytest.mark.parametrize(("amplitude", "level"), [(0.1, -20), (0.001, -60)])
def test_ten_times_less_amplitude_is_twenty_db_less(amplitude, level):
    assert middle(make("spectrogram")(sine(1000, amplitude=amplitude))).max() == pytest.approx(
        level, abs=0.01
    )


@pytest.mark.parametrize("hz", [250, 1000, 4000])
def test_a_tone_lands_in_the_mel_band_nearest_to_it(hz):
    rep = make("melspectrogram")
    centres = rep.bin_axis().values
    loudest = centres[middle(rep(sine(hz))).argmax()]
    assert abs(loudest - hz) <= np.abs(np.diff(centres)).max()
    assert np.argsort(np.abs(centres - hz)).tolist().index(centres.tolist().index(loudest)) <= 1


@pytest.mark.parametrize(("hz", "name"), [(440, "A"), (880, "A"), (1046.5, "C"), (1318.5, "E")])
def test_a_note_lands_in_its_pitch_class(hz, name):
    rep = make("chroma")
    assert rep.bin_axis().values[middle(rep(sine(hz))).argmax()] == name


@pytest.mark.parametrize("hz", [65.406, 440, 3520])
def test_a_note_lands_in_its_constant_q_band_at_zero_db(hz):
    rep = make("cqt")
    frame = middle(rep(sine(hz, duration=3)))
    assert rep.frequencies()[frame.argmax()] == pytest.approx(hz, rel=0.001)
    assert frame.max() == pytest.approx(0, abs=0.1)


def test_an_impulse_train_has_its_tempo():
    rep = make("tempogram")
    lags = rep.bin_axis().values
    frame = middle(rep(clicks(period=0.25, duration=6)))
    beyond_zero = frame.clone()
    beyond_zero[lags < 0.1] = 0
    assert lags[beyond_zero.argmax()] == pytest.approx(0.25, abs=0.011)


def test_a_steady_tempo_does_not_change():
    slope = make("delta_tempogram")(clicks(period=0.25, duration=10))[0, 0]
    tempo = make("tempogram")(clicks(period=0.25, duration=10))[0, 0]
    steady = slice(400, 600)
    assert slope[:, steady].abs().mean() < 0.01 < tempo[:, steady].abs().mean()


def test_a_harmonic_stack_separates_from_clicks():
    stack = sum(sine(200 * k, duration=4, amplitude=0.1) for k in range(1, 15))
    rep = make("hpss")
    harmonic, percussive = rep(stack)[0, :, :, 100:300]
    assert (harmonic.max(dim=0).values - percussive.max(dim=0).values).min() > 20
    harmonic, percussive = rep(clicks(0.5))[0]
    at_a_click = 100
    assert (percussive - harmonic)[:, at_a_click].min() > 10


def test_mfcc_of_a_flat_spectrum_has_only_its_first_coefficient():
    silence = make("mfcc")(torch.zeros(1, RATE))[0, 0]
    np.testing.assert_allclose(silence[0], FLOOR_DB * np.sqrt(80), rtol=1e-5)
    np.testing.assert_allclose(silence[1:], 0, atol=1e-2)


def test_contrast_of_a_tone_is_high_in_its_octave_alone():
    noise = 1e-3 * torch.randn(1, RATE, generator=torch.Generator().manual_seed(0))
    rep = make("spectral_contrast")
    frame = middle(rep(sine(1000) + noise))
    octave = [i for i, name in enumerate(rep.bin_axis().values) if name == "800–1600"]
    assert frame.argmax() == octave[0]


def test_crossings_of_a_sine_are_two_a_period():
    hz = 500.0
    frame = middle(make("zcr")(sine(hz)))
    assert frame.item() == pytest.approx(2 * hz / RATE, abs=1 / 512)


def test_rms_of_a_sine_is_its_amplitude_over_the_root_of_two():
    assert middle(make("rms")(sine(1000, amplitude=0.5))).item() == pytest.approx(
        0.5 / np.sqrt(2), rel=1e-3
    )


def test_pitch_a_fifth_apart_are_neighbours_in_tonnetz_and_a_tritone_is_not():
    rep = make("tonnetz", n_fft=4096)
    a, e, d_sharp = (middle(rep(sine(hz, duration=2))) for hz in (440, 659.26, 622.25))
    assert (a - e).norm() < (a - d_sharp).norm()


@pytest.mark.parametrize("passed", [0.1, 0.2, 0.24])
def test_halving_a_rate_passes_what_it_says_and_nothing_that_would_fold_onto_it(passed):
    taps = halver(passed).double().numpy()
    hz = np.linspace(0, 0.5, 2001)
    response = 20 * np.log10(
        np.abs(np.exp(-2j * np.pi * np.outer(hz, np.arange(len(taps)))) @ taps) + 1e-12
    )
    assert np.abs(response[hz <= passed]).max() < 0.01
    assert response[hz >= 0.5 - passed].max() < -95
