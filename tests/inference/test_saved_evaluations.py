"""A model that was judged stands among the results, and reads like a run."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest

from ser_core.core import SerError, demo_corpus
from ser_core.inference import saved_evaluations
from ser_core.inference.enrolment import Enrolment
from ser_core.inference.model_evaluation import Choice, evaluate_model
from ser_core.runs import catalogue


@pytest.fixture(scope="module")
def bundle(make_bundle, tmp_path_factory):
    return make_bundle().save(tmp_path_factory.mktemp("judged") / "bundle")


@pytest.fixture(scope="module")
def found(bundle, demo):
    """Its own test clips, as strangers and with every voice known."""
    return evaluate_model(bundle, demo, Choice(part="test"), Enrolment((0, None)))


@pytest.fixture
def kept(found, bundle):
    return saved_evaluations.save_evaluation(found, bundle, demo_corpus(), Choice(part="test"))


def test_it_reads_like_a_run(kept, found):
    assert [each.id for each in saved_evaluations.saved_evaluations()] == [kept.id]
    assert kept.result.grade == found.overlap.audit.grade == "B"
    assert kept.result.uar.value == found.reports[0].uar.value
    assert kept.result.enrolled.value == found.reports[None].uar.value
    assert catalogue.report_of(kept).confusion == found.reports[0].confusion
    assert catalogue.report_of(kept, enrolled=True).uar.value == found.reports[None].uar.value
    assert catalogue.audit_of(kept).reading == found.overlap.audit.reading
    assert (kept.policy, kept.representation, kept.corpus) == (
        "leave-one-speaker-out", "melspectrogram", demo_corpus(),
    )  # fmt: skip
    assert kept.said == found.overlap.said
    assert not kept.outdated


def test_the_same_again_takes_its_place(kept, found, bundle):
    strangers = replace(found, predictions={0: found.predictions[0]}, reports={0: found.reports[0]})
    again = saved_evaluations.save_evaluation(strangers, bundle, demo_corpus(), Choice(part="test"))
    assert again.id == kept.id
    assert again.result.enrolled is None
    assert not (again.folder / catalogue.ENROLLED).exists()
    other = saved_evaluations.save_evaluation(strangers, bundle, demo_corpus(), Choice())
    assert {each.id for each in saved_evaluations.saved_evaluations()} == {kept.id, other.id}


def test_it_is_deleted_and_brought_back_as_a_run_is(kept):
    where = catalogue.delete(kept)
    assert saved_evaluations.saved_evaluations() == []
    catalogue.restore(where)
    assert saved_evaluations.one(kept.id) == kept


def test_a_test_without_an_audit_has_no_grade(kept, found, bundle):
    void = replace(found.overlap, audit=None)
    kept = saved_evaluations.save_evaluation(
        replace(found, overlap=void), bundle, demo_corpus(), Choice(part="test")
    )
    assert catalogue.audit_of(kept) is None
    assert kept.result.badge == catalogue.report_of(kept).badge == "split not audited"


def test_a_model_that_was_made_again_makes_it_outdated(kept, bundle):
    was = (bundle / "bundle.json").stat().st_mtime
    os.utime(bundle / "bundle.json", (was + 9, was + 9))
    assert saved_evaluations.one(kept.id).outdated
    os.utime(bundle / "bundle.json", (was, was))
    assert not saved_evaluations.one(kept.id).outdated


def test_clips_that_are_drawn_to_be_enrolled_are_no_test_to_keep(bundle, demo):
    drawn = evaluate_model(bundle, demo, Choice(part="test"), Enrolment((0, 1)))
    assert not saved_evaluations.fits(drawn)
    assert not saved_evaluations.fits(evaluate_model(bundle, demo, Choice(part="validation")))


@pytest.mark.parametrize("name", ["judged-none", "../runs", ""])
def test_what_is_not_there_is_reported(kept, name):
    with pytest.raises(SerError, match="no such result"):
        saved_evaluations.one(name)


def test_a_folder_that_holds_something_else_is_left_out(kept):
    (kept.folder / saved_evaluations.ABOUT).write_text("{}")
    assert saved_evaluations.saved_evaluations() == []
