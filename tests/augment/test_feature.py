"""What holds for every representation's strategy, and for every augmentation in it."""

from __future__ import annotations

import pytest
import torch

from ser_core.augment.feature import (
    FEATURE_AUGMENTS,
    RANGES,
    STRATEGIES,
    feature_chain,
    make_feature,
    strategy,
)
from ser_core.core import ParameterError, UnknownNameError
from ser_core.features.representations import REPRESENTATIONS, make
from tests.augment.helpers import seeded

EVERY = list(REPRESENTATIONS)
STEPS = [(name, step["name"]) for name in EVERY for step in STRATEGIES[name]]
PARAMETERS = {(name, step["name"]): dict(step) for name in EVERY for step in STRATEGIES[name]}


@pytest.fixture(scope="session")
def feature_maps(speech):
    """Real clips in every representation, (4, channels, bins, frames), and frames."""
    x, lengths = speech
    return {name: (make(name)(x, lengths), 1 + lengths // make(name).hop_length) for name in EVERY}


def changed_frames(before, after, frames):
    """Share of each clip's own frames that differ by more than a thousandth of the spread."""
    bound = 1e-3 * before.std()
    moved = (after - before).abs().amax(dim=(1, 2)) > bound
    return torch.stack([row[:own].float().mean() for row, own in zip(moved, frames, strict=True)])


def assert_padding_is_silence(rep, x, frames):
    for clip, own in zip(x, frames.tolist(), strict=True):
        assert (clip[..., own:] == rep.silence).all()


def test_every_representation_has_a_strategy():
    assert set(STRATEGIES) == {*EVERY, "fusion"}
    used = {step for _, step in STEPS}
    assert used == set(FEATURE_AUGMENTS)


@pytest.mark.parametrize("name", EVERY)
def test_training_batches_really_change(name, feature_maps):
    rep = make(name)
    x, frames = feature_maps[name]
    before = x.clone()
    shares = []
    for seed in range(10):
        after, new = strategy(rep)(x, frames, seeded(seed))
        assert after.shape == x.shape
        assert torch.equal(new, frames)
        assert torch.isfinite(after).all()
        assert not after.requires_grad
        assert_padding_is_silence(rep, after, frames)
        shares.append(changed_frames(x, after, frames))
    share = torch.cat(shares)
    assert torch.equal(x, before)
    assert share.mean() > 0.6
    assert (share > 0.05).float().mean() > 0.9


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize("batch", [1, 4])
def test_batches_of_one_clip_and_feature_maps_of_many_channels_change_too(
    name, batch, feature_maps
):
    rep = make(name)
    x, frames = feature_maps[name][0][:batch], feature_maps[name][1][:batch]
    if x.shape[1] == 1:
        x = x.repeat(1, 3, 1, 1)
    shares = [changed_frames(x, strategy(rep)(x, frames, seeded(s))[0], frames) for s in range(8)]
    assert torch.cat(shares).mean() > 0.5


@pytest.mark.parametrize("name", EVERY)
def test_values_stay_in_the_range_of_the_representation(name, feature_maps):
    x, frames = feature_maps[name]
    low, high = RANGES.get(name, (-torch.inf, torch.inf))
    assert low <= x.min()
    assert x.max() <= high
    for seed in range(5):
        after, _ = strategy(make(name))(x, frames, seeded(seed))
        assert low - 1e-4 <= after.min()
        assert after.max() <= high + 1e-4


@pytest.mark.parametrize("name", EVERY)
def test_the_generator_decides_everything(name, feature_maps):
    augment = strategy(make(name))
    first, again, other = (augment(*feature_maps[name], seeded(seed))[0] for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


@pytest.mark.parametrize(("name", "step"), STEPS)
def test_each_augmentation_alone_changes_the_clip_it_is_applied_to(name, step, feature_maps):
    rep = make(name)
    x, frames = feature_maps[name]
    before = x.clone()
    always = feature_chain(rep, [{**PARAMETERS[name, step], "probability": 1.0}])
    shares = []
    for seed in range(10):
        after, new = always(x, frames, seeded(seed))
        assert torch.equal(x, before)
        assert torch.equal(new, frames)
        assert_padding_is_silence(rep, after, frames)
        shares.append(changed_frames(x, after, frames))
    assert (torch.cat(shares) > 0).float().mean() > 0.9


@pytest.mark.parametrize("name", EVERY)
def test_clips_of_one_frame_and_silence_are_finite(name):
    rep = make(name)
    for samples in (1, 200, 3_000):
        x = rep(torch.zeros(2, samples))
        after, _ = strategy(rep)(x, None, seeded())
        assert after.shape == x.shape
        assert torch.isfinite(after).all()


def test_a_batch_of_another_representation_is_refused_not_passed_through(feature_maps):
    mel, chroma = feature_maps["melspectrogram"][0], strategy(make("chroma"))
    with pytest.raises(ParameterError, match="is not one of chroma"):
        chroma(mel, None, seeded())
    with pytest.raises(ParameterError, match="batch, channels, bins, frames"):
        chroma(torch.zeros(1, 12, 40), None, seeded())


@pytest.mark.parametrize(
    ("step", "name"),
    [
        ("transposition", "mfcc"),
        ("harmonic_mask", "zcr"),
        ("frequency_warp", "tempogram"),
        ("tempo_warp", "cqt"),
        ("picture_equaliser", "rms"),
    ],
)
def test_an_augmentation_without_meaning_for_a_representation_is_refused(step, name):
    with pytest.raises(ParameterError, match=f"{name} has no"):
        make_feature(step, make(name))


def test_a_recipe_may_list_its_own_steps(feature_maps):
    rep = make("rms")
    x, frames = feature_maps["rms"]
    louder = feature_chain(rep, [{"name": "scale", "reach": 0}])(x, frames, seeded())[0]
    assert torch.allclose(louder, x)
    with pytest.raises(UnknownNameError, match="time_mask"):
        feature_chain(rep, [{"name": "time_maks"}])
    with pytest.raises(ParameterError, match="has no name"):
        feature_chain(rep, [{"reach": 0}])


def test_a_representation_without_a_row_is_refused(monkeypatch):
    monkeypatch.delitem(STRATEGIES, "rms")
    with pytest.raises(ParameterError, match="no augmentation strategy"):
        strategy(make("rms"))
