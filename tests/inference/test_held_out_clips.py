"""Clips that may judge a model are those that no network of it has heard, or it is said."""

from __future__ import annotations

import dataclasses
import json
from types import SimpleNamespace

import numpy as np
import pytest

from ser_core.evaluation import Predictions
from ser_core.inference.held_out_clips import held_out_clips
from ser_core.inference.provenance import corpus_overlap, provenance, record
from ser_core.models.bundle import Bundle


@pytest.fixture
def recorded(make_bundle, demo):
    """What a file that travels alone says of a bundle's origin."""
    return json.loads(json.dumps(record(provenance(make_bundle().about, None, demo))))


def test_test_clips_that_the_model_predicted_evaluate_it(make_bundle, demo):
    rows = demo.usable.iloc[:9]
    even = np.full((len(rows), len(demo.emotions)), 1 / len(demo.emotions))
    plain = make_bundle()
    model = Bundle(plain.model, plain.about, Predictions.of(rows, even, tuple(demo.emotions)))
    found = held_out_clips(model, demo)
    assert list(found.clips) == list(rows.index)
    assert (found.tested, found.grade) == (True, "B")
    assert found.unseen_speakers
    assert not found.elsewhere


def test_an_origin_that_travels_is_the_same_and_names_nobody(make_bundle, demo, recorded):
    first = provenance(make_bundle().about, None, demo)
    again = provenance({"origin": recorded}, None, demo)
    assert again.parts == first.parts
    assert (again.corpus, again.policy) == (first.corpus, first.policy)
    assert again.audit.grade == first.audit.grade
    assert not any(clip in json.dumps(recorded) for clip in demo.usable.index)
    clips = list(demo.usable.index)
    assert corpus_overlap(again, demo, clips).trained == corpus_overlap(first, demo, clips).trained


def test_clips_that_trained_it_and_are_elsewhere_are_not_forgotten(demo, recorded):
    few = provenance({"origin": recorded}, None, demo).of(list(demo.usable.index), "validation")
    smaller = dataclasses.replace(demo, clips=demo.clips.loc[few])
    assert (
        corpus_overlap(provenance({"origin": recorded}, None, smaller), smaller, few).audit is None
    )


def test_what_is_known_only_by_its_origin_is_evaluated_by_its_test_clips(demo, recorded):
    model = SimpleNamespace(classes=tuple(demo.emotions), about={"origin": recorded})
    found = held_out_clips(model, demo)
    assert found.tested
    assert found.grade == "B"
    assert list(found.clips) == provenance(model.about, None, demo).of(
        list(demo.usable.index), "test"
    )


def test_where_nothing_is_known_all_clips_evaluate_and_may_have_trained(demo):
    model = SimpleNamespace(classes=("anger", "fear"), about={"corpus": {"name": demo.name}})
    found = held_out_clips(model, demo)
    assert set(demo.usable.loc[list(found.clips), "emotion"]) == {"anger", "fear"}
    assert (found.tested, found.unseen_speakers, found.elsewhere) == (False, False, False)
    assert record(provenance(model.about, None, demo)) == {}


@pytest.mark.parametrize(("grade", "new"), [("A", True), ("B", True), ("E", False)])
def test_speakers_are_new_where_the_audit_says_so(demo, recorded, grade, new):
    about = {"origin": {**recorded, "audit": {**recorded["audit"], "grade": grade}}}
    model = SimpleNamespace(classes=tuple(demo.emotions), about=about)
    assert held_out_clips(model, demo).unseen_speakers == new
