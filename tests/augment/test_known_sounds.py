"""Augmentations of sounds with known results."""

from __future__ import annotations

import hypothesis.strategies as st
import numpy as np
import pytest
import soundfile
import torch
from hypothesis import given, settings

from ser_core.augment.shift import shifted
from ser_core.augment.waveform import make_wave
from ser_core.augment.waveform.codec import FORMATS, companded
from ser_core.augment.waveform.noise import mixed
from tests.augment.helpers import RATE, decibels, loudest_hz, noise, power, seeded, tone, vowel


def fixed(name, **parameters):
    """Augmentation of a batch of one with nothing left to chance."""
    augment = make_wave(name, **parameters)
    return lambda x: augment(x, None, seeded())[0]


@pytest.mark.parametrize(
    ("name", "parameters", "within"),
    [
        ("speed", {"slowest": 1, "fastest": 1}, 1e-4),
        ("gain", {"quietest": 0, "loudest": 0}, 0),
        ("time_shift", {"reach": 0}, 0),
        ("equaliser", {"reach": 0}, 1e-5),
        ("vocal_tract", {"lowest": 1, "highest": 1}, 1e-5),
        ("warp", {"lowest": 1, "highest": 1}, 1e-4),
        ("pitch", {"lowest": 0, "highest": 0}, 1e-4),
        ("noise", {"loudest": 100, "faintest": 100}, 1e-4),
        ("reverb", {"nearest": 60, "farthest": 60}, 1e-2),
    ],
)
def test_the_neutral_parameter_is_the_identity(name, parameters, within, speech):
    x, lengths = speech
    result, new = make_wave(name, **parameters)(x, lengths, seeded())
    assert torch.equal(new, lengths)
    assert (result - x).abs().max() <= within


@pytest.mark.parametrize("factor", [0.9, 1.1])
def test_warp_moves_a_tone_of_1_khz_by_its_factor(factor):
    moved = fixed("warp", lowest=factor, highest=factor)(tone(1_000))
    assert loudest_hz(moved) == pytest.approx(1_000 * factor, abs=1)
    assert decibels(power(moved).sum() / power(tone(1_000)).sum()) == pytest.approx(0, abs=1)


@pytest.mark.parametrize("factor", [0.9, 1.1])
def test_warp_keeps_the_level_of_speech(factor, speech):
    x, lengths = speech
    moved, _ = make_wave("warp", lowest=factor, highest=factor)(x, lengths, seeded())
    for before, after in zip(x, moved, strict=True):
        assert decibels(after.square().sum() / before.square().sum()) == pytest.approx(0, abs=2)


def test_warp_keeps_the_top_of_the_spectrum_filled():
    moved = fixed("warp", lowest=0.8, highest=0.8)(noise(1, 24_000))
    level = power(moved)
    assert decibels(level[7_000:7_900].mean() / level[1_000:6_000].mean()) > -6


@pytest.mark.parametrize("semitones", [12, -12, 3])
def test_pitch_moves_a_tone_by_its_semitones(semitones):
    moved = fixed("pitch", lowest=semitones, highest=semitones)(tone(440))
    assert loudest_hz(moved) == pytest.approx(440 * 2 ** (semitones / 12), abs=1)


FORMANTS = (600, 1_700, 2_700)


def distance(x, y, f0):
    """Difference of two spectra at the harmonics of a voice in dB, apart from their levels."""
    lines = torch.arange(f0, 4_500, f0).round().long()
    apart = 10 * (power(x)[lines] / power(y)[lines]).log10()
    return float(apart.std())


