from __future__ import annotations

import pytest
import torch

from ser_core.core import ParameterError
from ser_core.models.normalisation import LEAST_SHARE, PRIOR_FRAMES, Moments, Normaliser


def columns(clips: int, mean: float, spread: float, seed: int = 0) -> torch.Tensor:
    """Clips of one frame and four bins."""
    draw = torch.Generator().manual_seed(seed)
    return mean + spread * torch.randn(clips, 1, 4, 1, generator=draw)


def moments(clips: torch.Tensor) -> Moments:
    return Moments.of(clips, torch.ones(len(clips), dtype=torch.long))


@pytest.fixture
def summary():
    normaliser = Normaliser("speaker", 1, 4, summary=True)
    normaliser.fit(moments(columns(4000, 0.0, 2.0)))
    return normaliser


def test_a_clip_of_one_frame_without_enrolment_is_normalised_by_the_corpus(summary):
    clips = columns(5000, 0.0, 2.0, seed=1)
    torch.testing.assert_close(summary(clips).std(), torch.tensor(1.0), atol=0.03, rtol=0)
    unknown = torch.zeros(len(clips), 3, 1, 4)
    torch.testing.assert_close(summary(clips, None, unknown), summary(clips))


def test_an_enrolled_speaker_loses_its_own_mean_and_spread(summary):
    clips = columns(500, 30.0, 7.0)
    statistics = moments(clips).statistics().expand(len(clips), -1, -1, -1)
    normalised = summary(clips, None, statistics)
    assert abs(normalised.mean()) < 0.2
    torch.testing.assert_close(normalised.std(), torch.tensor(1.0), atol=0.05, rtol=0)


def test_a_speaker_of_which_little_is_known_is_held_to_be_like_the_others(summary):
    (clip,) = columns(1, 10.0, 0.0)
    statistics = moments(clip[None]).statistics()[None]
    share = 1 / (1 + PRIOR_FRAMES)
    left = (10 - share * 10) / (2 * (1 - share) ** 0.5)
    got = summary(clip[None], None, statistics)
    torch.testing.assert_close(got, torch.full((1, 1, 4, 1), left), atol=0.1, rtol=0)


def test_no_clips_are_an_unenrolled_speaker():
    assert (
        moments(columns(3, 1.0, 1.0))[torch.tensor([], dtype=torch.long)].statistics() == 0
    ).all()


def test_a_single_frame_cannot_be_normalised_by_itself():
    with pytest.raises(ParameterError, match="leaves nothing of a clip that is one frame"):
        Normaliser("clip", 1, 4, summary=True)


def test_a_band_that_a_speaker_leaves_empty_is_not_blown_up():
    normaliser = Normaliser("speaker", 1, 2)
    clips = 10 * torch.randn(50, 1, 2, 30, generator=torch.Generator().manual_seed(0))
    frames = torch.full((50,), 30)
    normaliser.fit(Moments.of(clips, frames))
    empty = clips.clone()
    empty[:, :, 1] = -120
    statistics = Moments.of(empty, frames).statistics().expand(50, -1, -1, -1)
    stirred = empty.clone()
    stirred[:, :, 1] += 3
    largest = normaliser(stirred, frames, statistics)[:, :, 1].abs().max()
    assert largest == pytest.approx(3 / (LEAST_SHARE * 10), rel=0.1)
