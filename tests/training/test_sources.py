from __future__ import annotations

import numpy as np
import pytest
import torch

from ser_core.corpora import open_corpus
from ser_core.settings import demo_corpus
from ser_core.training.recipe import parse
from ser_core.training.sources import prepare


@pytest.fixture(scope="module")
def corpus():
    return open_corpus(demo_corpus())


def recipe(**changes):
    return parse(
        {
            "corpus": str(demo_corpus()),
            "representation": {"name": "melspectrogram", "n_mels": 16, "hop_length": 400},
            **changes,
        }
    )


def test_copies_at_other_speeds_stand_behind_the_clips_as_voices_of_their_own(corpus):
    plain = prepare(corpus, recipe(normalise="speaker"))
    fast = prepare(corpus, recipe(normalise="speaker", augment={"speeds": [1.25]}))
    clips = len(plain.clips)
    assert plain.training(plain.clips[:2]).tolist() == [0, 1]
    assert fast.positions(plain.clips[:2]).tolist() == [0, 1]
    assert fast.training(plain.clips[:2]).tolist() == [0, 1, clips, clips + 1]
    assert fast.data.targets.tolist() == 2 * plain.data.targets.tolist()
    speakers = fast.data.voices.speakers
    assert not set(speakers[:clips].tolist()) & set(speakers[clips:].tolist())
    for clip in range(3):
        torch.testing.assert_close(fast.data.source.whole(clip), plain.data.source.whole(clip))
        frames, faster = (fast.data.source.whole(at).shape[-1] for at in (clip, clips + clip))
        assert faster == pytest.approx(frames / 1.25, abs=1)


def test_progress_reaches_the_end_and_the_store_is_used_again(corpus):
    told = []
    first = prepare(corpus, recipe(), lambda done, total: told.append((done, total)))
    done = [each for each, _ in told]
    assert told[-1] == (2 * len(first.clips), 2 * len(first.clips))
    assert done == sorted(done)
    again = []
    second = prepare(corpus, recipe(), lambda done, _total: again.append(done))
    assert len(again) == len(first.clips) + 1  # nothing is represented a second time
    np.testing.assert_array_equal(first.data.source.whole(5), second.data.source.whole(5))