def at_harmonics(x, f0):
    """Share of the power within 4 Hz of a harmonic."""
    hz = torch.arange(RATE // 2 + 1)
    away = (hz / f0 + 0.5) % 1 - 0.5
    return float(power(x)[away.abs() * f0 < 4].sum() / power(x).sum())


@pytest.mark.parametrize("f0", [125, 220, 300])
@pytest.mark.parametrize("factor", [0.87, 1.15])
def test_vocal_tract_moves_formants_and_keeps_harmonics(factor, f0):
    before = vowel(f0, FORMANTS)
    after = fixed("vocal_tract", lowest=factor, highest=factor)(before)
    wanted = vowel(f0, tuple(factor * formant for formant in FORMANTS))
    assert at_harmonics(after, f0) > 0.98
    assert distance(after, wanted, f0) < 0.4 * distance(before, wanted, f0)


@pytest.mark.parametrize("semitones", [-4, 4])
def test_pitch_moves_harmonics_and_keeps_formants(semitones):
    f0 = 150 * 2 ** (semitones / 12)
    after = fixed("pitch", lowest=semitones, highest=semitones)(vowel(150, FORMANTS))
    wanted = vowel(f0, FORMANTS)
    both = tuple(formant * 2 ** (semitones / 12) for formant in FORMANTS)
    assert at_harmonics(after, f0) > 0.9
    assert distance(after, wanted, f0) < 0.5 * distance(vowel(f0, both), wanted, f0)


@pytest.mark.parametrize("speed", [0.8, 1.25])
def test_speed_divides_the_length_and_multiplies_the_pitch(speed):
    x = tone(1_000, 32_000)
    result, new = make_wave("speed", slowest=speed, fastest=speed)(x, None, seeded())
    assert new.tolist() == [round(32_000 / speed)]
    assert loudest_hz(result) == pytest.approx(1_000 * speed, abs=1)
    assert float(power(result).max() / power(x).max()) == pytest.approx(1, rel=0.01)


@settings(max_examples=30)
@given(
    snr=st.floats(-20, 60),
    slope=st.floats(-6, 0),
    own=st.integers(2_000, 8_000),
    seed=st.integers(0, 99),
)
def test_the_ratio_of_sound_to_noise_is_what_was_asked(snr, slope, own, seed):
    x = tone(300, 8_000)
    x[:, own:] = 0
    augment = make_wave("noise", loudest=snr, faintest=snr, darkest=slope, brightest=slope)
    result, _ = augment(x.double(), torch.tensor([own]), seeded(seed))
    added = (result - x)[:, :own]
    assert decibels(x[:, :own].square().sum() / added.square().sum()) == pytest.approx(snr, abs=0.1)


@pytest.mark.parametrize("slope", [0.0, -3.0, -6.0])
def test_noise_has_the_slope_that_was_asked(slope):
    augment = make_wave("noise", darkest=slope, brightest=slope)
    spectrum = torch.fft.rfft(augment.noise(torch.zeros(64, 16_000), seeded())).abs().square()
    level = spectrum.mean(0)
    fall = decibels(level[2_000:4_000].mean() / level[500:1_000].mean()) / 2
    assert fall == pytest.approx(slope, abs=0.3)


def test_recorded_noise_goes_round_and_has_its_ratio(tmp_path):
    recording = np.sin(np.arange(1_000) * 2 * np.pi * 0.05).astype(np.float32) / 2
    soundfile.write(tmp_path / "hum.wav", recording, RATE, subtype="FLOAT")
    x = noise(1, 20_000)
    added = fixed("recorded_noise", folder=str(tmp_path), loudest=5, faintest=5)(x) - x
    assert decibels(x.square().sum() / added.square().sum()) == pytest.approx(5, abs=0.1)
    assert loudest_hz(added) == 800


def test_silence_stays_silent_under_noise():
    assert (mixed(torch.zeros(1, 9), noise(1, 9), torch.zeros(1, 1), torch.tensor([9])) == 0).all()


@settings(max_examples=30)
@given(gain=st.floats(-60, 40))
def test_gain_multiplies_and_clips_nothing(gain):
    x = tone(100, 500)
    louder = fixed("gain", quietest=gain, loudest=gain)(x)
    assert torch.allclose(louder, x * 10 ** (gain / 20), rtol=1e-4)


@settings(max_examples=20)
@given(reach=st.floats(0, 20), seed=st.integers(0, 99))
def test_an_equaliser_gains_no_more_than_twice_its_reach(reach, seed):
    x = torch.zeros(1, 4_001)
    x[0, 2_000] = 1
    result, _ = make_wave("equaliser", reach=reach)(x, None, seeded(seed))
    response = 20 * torch.fft.rfft(result).abs().log10()
    assert response.abs().max() <= 2 * reach + 0.5


def test_reverb_keeps_the_direct_path_and_decays():
    x = torch.zeros(1, 16_000)
    x[0, 100] = 1
    result = fixed("reverb", shortest=0.4, longest=0.4, nearest=6, farthest=6, delay=0.01)(x)[0]
    assert result[:100].abs().max() < 1e-5
    assert result[100] == pytest.approx(1, abs=1e-4)
    assert result[101:260].abs().max() < 1e-4
    tail = result[260:]
    assert decibels(1 / tail.square().sum()) == pytest.approx(6, abs=0.1)
    early, late = tail[:1_600].square().sum(), tail[3_200:4_800].square().sum()
    assert decibels(early / late) == pytest.approx(60 * 0.2 / 0.4, abs=2)


def test_telephone_leaves_its_band_alone():
    line = fixed("telephone", bits=16)
    assert decibels(power(line(tone(1_000))).sum() / power(tone(1_000)).sum()) == pytest.approx(
        0, abs=0.1
    )
    for outside in (100, 5_000):
        assert decibels(power(line(tone(outside))).sum() / power(tone(outside)).sum()) < -30


def test_companding_in_8_bits_has_127_sizes_and_small_errors():
    x = torch.linspace(-1, 1, 100_001)
    coded = companded(x, 8)
    assert len(coded.unique()) == 255
    assert (coded - x).abs().max() < 0.03
    assert torch.allclose(companded(coded, 8), coded, atol=1e-6)


@pytest.mark.parametrize("name", FORMATS)
def test_a_codec_stays_in_time_with_the_original(name, speech):
    x, lengths = speech
    result, _ = make_wave("codec", format=name)(x, lengths, seeded())
    size = 2 * x.shape[1]
    agreement = torch.fft.irfft(torch.fft.rfft(result, size) * torch.fft.rfft(x, size).conj(), size)
    for row in agreement:
        lag = int(row.argmax())
        assert min(lag, size - lag) <= 4
    similarity = torch.nn.functional.cosine_similarity(result, x)
    assert (similarity > 0.3).all()
    assert (similarity < 0.99999).all()


def test_shifts_move_within_the_clip():
    x = torch.tensor([[1.0, 2, 3, 0], [4, 5, 6, 7], [1, 2, 0, 0]])
    moved = shifted(x, torch.tensor([1, -2, 5]), torch.tensor([3, 4, 2]))
    assert moved.tolist() == [[0, 1, 2, 0], [6, 7, 0, 0], [0, 0, 0, 0]]
