"""Wishing for another speaker, emotion or sentence gives the clip that is otherwise most alike."""

import pytest

from ser_core.core import demo_corpus
from ser_core.corpora import open_corpus
from ser_core.corpora.nearest import nearest


@pytest.fixture(scope="module")
def demo():
    return open_corpus(demo_corpus())


def test_another_emotion_keeps_speaker_and_sentence(demo):
    found = nearest(demo, "samples/EB0_anger_82.flac", emotion="sadness")
    assert found == "samples/EB0_sadness_82.flac"


def test_another_speaker_keeps_the_sentence_before_the_emotion(demo):
    clips = demo.clips
    own = clips.loc["samples/EB0_anger_82.flac"]
    found = clips.loc[nearest(demo, "samples/EB0_anger_82.flac", speaker="WR0")]
    assert found["speaker"] == "WR0"
    same_words = clips[(clips["speaker"] == "WR0") & (clips["sentence"] == own["sentence"])]
    expected = own["sentence"] if len(same_words) else found["sentence"]
    assert found["sentence"] == expected
    assert found["emotion"] == "anger"


@pytest.mark.parametrize("wish", [{"emotion": "boredom"}, {"emotion": "anger"}, {}])
def test_a_wish_that_is_met_or_cannot_be_met_changes_nothing(demo, wish):
    clip = "samples/EB0_anger_82.flac"
    assert nearest(demo, clip, **wish) == clip
