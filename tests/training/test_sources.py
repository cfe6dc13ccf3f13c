from __future__ import annotations

import numpy as np
import pytest
import torch

from ser_core.core import demo_corpus
from ser_core.corpora import open_corpus
from ser_core.recipes.recipe import parse
from ser_core.training import sources
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


def test_copies_at_other_speeds_stand_behind_the_clips_as_speakers_of_their_own(corpus):
    plain = prepare(corpus, recipe(normalise="speaker"))
    fast = prepare(corpus, recipe(normalise="speaker", augment={"speeds": [1.25]}))
    clips = len(plain.clips)
    assert plain.training(plain.clips[:2]).tolist() == [0, 1]
    assert fast.positions(plain.clips[:2]).tolist() == [0, 1]
    assert fast.training(plain.clips[:2]).tolist() == [0, 1, clips, clips + 1]
    assert fast.data.targets.tolist() == 2 * plain.data.targets.tolist()
    speakers = fast.data.speaker_moments.speakers
    assert not set(speakers[:clips].tolist()) & set(speakers[clips:].tolist())
    for clip in range(3):
        torch.testing.assert_close(fast.data.source.whole(clip), plain.data.source.whole(clip))
        frames, faster = (fast.data.source.whole(at).shape[-1] for at in (clip, clips + clip))
        assert faster == pytest.approx(frames / 1.25, abs=1)


def test_progress_counts_clips_as_they_are_ready_and_the_store_is_used_again(corpus, monkeypatch):
    monkeypatch.setattr(sources, "STRETCH", 20)
    told = []
    speeds = {"speeds": [1.25]}
    first = prepare(corpus, recipe(augment=speeds), lambda *numbers: told.append(numbers))
    done = [each for each, _ in told]
    assert told[-1] == (len(first.clips), len(first.clips))
    assert done == sorted(done)
    assert set(range(len(first.clips))) <= set(done)
    again = []
    second = prepare(corpus, recipe(augment=speeds), lambda done, _total: again.append(done))
    assert again == [0, 20, 40, len(first.clips)]  # nothing is represented a second time
    for clip in (5, 30, 60, 100):
        np.testing.assert_array_equal(first.data.source.whole(clip), second.data.source.whole(clip))


@pytest.mark.parametrize("changes", [{}, {"augment": {"speeds": [1.25]}}])
def test_what_does_not_fit_into_memory_is_the_same_at_each_access(corpus, monkeypatch, changes):
    whole = prepare(corpus, recipe(**changes))
    monkeypatch.setattr(sources, "room", lambda _share: 165_000)
    tight = prepare(corpus, recipe(**changes))
    assert 0 < tight.memory.sounds < whole.memory.sounds / 10
    assert 0 < tight.memory.features < whole.memory.features
    assert whole.memory.always == 0, "training needs features alone"
    for number in range(len(whole.data.targets)):
        np.testing.assert_array_equal(
            tight.data.source.whole(number), whole.data.source.whole(number)
        )
        one, other = tight.waveforms[number], whole.waveforms[number]
        np.testing.assert_array_equal(one.samples, other.samples)
        assert one.sample_rate == other.sample_rate


def test_sounds_that_are_trained_on_stay_whatever_room_there_is(corpus, monkeypatch):
    monkeypatch.setattr(sources, "room", lambda _share: 0)
    noisy = prepare(corpus, recipe(augment={"waveform": "noise"}))
    assert noisy.memory.always == sum(noisy.waveforms[i].nbytes for i in range(len(noisy.clips)))
    assert (noisy.memory.features, noisy.memory.sounds) == (0, 0)
