"""Clips are found by what is asked for, and neighbours differ in emotion alone."""

from pathlib import Path

import pandas as pd
import pytest

from ser_core.audio import load, sha256
from ser_core.core import demo_corpus
from ser_core.corpora import Corpus, open_corpus, scan
from ser_core.corpora.browse import (
    filter_clips,
    known_addresses,
    other_sentence,
    showcase,
    siblings,
)


@pytest.fixture(scope="module")
def demo():
    return open_corpus(demo_corpus())


@pytest.fixture
def nameless():
    """A corpus that names neither speakers nor sentences."""
    clips = pd.DataFrame(
        {
            "emotion": ["anger", "fear"],
            "speaker": pd.array([None, None], dtype="string"),
            "sentence": pd.array([None, None], dtype="string"),
            "problem": "",
        },
        index=["a.wav", "b.wav"],
    )
    return Corpus("nameless", Path(), clips)


def test_no_condition_keeps_every_clip(demo):
    assert len(filter_clips(demo.clips)) == 53


def test_conditions_are_joined_by_and(demo):
    found = filter_clips(demo.clips, emotions=["anger", "fear"], speakers=["EB0"])
    assert sorted(found["emotion"]) == ["anger", "fear"]
    assert set(found["speaker"]) == {"EB0"}
    assert len(filter_clips(demo.clips, genders=["female"])) < 53


def test_text_is_found_in_words_and_in_paths_whatever_the_case(demo):
    assert len(filter_clips(demo.clips, text=" CZERWIEC kojarzy ")) == 18
    assert list(filter_clips(demo.clips, text="eb0_ANGER").index) == ["samples/EB0_anger_82.flac"]
    assert filter_clips(demo.clips, text="(no such [words").empty


def test_siblings_are_one_speaker_and_one_sentence_in_the_order_of_the_vocabulary(demo):
    group = siblings(demo, "samples/MK0_neutral_48.flac")
    assert group["emotion"].to_list() == ["anger", "fear", "happiness", "sadness", "neutral"]
    assert set(group["speaker"]) == {"MK0"}
    assert set(group["sentence"]) == {"48"}


def test_without_names_a_clip_is_its_only_sibling(nameless):
    assert list(siblings(nameless, "b.wav").index) == ["b.wav"]
    assert other_sentence(nameless, "b.wav") == "b.wav"
    assert showcase(nameless) == "a.wav"


def test_showcase_begins_where_most_emotions_are(demo):
    assert len(siblings(demo, showcase(demo))) == 6
    assert showcase(demo, "MK0").startswith("samples/MK0")
    assert showcase(demo, "nobody") == ""


def test_other_sentence_goes_round_the_sentences_of_the_speaker(demo):
    clips = demo.clips.copy()
    clip = "samples/EB0_anger_82.flac"
    clips.loc["samples/IC0_anger_82.flac", ["speaker", "sentence"]] = ["EB0", "9"]
    corpus = Corpus("two sentences", demo.root, clips)
    other = other_sentence(corpus, clip)
    assert other == "samples/IC0_anger_82.flac"
    assert other_sentence(corpus, other) == clip
    assert other_sentence(demo, clip) == clip


def test_addresses_are_known_once_a_corpus_was_measured():
    corpus = open_corpus(demo_corpus())
    assert known_addresses(corpus) == {}
    scan(corpus)
    addresses = known_addresses(corpus)
    clip = corpus.usable.index[0]
    assert addresses[clip] == sha256(load(corpus.path(clip)))
    assert len(addresses) == len(corpus.usable)
