"""Early fusion puts representations on each other, frame upon frame, and refuses what cannot be."""

import numpy as np
import pytest
import torch

from ser_core.augment.feature.strategies import strategy
from ser_core.core import ParameterError
from ser_core.features.representations import Analysis, Fusion, make
from tests.features.representations.test_contract import noise


def test_each_part_is_what_it_is_alone():
    fused = Fusion(parts="melspectrogram(n_mels=40), hpss(n_mels=40), chroma, rms", hop_length=256)
    wave = noise(2, 9000)
    found = fused(wave)
    assert found.shape == (2, 5, 40, 1 + 9000 // 256)
    own = {"hop_length": 256}
    torch.testing.assert_close(found[:, :1], make("melspectrogram", n_mels=40, **own)(wave))
    torch.testing.assert_close(found[:, 1:3], make("hpss", n_mels=40, **own)(wave))
    chroma = make("chroma", **own)(wave)[:, 0]
    for row in range(40):
        torch.testing.assert_close(found[:, 3, row], chroma[:, row * 12 // 40])
    assert torch.equal(found[:, 4], make("rms", **own)(wave)[:, 0].expand(-1, 40, -1))
    names = ("melspectrogram", "hpss harmonic", "hpss percussive", "chroma", "rms")
    assert fused.channel_names == names


def test_a_clip_in_a_padded_batch_is_the_clip_alone():
    fused = Fusion()
    lengths = [9000, 4321]
    batch = torch.zeros(2, 9000)
    waves = [noise(1, n, seed=n)[0] for n in lengths]
    for row, wave in zip(batch, waves, strict=True):
        row[: len(wave)] = wave
    together = fused(batch, torch.tensor(lengths))
    for found, wave in zip(together, waves, strict=True):
        alone = fused(wave[None])[0]
        torch.testing.assert_close(found[..., : alone.shape[-1]], alone, atol=1e-3, rtol=1e-3)
        padding = found[..., alone.shape[-1] :]
        assert torch.equal(padding, fused.silence.expand_as(padding))


def test_the_way_it_is_written_does_not_matter():
    plain = Fusion(parts="melspectrogram(n_mels=64),mfcc")
    same = Fusion(parts=" melspectrogram ( n_mels = 64 , fmin=0.0 ) , mfcc ( ) ")
    assert same == plain
    assert same.hash == plain.hash
    assert plain.parts == "melspectrogram(n_mels=64), mfcc"
    assert make("fusion", **plain.parameters) == plain
    others = ["melspectrogram(n_mels=65), mfcc", "mfcc, melspectrogram(n_mels=64)"]
    assert len({plain.hash, *(Fusion(parts=each).hash for each in others)}) == 3
    assert Fusion(hop_length=200).hash != Fusion().hash


def test_a_new_version_of_a_part_is_a_new_version_of_the_whole(monkeypatch):
    before = Fusion(parts="rms, zcr").hash
    monkeypatch.setattr(type(make("zcr")), "version", 99)
    make.__globals__["_hash"].cache_clear()
    assert Fusion(parts="rms, zcr").hash != before
    make.__globals__["_hash"].cache_clear()


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ("functionals, mfcc", "one frame for a whole clip"),
        ("waveform, mfcc", "no frames that could be aligned"),
        ("mfcc(hop_length=200), chroma", "cannot be aligned"),
        ("mfc, chroma", "is no representation"),
        ("mfcc", "two representations or more"),
        ("mfcc, mfcc", "each part once"),
        ("mfcc(n_mfcc), chroma", "is no parameter of mfcc"),
        ("mfcc(n_mfcc=0), chroma", "n_mfcc"),
        ("mfcc(n_mfcc=20, chroma", "cannot be read"),
        ("mfcc; chroma", "cannot be read"),
        ("", "two representations or more"),
    ],
)
def test_what_cannot_be_fused_is_refused_in_words(parts, words):
    with pytest.raises(ParameterError, match=words):
        Fusion(parts=parts)


def test_gradients_pass_where_they_pass_through_every_part():
    assert Fusion(parts="melspectrogram, chroma").differentiable
    assert not Fusion(parts="melspectrogram, zcr").differentiable


def test_time_masks_hide_the_same_frames_of_every_part():
    fused = Fusion(parts="melspectrogram(n_mels=40), rms")
    x = 5 + torch.linspace(0, 1, 120).square().expand(8, 2, 40, 120)
    found, _ = strategy(fused)(x, torch.full((8,), 120), torch.Generator().manual_seed(0))
    changed = (found != x).any(dim=2)
    assert changed.any()
    assert torch.equal(changed[:, 0], changed[:, 1])


def test_parts_share_the_work_of_a_sound():
    sound = Analysis(noise(1, 8000), 16_000)
    fused = Fusion(parts="melspectrogram, mfcc")
    np.testing.assert_allclose(fused(sound), fused(noise(1, 8000)), atol=1e-5)
