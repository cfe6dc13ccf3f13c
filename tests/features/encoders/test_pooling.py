"""Sounds longer than an encoder takes at once: windows, with statistics over all frames."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ser_core.features.encoders import wav2vec2
from ser_core.features.encoders.pooling import WINDOWS_TOGETHER, windows
from ser_core.features.representations import make

from .conftest import KINDS


def noise(samples, seed=0):
    draw = torch.Generator().manual_seed(seed)
    return 0.1 * torch.randn(1, samples, generator=draw)


@pytest.fixture
def encoders(make_encoder, monkeypatch):
    """Maker of a representation whose encoder takes 1 s at once."""
    monkeypatch.setattr(wav2vec2, "LONGEST_SECONDS", 1)

    def made(kind, **parameters):
        return make("encoder", encoder=str(make_encoder(kind)), **parameters)

    return made


@pytest.mark.parametrize("kind", KINDS)
def test_a_long_sound_depends_on_its_end_and_on_its_beginning(encoders, kind):
    rep, sound = encoders(kind), noise(37_333)
    known = rep(sound)
    for stretch in (slice(0, 4_000), slice(-4_000, None)):
        other = sound.clone()
        other[:, stretch] *= 0.1
        assert (rep(other) - known).abs().max() > 1e-3


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("statistics", ["mean, spread", "mean, spread, quantiles"])
def test_statistics_are_over_the_frames_of_all_windows(encoders, kind, statistics):
    rep, sound = encoders(kind, first=0, statistics=statistics), noise(37_333)
    encoder = rep.layers().encoder
    every = torch.tensor([sound.shape[-1]])
    prepared = encoder.prepared(sound, every)
    states = []
    for start, end in windows(sound.shape[-1], 16_000):
        part, length = prepared[:, start:end], torch.tensor([end - start])
        with torch.no_grad():
            states.append(encoder.states(part, length)[0, :, : int(encoder.frames(length))])
    assert len(states) == 3 > WINDOWS_TOGETHER
    together = torch.cat(states, dim=1).numpy()
    wanted = [together.mean(1), together.std(1)]
    if "quantiles" in statistics:
        wanted += list(np.quantile(together, [0.1, 0.5, 0.9], axis=1))
    found = rep(sound)[0, :, :, 0].numpy()
    np.testing.assert_allclose(found, np.concatenate(wanted, axis=-1), atol=2e-5, rtol=1e-4)


def test_a_long_sound_does_not_change_a_short_one_beside_it(encoders):
    rep, batch = encoders("whisper"), torch.zeros(2, 40_000)
    batch[0], batch[1, :9_000] = noise(40_000)[0], noise(9_000, seed=1)[0]
    together = rep(batch, torch.tensor([40_000, 9_000]))
    torch.testing.assert_close(together[1], rep(batch[1:, :9_000])[0], atol=2e-5, rtol=1e-4)
    torch.testing.assert_close(together[0], rep(batch[:1])[0], atol=2e-5, rtol=1e-4)


def test_a_sound_that_fits_goes_through_at_once(encoders):
    rep = encoders("whisper")
    encoder, sound = rep.layers().encoder, noise(16_000)
    with torch.no_grad():
        states = encoder(sound)[0, 1:]
    wanted = torch.cat([states.mean(1), states.std(1, correction=0)], dim=-1)
    torch.testing.assert_close(rep(sound)[0, :, :, 0], wanted, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("kind", ["whisper", "wavlm"])
def test_gradients_reach_every_window(encoders, kind):
    layers, sound = encoders(kind).layers(), noise(37_333).requires_grad_()
    layers(sound)[0, :, :24].sum().backward()
    for start, end in windows(sound.shape[-1], 16_000):
        assert sound.grad[0, start:end].abs().max() > 0


def test_windows_are_the_fewest_equal_parts():
    assert windows(16_000, 16_000) == [(0, 16_000)]
    assert windows(16_001, 16_000) == [(0, 8_000), (8_000, 16_001)]
    assert windows(0, 16_000) == [(0, 0)]


def test_quantiles_are_a_choice_that_leaves_the_hash_of_the_others_alone(encoders):
    plain, more = encoders("whisper"), encoders("whisper", statistics="mean, spread, quantiles")
    assert plain.hash == encoders("whisper", statistics="mean, spread").hash != more.hash
    sound = noise(9_000)
    assert more(sound).shape == (1, 2, 5 * 24, 1)
    assert more.silence.shape == (2, 5 * 24, 1)
    torch.testing.assert_close(more(sound)[:, :, :48], plain(sound))
    assert more.bin_axis().values[-1] == "quantile 0.9 of 23"
    assert len(more.bin_axis().values) == 5 * 24
