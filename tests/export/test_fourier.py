"""Power spectra as matrix products are those of Fourier transforms."""

from __future__ import annotations

import pytest
import torch

from ser_core.export.fourier import Products, framed, powers
from ser_core.features.representations import Analysis, voicing

RATE = 16_000


@pytest.fixture
def noise():
    return torch.randn(2, 4_000, generator=torch.Generator().manual_seed(0))


def test_a_tone_of_full_scale_stands_in_its_bin():
    time = torch.arange(RATE) / RATE
    (power,) = powers(torch.sin(2 * torch.pi * 1_000 * time)[None], 512, 512, 256)
    middle = power[30]
    assert int(middle.argmax()) == 32  # 1,000 Hz / (16,000 Hz / 512)
    assert float(middle[32]) == pytest.approx((512 / 4) ** 2, rel=1e-4)
    assert float(middle[40:].max()) < 1e-6 * float(middle[32])


@pytest.mark.parametrize(("n_fft", "hop"), [(512, 160), (512, 256), (1024, 100), (64, 64)])
def test_as_the_short_time_fourier_transform(noise, n_fft, hop):
    found = Products(noise, RATE).power(n_fft, hop)
    expected = Analysis(noise, RATE).power(n_fft, hop)
    assert found.shape == expected.shape
    assert float((found - expected).abs().max()) < 1e-5 * float(expected.max())


@pytest.mark.parametrize("samples", [1, 159, 160, 161, 4_000])
def test_as_the_transform_of_frames_filled_with_zeros(noise, samples):
    cut = noise[:, :samples]
    found, expected = (each(cut, 640, 1024, 160) for each in (powers, voicing.powers))
    assert found.shape == expected.shape == (2, 1 + samples // 160, 513)
    assert float((found - expected).abs().max()) < 1e-5 * float(expected.max())


def test_silence_stays_exactly_silent():
    assert not powers(torch.zeros(1, 1_000), 640, 1024, 160).any()


@pytest.mark.parametrize(("length", "hop"), [(6, 2), (6, 4), (4, 5), (4, 4)])
def test_frames_are_centred_and_filled_with_zeros(length, hop):
    sound = torch.arange(1.0, 12.0)
    (frames,) = framed(sound[None], length, hop)
    padded = torch.nn.functional.pad(sound, (length // 2, length // 2))
    assert torch.equal(frames, padded.unfold(0, length, hop)[: 1 + len(sound) // hop])
