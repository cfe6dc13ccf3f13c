"""Runs are read from their folders, deleted with a way back, and told apart by their splits."""

import json

import pandas as pd
import pytest

from ser_core.core import SerError, demo_corpus
from ser_core.corpora import audit_split, make_split, open_corpus
from ser_core.recipes.recipe import parse
from ser_core.runs import catalogue


def recipe(**changes):
    return parse({"corpus": str(demo_corpus()), **changes})


@pytest.fixture
def finished(tmp_path):
    """Writer of a run that has ended with a UAR."""

    def finished(uar=0.5, ends=0.1, when=1.0, clips=100, **changes):
        asked = recipe(**changes)
        folder = tmp_path / "runs" / asked.hash
        asked.save(folder / "recipe.yaml")
        corpus = open_corpus(demo_corpus())
        audit = audit_split(make_split(corpus, asked.split.policy), corpus)
        figure = {"value": uar, "low": uar - ends, "high": uar + ends}
        figure["method"] = "bootstrap over 100 clips"
        summary = {
            "split": {"audit": audit.as_dict()},
            "members": 1,
            "clips": clips,
            "minutes": 2.0,
            "finished": when,
            "test": {"uar": figure, "wa": figure},
        }
        (folder / "summary.json").write_text(json.dumps(summary))
        return catalogue.one(asked.hash, tmp_path)

    return finished


def test_a_run_says_what_was_asked_and_what_came(finished):
    run = finished(name="mine", split={"policy": "speaker-disjoint"})
    assert (run.name, run.policy, run.representation) == (
        "mine",
        "speaker-disjoint",
        "melspectrogram",
    )
    assert str(run.result.uar) == "0.500 (0.400 to 0.600)"
    assert run.result.uar.how == "95 % bootstrap over 100 clips"
    assert (run.result.grade, run.result.badge) == ("B", "")
    assert finished().result.badge == "speakers shared"


def test_the_audit_survives_its_summary(finished):
    run = finished()
    corpus = open_corpus(demo_corpus())
    audit = audit_split(make_split(corpus, "random"), corpus)
    kept = catalogue.audit_of(run)
    assert (kept.grade, kept.reading) == (audit.grade, audit.reading)
    pd.testing.assert_frame_equal(kept.worst(), audit.worst(), check_dtype=False)


def test_the_newest_comes_first_and_what_is_no_run_is_left_out(finished, tmp_path):
    finished(name="old", when=1.0)
    finished(name="new", when=2.0, seeds=[1])
    (tmp_path / "runs" / "other").mkdir()
    (tmp_path / "runs" / "odd").mkdir()
    (tmp_path / "runs" / "odd" / "recipe.yaml").write_text("[")
    assert [run.name for run in catalogue.runs(tmp_path)] == ["new", "old"]


def test_a_run_without_summary_has_no_result(tmp_path):
    recipe().save(tmp_path / "runs" / "x" / "recipe.yaml")
    assert catalogue.one("x", tmp_path).result is None


@pytest.mark.parametrize("name", ["none", "..", "../runs", ""])
def test_an_id_that_is_none_is_refused(tmp_path, name):
    with pytest.raises(SerError, match="no such run"):
        catalogue.one(name, tmp_path)


def test_deleted_and_restored_a_run_is_as_it_was(finished, tmp_path):
    run = finished()
    kept = catalogue.delete(run)
    assert catalogue.runs(tmp_path) == []
    catalogue.restore(kept)
    assert catalogue.runs(tmp_path) == [run]


def test_a_run_is_not_restored_over_a_new_one(finished):
    kept = catalogue.delete(finished())
    finished()
    with pytest.raises(SerError, match="new run"):
        catalogue.restore(kept)


def test_a_family_differs_in_split_and_name_alone(finished):
    run = finished(name="a")
    assert finished(name="b", split={"policy": "speaker-disjoint"}).family == run.family
    assert finished(split={"seed": 1}).family != run.family
    assert finished(seeds=[1]).family != run.family
