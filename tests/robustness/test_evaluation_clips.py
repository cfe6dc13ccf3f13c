"""The clips a model is tried on are its own test clips, or it is said that they are not."""

from __future__ import annotations

import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest

from ser_core.core import CorpusError
from ser_core.corpora import audit_split, make_split
from ser_core.evaluation import BADGES, Predictions
from ser_core.inference.evaluation_clips import UNKNOWN, choose, clip_source, drawn
from ser_core.models.abilities import SINGLE
from ser_core.models.bundle import Bundle

from .conftest import CLASSES


def told(bundle, predictions=None, **about):
    return Bundle(bundle.model, {**bundle.about, **about}, predictions)


def answers(corpus, clips, part="test"):
    rows = corpus.usable.loc[clips]
    return Predictions.of(rows, np.full((len(rows), 6), 1 / 6), CLASSES, part=part)


def test_test_clips_are_taken_where_the_model_names_them(bundle, corpus):
    test, other = list(corpus.usable.index[:9]), list(corpus.usable.index[9:20])
    named = Predictions.concat([answers(corpus, test), answers(corpus, other, "validation")])
    audit = {"grade": "E"}
    found = choose(told(bundle, named, split={"audit": audit}), corpus)
    assert list(found.clips.index) == test
    assert found.description == f"all 9 test clips of {corpus.name}"
    assert found.badge == "speakers shared"
    assert not found.by_speaker


def test_unseen_speakers_make_intervals_over_speakers(bundle, corpus):
    named = answers(corpus, list(corpus.usable.index[:9]))
    found = clip_source(told(bundle, named, split={"audit": {"grade": "B"}}), corpus)
    assert (found.badge, found.by_speaker) == ("", True)


def test_a_split_that_can_be_made_again_gives_its_test_clips(bundle, corpus):
    split = make_split(corpus, "random", seed=3)
    about = {
        "recipe": {"split": {"policy": "random", "seed": 3}},
        "split": {
            "policy": "random", "seed": 3, "hash": split.hash, "fold": "split",
            "audit": audit_split(split, corpus).as_dict(),
        },
    }  # fmt: skip
    assert list(clip_source(told(bundle, **about), corpus).clips) == split.fold(0)["test"]
    about["split"]["hash"] = "another"
    assert clip_source(told(bundle, **about), corpus).badge == UNKNOWN


def test_another_corpus_is_new_to_the_model(bundle, corpus):
    found = clip_source(told(bundle, corpus={"name": "Elsewhere"}), corpus)
    assert "new to the model" in found.words
    assert len(found.clips) == len(corpus.usable)


def test_nothing_known_is_said(bundle, corpus):
    assert choose(bundle, corpus, 6).badge == UNKNOWN


def test_clips_are_drawn_evenly_and_the_same_each_time(corpus):
    found = drawn(corpus.usable, 24, seed=0)
    assert set(found["emotion"].value_counts()) == {4}
    assert found["speaker"].nunique() >= 6
    assert list(found.index) == list(drawn(corpus.usable, 24, seed=0).index)
    assert list(found.index) != list(drawn(corpus.usable, 24, seed=1).index)


def test_a_corpus_of_other_emotions_is_refused(bundle, corpus):
    other = dataclasses.replace(corpus, clips=corpus.clips.assign(emotion="boredom"))
    with pytest.raises(CorpusError, match="no clip of any class of the model"):
        choose(bundle, other)


def test_an_ensemble_is_tried_on_what_the_models_it_asks_have_not_heard(corpus):
    """It may ask others than it was measured with, which were trained on most of those clips."""
    split = make_split(corpus, "random", seed=0)
    audit = audit_split(split, corpus).as_dict()
    about = {
        "corpus": {"name": corpus.name},
        "recipe": {"split": {"policy": "random"}},
        "split": {
            "policy": "random", "seed": 0, "hash": split.hash, "fold": split.folds[0],
            "audit": audit,
        },
    }  # fmt: skip
    classes = tuple(corpus.emotions)
    even = np.full((len(corpus.usable), len(classes)), 1 / len(classes))
    measured = Predictions.of(corpus.usable, even, classes)
    ensemble = SimpleNamespace(
        classes=classes,
        about={"split": {"audit": {"grade": "B"}}},
        predictions=measured,
        models=((SimpleNamespace(about=about),),),
        lacks={SINGLE: "several networks answer together"},
    )
    found = clip_source(ensemble, corpus)
    assert sorted(found.clips) == sorted(split.fold(0)["test"])
    assert found.badge == BADGES[audit["grade"]]
    assert not found.by_speaker
