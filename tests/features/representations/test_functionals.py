"""Functionals of sounds whose pitch, loudness and length are known."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ser_core.features.representations import SUMMARIES, make
from ser_core.features.representations.voicing import voicing

RATE = 16_000
REP = make("functionals")
NAMES = list(REP.bin_axis().values)


def tone(hz: float, seconds: float = 1.0, harmonics: int = 5) -> torch.Tensor:
    time = torch.arange(int(RATE * seconds)) / RATE
    waves = [torch.sin(2 * np.pi * hz * k * time) / k for k in range(1, harmonics + 1)]
    return 0.2 * torch.stack(waves).sum(0)[None]


def of(wave: torch.Tensor) -> dict[str, float]:
    return dict(zip(NAMES, REP(wave)[0, 0, :, 0].tolist(), strict=True))


def test_every_functional_has_a_name_of_its_own():
    assert len(set(NAMES)) == len(NAMES) == REP(tone(100)).shape[2]
    assert list(SUMMARIES) == ["functionals", "librosa_vector", "librosa_flat"]


@pytest.mark.parametrize("hz", [80, 110, 200, 320, 450])
def test_pitch_of_a_tone_is_its_frequency(hz):
    semitones, periodicity, _ = voicing(tone(hz), RATE, 160)
    middle = slice(10, -10)
    want = 12 * np.log2(hz / 100)
    np.testing.assert_allclose(semitones[0, middle], want, atol=0.2)
    assert periodicity[0, middle].min() > 0.95
    assert of(tone(hz))["pitch where voiced: median"] == pytest.approx(want, abs=0.2)


def test_noise_is_not_periodic():
    noise = 0.1 * torch.randn(1, RATE, generator=torch.Generator().manual_seed(0))
    assert voicing(noise, RATE, 160).periodicity.median() < 0.4
    assert of(noise)["voiced share"] < 0.2


def test_a_rising_tone_has_a_rising_pitch():
    time = torch.arange(RATE) / RATE
    rising = 0.3 * torch.sin(2 * np.pi * (150 * time + 50 * time.square()))[None]
    found = of(rising)
    assert found["pitch where voiced: slope"] > 3
    assert found["pitch, quarter 4"] - found["pitch, quarter 1"] > 4
    assert found["rising share"] > 0.8


def test_how_loud_a_recording_is_does_not_count():
    noise = 0.02 * torch.randn(1, RATE, generator=torch.Generator().manual_seed(0))
    quiet, loud = REP(tone(150) + noise), REP(2 * (tone(150) + noise))
    np.testing.assert_allclose(quiet, loud, atol=0.02, rtol=1e-3)


def test_a_louder_second_half_does():
    wave = tone(150)
    wave[:, RATE // 2 :] *= 2
    found = of(wave)
    rise = found["energy, quarter 4"] - found["energy, quarter 1"]
    assert rise == pytest.approx(6.02, abs=0.2)
    assert found["energy: mean"] == pytest.approx(0, abs=1e-3)


def test_silent_ends_change_little():
    wave = tone(180)
    padded = torch.cat([torch.zeros(1, RATE), wave, torch.zeros(1, RATE)], dim=1)
    found, alone = of(padded), of(wave)
    assert found["duration"] == pytest.approx(alone["duration"], abs=0.06)
    assert found["energy: median"] == pytest.approx(alone["energy: median"], abs=0.5)
    assert found["MFCC 0: median"] == pytest.approx(alone["MFCC 0: median"], abs=5)


@pytest.mark.parametrize("samples", [1, 2, 159, 161, 700, 3000])
def test_short_sounds_and_silence_are_finite(samples):
    noise = torch.randn(1, samples, generator=torch.Generator().manual_seed(0))
    for wave in (torch.zeros(1, samples), torch.ones(1, samples), 0.1 * noise):
        assert torch.isfinite(REP(wave)).all()
        assert REP(wave).shape == (1, 1, len(NAMES), 1)


def test_a_clip_in_a_padded_batch_is_as_alone():
    waves = [tone(120, 0.4), tone(300, 1.3), tone(90, 0.05)]
    lengths = torch.tensor([wave.shape[1] for wave in waves])
    batch = torch.zeros(3, int(lengths.max()))
    for row, wave in zip(batch, waves, strict=True):
        row[: wave.shape[1]] = wave
    together = REP(batch, lengths)
    for row, wave in zip(together, waves, strict=True):
        np.testing.assert_allclose(row, REP(wave)[0], atol=2e-3, rtol=1e-3)


def test_gradients_reach_the_waveform():
    wave = tone(200, 0.3).requires_grad_()
    REP(wave).square().mean().backward()
    assert torch.isfinite(wave.grad).all()
    assert wave.grad.abs().max() > 0
