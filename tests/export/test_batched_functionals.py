"""Functionals of a batch with masks are those that are computed clip by clip."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ser_core.export.batched_functionals import Series, functionals
from ser_core.export.fourier import Products
from ser_core.features.representations import make

REP = make("functionals")


EXACT = 0.02
"""In dB and the like. The valleys of spectral contrast are single bins up to 70 dB below the frame,
where the rounding of the two ways to a spectrum differs."""


def same(batch, without=""):
    with torch.inference_mode():
        found, expected = functionals(REP, Products(batch, REP.sample_rate)), REP(batch)
    assert found.shape == expected.shape
    assert torch.isfinite(found).all()
    kept = torch.from_numpy(REP.bin_axis().values != without)
    return float((found - expected).abs()[:, 0, kept].max())


def test_on_speech(sounds):
    for sound in sounds[:12]:
        assert same(torch.from_numpy(sound.samples)[None]) < EXACT


def test_on_a_batch_of_speech_and_on_silence_between_speech(sounds):
    rows = [torch.from_numpy(sound.samples[4_000:13_000]) for sound in sounds[:3]]
    assert same(torch.stack(rows)) < EXACT
    assert same(torch.cat([rows[0], torch.zeros(20_000), rows[1]])[None]) < EXACT


@pytest.mark.parametrize("samples", [1, 159, 160, 1_000])
def test_on_what_is_very_short(sounds, samples):
    assert same(torch.from_numpy(sounds[0].samples[:samples])[None]) < EXACT


def test_on_what_is_no_speech():
    time = torch.arange(8_000) / 16_000
    noise = 0.01 * torch.randn(4_000, generator=torch.Generator().manual_seed(0))
    for wave in (torch.zeros(3_000), noise, 0.3 * torch.sin(2 * np.pi * 150 * time)):
        # The pitch of a pure tone moves by rounding alone, up or down.
        assert same(wave[None], without="rising share") < EXACT


def test_a_series_counts_its_first_frames_alone():
    series = Series(torch.tensor([[[1.0, 3.0, 99.0]]]), torch.tensor([[[2.0]]]))
    assert series.mean().item() == 2.0
    assert series.spread().item() == 1.0
    assert [each.item() for each in series.quantiles(0.0, 0.25, 1.0)] == [1.0, 1.5, 3.0]
    nothing = Series(series.values, torch.tensor([[[0.0]]]))
    assert nothing.mean().item() == nothing.quantiles(0.5)[0].item() == 0.0
