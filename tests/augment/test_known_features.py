"""Augmentations of feature maps with known results."""

from __future__ import annotations

import pytest
import torch

from ser_core.augment.feature import make_feature
from ser_core.augment.feature.masks import stretches
from ser_core.augment.feature.warps import interpolated, turned_chroma, turned_tonnetz
from ser_core.augment.waveform import make_wave
from ser_core.features.representations import make
from tests.augment.helpers import noise, seeded, tone, vowel

CHROMA, TONNETZ, MEL = make("chroma"), make("tonnetz"), make("melspectrogram")


@pytest.mark.parametrize("semitones", [-3, 1, 7])
def test_a_turned_tonnetz_is_the_tonnetz_of_the_turned_chroma(semitones):
    from ser_core.features.representations.filters import tonal_centroids

    by = torch.tensor([semitones])
    chroma = CHROMA(noise(1, 8_000))

    def tonnetz(x):
        return tonal_centroids() @ (x / x.sum(dim=2, keepdim=True))

    assert torch.allclose(tonnetz(chroma), TONNETZ(noise(1, 8_000)), atol=1e-5)
    assert torch.allclose(
        turned_tonnetz(tonnetz(chroma), by), tonnetz(turned_chroma(chroma, by)), atol=1e-5
    )


def test_a_semitone_up_moves_a_to_a_sharp():
    a, a_sharp = tone(440.0), tone(440.0 * 2 ** (1 / 12))
    turned = turned_chroma(CHROMA(a), torch.tensor([1]))[..., 20:100]
    assert turned.mean(-1).argmax() == CHROMA(a_sharp)[..., 20:100].mean(-1).argmax() == 10


@pytest.mark.parametrize("name", ["spectrogram", "melspectrogram", "hpss", "cqt"])
@pytest.mark.parametrize("factor", [0.9, 1.1])
def test_frequency_warp_moves_a_tone_by_its_factor(name, factor):
    rep = make(name)
    hz = torch.from_numpy(rep.bin_axis().values)
    warp = make_feature("frequency_warp", rep, lowest=factor, highest=factor)
    moved = warp(rep(tone(2_000)), None, seeded())[0][0, 0].mean(-1)
    wanted = rep(tone(2_000 * factor))[0, 0].mean(-1)
    assert abs(int(moved.argmax()) - int(wanted.argmax())) <= 1
    assert hz[moved.argmax()] == pytest.approx(2_000 * factor, rel=0.04)


def test_warping_mfccs_is_warping_the_smooth_part_of_the_mel_spectrum():
    rep = make("mfcc", n_mfcc=80)
    wave = vowel(120, (600, 1_700, 2_700), 8_000)
    by = {"lowest": 1.1, "highest": 1.1}
    mel = make_feature("frequency_warp", MEL, **by)(MEL(wave), None, seeded())[0]
    from ser_core.features.representations.filters import dct

    warped = make_feature("frequency_warp", rep, **by)(rep(wave), None, seeded())[0]
    assert torch.allclose(warped, dct(80, 80) @ mel, atol=0.05)


def test_the_feature_map_of_a_warped_voice_resembles_the_warped_feature_map():
    wave = vowel(120, (600, 1_700, 2_700))
    by = {"lowest": 1.1, "highest": 1.1}
    heard = MEL(make_wave("warp", **by)(wave, None, seeded())[0])
    seen = make_feature("frequency_warp", MEL, **by)(MEL(wave), None, seeded())[0]
    bins = slice(12, 65)  # between where single harmonics are resolved and the knee of the warp
    levels = [x[0, 0, bins, 30:120].mean(-1) for x in (heard, seen, MEL(wave))]
    assert (levels[0] - levels[1]).std() < 0.6 * (levels[0] - levels[2]).std()


def test_a_warp_of_one_is_the_identity():
    for name in ("spectrogram", "melspectrogram", "cqt", "hpss"):
        x = make(name)(noise(1, 4_000))
        warp = make_feature("frequency_warp", make(name), lowest=1, highest=1)
        assert torch.allclose(warp(x, None, seeded())[0], x, atol=1e-2)


def test_tempo_warp_keeps_lag_zero_and_stretches_the_rest():
    rep = make("tempogram", win_length=384)
    x = torch.zeros(1, 1, 384, 3)
    x[:, :, 0] = 1
    x[:, :, 100] = 0.5
    warp = make_feature("tempo_warp", rep, lowest=1.1, highest=1.1)
    after = warp(x, None, seeded())[0]
    assert (after[:, :, 0] == 1).all()
    assert after[0, 0, 1:, 0].argmax() + 1 == pytest.approx(110, abs=1)


def test_interpolation_between_bins():
    x = torch.tensor([0.0, 10, 20]).view(1, 1, 3, 1)
    assert interpolated(x, torch.tensor([[0.0, 0.5, 2.0]])).flatten().tolist() == [0, 5, 20]


@pytest.mark.parametrize(("fill", "value"), [("mean", 3.0), ("silence", -120.0)])
def test_masks_hide_whole_frames_by_what_was_chosen(fill, value):
    x = torch.tensor([0.0, 1, 2, 4, 8]).view(1, 1, 1, 5).repeat(1, 1, 80, 1)
    mask = make_feature("time_mask", MEL, count=1, longest=0.2, fill=fill)
    after = mask(x, None, seeded())[0]
    hidden = (after == value).all(dim=2).flatten()
    seen = ~hidden
    assert hidden.sum() == 1
    assert torch.equal(after[..., seen], x[..., seen])


def test_masks_lie_within_the_clip_and_reach_both_of_its_ends():
    own = torch.tensor([10, 4]).repeat(500)
    within = stretches(own, 12, 0.3, 1, seeded())
    assert not within[0::2, 10:].any()
    assert not within[1::2, 4:].any()
    assert within[0::2, :10].any(dim=0).all()
    assert within.sum(dim=1).min() == 1
    assert within.sum(dim=1).max() == 3


def test_harmonic_masks_hide_as_many_classes_as_asked_and_never_all():
    x = torch.ones(50, 1, 12, 4)
    after = make_feature("harmonic_mask", CHROMA, count=3, fill="silence")(x, None, seeded())[0]
    assert ((after[:, 0, :, 0] == 0).sum(dim=1) == 3).all()
    circles = torch.ones(50, 1, 6, 4)
    mask = make_feature("harmonic_mask", TONNETZ, count=9, fill="silence")
    hidden = mask(circles, None, seeded())[0][:, 0, :, 0] == 0
    assert (hidden.sum(dim=1) == 4).all()
    assert torch.equal(hidden[:, 0::2], hidden[:, 1::2])


def test_noise_has_the_level_that_was_asked():
    x = torch.zeros(1, 1, 80, 500)
    after = make_feature("picture_noise", MEL, level=1.5)(x, None, seeded())[0]
    assert after.std().item() == pytest.approx(1.5, rel=0.02)


def test_equalising_mfccs_is_equalising_the_mel_spectrum():
    wave = noise(1, 4_000)
    rep = make("mfcc", n_mfcc=80)
    from ser_core.features.representations.filters import dct

    mel = make_feature("picture_equaliser", MEL)(MEL(wave), None, seeded())[0]
    mfcc = make_feature("picture_equaliser", rep)(rep(wave), None, seeded())[0]
    assert torch.allclose(mfcc, dct(80, 80) @ mel, atol=1e-2)


def test_an_equaliser_leaves_digital_silence_silent():
    x = MEL(torch.zeros(1, 2_000))
    assert torch.equal(make_feature("picture_equaliser", MEL)(x, None, seeded())[0], x)
