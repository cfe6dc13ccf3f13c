"""Sound resynthesised from a changed feature map has that change, and nothing else."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ser_core.core import ModelError
from ser_core.features.representations import make
from ser_core.robustness.resynthesis import possible, resynthesised

KINDS = ("spectrogram", "melspectrogram", "mfcc")


@pytest.fixture
def sound(demo_waveform):
    return torch.from_numpy(demo_waveform.samples.copy())


def change(rep, sound, value=0.0):
    return torch.full_like(rep(sound[None])[0], value)


@pytest.mark.parametrize("name", KINDS)
def test_no_change_gives_the_sound_back(name, sound):
    rep = make(name)
    made = resynthesised(sound, change(rep, sound), rep)
    torch.testing.assert_close(made, sound, atol=1e-5, rtol=0)


@pytest.mark.parametrize("name", ["spectrogram", "melspectrogram"])
def test_six_decibels_everywhere_double_the_sound(name, sound):
    rep = make(name, n_mels=64) if name == "melspectrogram" else make(name)
    made = resynthesised(sound, change(rep, sound, 20 * np.log10(2)), rep)
    power = made.square().mean() / sound.square().mean()
    assert float(power) == pytest.approx(4, rel=0.02)


def test_mfcc_of_louder_sound_make_louder_sound(sound):
    rep = make("mfcc", n_mfcc=40, n_mels=40)
    wanted = rep((sound * 2)[None])[0] - rep(sound[None])[0]
    made = resynthesised(sound, wanted, rep)
    torch.testing.assert_close(made.square().mean(), 4 * sound.square().mean(), rtol=0.1, atol=0)


def test_a_slow_change_of_one_band_arrives_in_that_band(sound):
    rep = make("melspectrogram", n_mels=40)
    wanted = change(rep, sound)
    wanted[:, 20] = -12
    before, after = rep(sound[None])[0], rep(resynthesised(sound, wanted, rep)[None])[0]
    moved = (after - before).mean(-1)[0]
    assert -12 < moved[20] < -4
    assert moved[:16].abs().max() < 1
    assert moved[25:].abs().max() < 1


def test_what_tells_no_gain_is_refused(sound):
    rep = make("chroma")
    assert not possible(rep)
    with pytest.raises(ModelError, match="melspectrogram"):
        resynthesised(sound, change(rep, sound), rep)
