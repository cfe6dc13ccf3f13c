from __future__ import annotations

import torch

from ser_core.models.normalisation import Moments, Normaliser
from ser_core.training import seeds
from ser_core.training.data import Data, Live, SpeakerMoments, Stored, moments_of
from tests.training.conftest import REP


def all_clips(data):
    return torch.arange(len(data.targets))


def test_an_epoch_holds_every_clip_once_in_an_order_of_its_own(data):
    def order(seed, epoch):
        batches = data.training(all_clips(data), 16, 0.6, seed, epoch)
        return torch.cat([batch.clips for batch in batches])

    assert sorted(order(0, 0).tolist()) == list(range(90))
    assert torch.equal(order(0, 0), order(0, 0))
    assert not torch.equal(order(0, 0), order(0, 1))
    assert not torch.equal(order(0, 0), order(1, 0))


def test_a_last_batch_of_one_clip_is_left_out(data):
    batches = list(data.training(torch.arange(33), 16, None, 0, 0))
    assert [len(batch.clips) for batch in batches] == [16, 16]


def test_crops_have_their_length_and_short_clips_end_in_silence(data):
    for batch in data.training(all_clips(data), 16, 0.8, 0, 0):
        assert batch.features.shape[1:] == (1, 16, 40)
        frames = [40] * len(batch.clips) if batch.frames is None else batch.frames.tolist()
        for feature_map, own in zip(batch.features, frames, strict=True):
            assert own <= 40
            assert (feature_map[..., own:] == REP.silence).all()


def test_a_crop_is_a_stretch_of_the_clip(data):
    batch = next(data.training(all_clips(data), 4, 0.2, 0, 0))
    for feature_map, clip in zip(batch.features, batch.clips.tolist(), strict=True):
        whole = data.source.whole(clip)
        stretches = whole.unfold(-1, 10, 1)
        assert (stretches == feature_map.unsqueeze(-2)).all(dim=-1).all(dim=1).any()


def test_evaluation_gives_whole_clips_whatever_stands_beside_them(data):
    seen = {}
    for batch in data.evaluation(all_clips(data)):
        frames = batch.frames if batch.frames is not None else [batch.features.shape[-1]] * 99
        for feature_map, own, clip in zip(
            batch.features, frames, batch.clips.tolist(), strict=False
        ):
            seen[clip] = feature_map[..., : int(own)]
    assert len(seen) == 90
    assert all(torch.equal(seen[clip], data.source.whole(clip)) for clip in seen)


def test_augmentation_of_features_reaches_the_batches(data):
    brighter = Data(data.source, data.targets, 3, change=lambda x, own, _draw: (x + 1, own))
    plain = next(data.training(all_clips(data), 8, 0.6, 0, 0))
    changed = next(brighter.training(all_clips(data), 8, 0.6, 0, 0))
    assert torch.equal(changed.features, plain.features + 1)


def test_live_features_without_a_change_are_those_of_the_clip():
    wave = 0.1 * torch.randn(1, 16_000, generator=torch.Generator().manual_seed(0))
    live = Live(
        Stored(REP, [REP(wave)[0]]), [wave[0]], lambda waves, lengths, _draw: (waves, lengths)
    )
    torch.testing.assert_close(live.whole(0), REP(wave)[0])
    varied = live.varied([0], None, seeds.generator(0))
    torch.testing.assert_close(varied[0], REP(wave)[0])
    assert live.varied([0], 20, seeds.generator(0))[0].shape == (1, 16, 20)


def test_moments_of_groups_follow_from_those_of_clips(data):
    clips = torch.tensor([3, 7, 50])
    moments = moments_of(data.source, clips)
    frames = torch.cat([data.source.whole(int(clip)) for clip in clips], dim=-1).double()
    torch.testing.assert_close(moments.pooled().mean, frames.mean(-1))
    torch.testing.assert_close(moments.pooled().spread, frames.std(-1, correction=0))
    centred = torch.cat(
        [p - p.mean(-1, keepdim=True) for p in (data.source.whole(int(c)) for c in clips)], dim=-1
    ).double()
    torch.testing.assert_close(
        moments.spread_within, centred.square().mean(-1).sqrt(), rtol=1e-4, atol=1e-6
    )


def test_normalised_training_clips_have_zero_mean_and_unit_spread(data):
    clips = all_clips(data)
    normaliser = Normaliser("corpus", 1, 16)
    normaliser.fit(moments_of(data.source, clips))
    frames = torch.cat([normaliser(data.source.whole(int(c))[None])[0] for c in clips], dim=-1)
    torch.testing.assert_close(frames.mean(-1), torch.zeros(1, 16), rtol=0, atol=1e-4)
    torch.testing.assert_close(frames.std(-1), torch.ones(1, 16), rtol=0, atol=1e-3)


def test_a_clip_normalised_by_itself_does_not_hear_a_constant_filter(data):
    normaliser = Normaliser("clip", 1, 16)
    normaliser.fit(moments_of(data.source, all_clips(data)))
    feature_map = data.source.whole(0)[None]
    coloured = feature_map + torch.linspace(-10, 10, 16)[:, None]
    torch.testing.assert_close(normaliser(feature_map), normaliser(coloured), rtol=0, atol=1e-4)


def test_padding_is_zero_and_changes_nothing():
    feature_map = torch.randn(1, 1, 16, 30, generator=torch.Generator().manual_seed(0))
    padded = torch.nn.functional.pad(feature_map, (0, 12), value=-120.0)
    for by in ("corpus", "clip", "speaker"):
        normaliser = Normaliser(by, 1, 16)
        together = normaliser(padded, torch.tensor([30]))
        torch.testing.assert_close(together[..., :30], normaliser(feature_map), rtol=0, atol=1e-5)
        assert (together[..., 30:] == 0).all()


def speaker_moments(data):
    speakers = torch.arange(90) % 4
    return SpeakerMoments(speakers, moments_of(data.source, all_clips(data)))


def test_a_speaker_is_enrolled_by_its_own_clips_alone(data):
    known = speaker_moments(data)
    among = torch.arange(40)
    for clip, statistics in zip(among, known.full(among, among), strict=True):
        own = among[known.speakers[among] == known.speakers[clip]]
        torch.testing.assert_close(statistics, known.moments[own].statistics())


def test_training_enrols_few_and_many_clips(data):
    known = speaker_moments(data)
    drawn = [
        known.drawn(torch.tensor([0]), known.among(all_clips(data)), seeds.generator(seed))
        for seed in range(40)
    ]
    assert len({float(statistics.sum()) for statistics in drawn}) > 10
    own = all_clips(data)[known.speakers == 0]
    everything = known.moments[own].statistics()
    assert any(torch.allclose(statistics[0], everything) for statistics in drawn)
    assert any((statistics == 0).all() for statistics in drawn)  # a stranger


def test_speaker_statistics_come_with_the_batches(data):
    normalised = Data(Stored(REP, data.source.features), data.targets, 3, speaker_moments(data))
    batch = next(normalised.training(all_clips(data), 8, 0.6, 0, 0))
    assert batch.speakers.shape == (8, 3, 1, 16)
    model = Normaliser("speaker", 1, 16)
    assert model(batch.features, batch.frames, batch.speakers).shape == batch.features.shape


def test_moments_pool():
    features = torch.tensor([[[[1.0, 3.0, 99.0]]], [[[5.0, 5.0, 5.0]]]])
    moments = Moments.of(features, torch.tensor([2, 3]))
    assert moments.mean.flatten().tolist() == [2, 5]
    assert moments.pooled().mean.item() == 19 / 5
