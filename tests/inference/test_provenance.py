from __future__ import annotations

import dataclasses

import pytest

from ser_core.inference.provenance import corpus_overlap, provenance


def test_a_split_is_made_again_and_known_by_its_hash(make_bundle, demo, demo_split):
    found = provenance(make_bundle(fold="IC0").about, None, demo)
    assert found.parts == dict(demo_split.table["IC0"].items())
    assert "made again" in found.how


def test_a_split_beside_the_model_needs_no_corpus(make_run, tmp_path, make_bundle):
    run = make_run(tmp_path)
    found = provenance(make_bundle().about, run / "fold-0-seed-0" / "bundle", None)
    assert found.parts is not None
    assert "stored with the model" in found.how


def test_a_split_that_differs_is_not_believed(make_bundle, demo):
    about = make_bundle().about
    about = {**about, "split": {**about["split"], "hash": "0123456789abcdef"}}
    found = provenance(about, None, demo)
    assert found.parts is None
    overlap = corpus_overlap(found, demo, list(demo.usable.index))
    assert (overlap.trained, overlap.audit) == (None, None)
    assert "not known which clips trained the model" in overlap.said


def test_test_clips_wear_the_grade_that_was_recorded(make_bundle, demo):
    found = provenance(make_bundle().about, None, demo)
    overlap = corpus_overlap(found, demo, found.of(list(demo.usable.index), "test"))
    assert (overlap.trained, overlap.chosen, overlap.audit.grade) == (0, 0, "B")


def test_one_clip_that_trained_the_model_voids_the_figure(make_bundle, demo):
    found = provenance(make_bundle().about, None, demo)
    overlap = corpus_overlap(found, demo, list(demo.usable.index))
    parts = list(found.parts.values())
    assert (overlap.trained, overlap.chosen) == (parts.count("train"), parts.count("validation"))
    assert overlap.audit.grade == "F"
    assert f"{overlap.trained} trained the model" in overlap.said


def test_validation_clips_are_graded_by_what_is_at_hand(make_bundle, demo):
    found = provenance(make_bundle().about, None, demo)
    overlap = corpus_overlap(found, demo, found.of(list(demo.usable.index), "validation"))
    assert (overlap.trained, overlap.chosen, overlap.audit.grade) == (0, 6, "B")


def test_where_trainers_are_elsewhere_nobody_can_say(make_bundle, demo):
    found = provenance(make_bundle().about, None, demo)
    few = found.of(list(demo.usable.index), "validation")
    smaller = dataclasses.replace(demo, clips=demo.clips.loc[few])
    assert corpus_overlap(found, smaller, few).audit is None


@pytest.mark.parametrize("about", [{}, {"members": []}])
def test_a_model_that_says_nothing_is_of_unknown_origin(about, demo):
    assert provenance(about, None, demo).parts is None


def test_of_several_models_a_clip_is_what_it_was_to_the_one_that_knew_it_best(
    make_bundle, demo, tmp_path
):
    places = [f"members/0/{fold}" for fold in ("EB0", "IC0")]
    bundles = [make_bundle(fold=place[-3:]) for place in places]
    for bundle, place in zip(bundles, places, strict=True):
        bundle.save(tmp_path / place)
    found = provenance({"members": [{"bundles": places}]}, tmp_path, demo)
    one, two = (provenance(bundle.about, None, demo) for bundle in bundles)
    assert all(
        (part == "train") == ("train" in (one.parts[clip], two.parts[clip]))
        for clip, part in found.parts.items()
    )
