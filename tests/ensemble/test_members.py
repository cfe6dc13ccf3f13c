"""Runs that would leak into each other, or do not fit together, are refused with the reason."""

import json

import pandas as pd
import pytest

from ser_core.core import EvaluationError, SerError
from ser_core.corpora import Split
from ser_core.ensemble.members import Candidate, found, gather, obstacle
from ser_core.runs import catalogue


def test_runs_of_one_split_are_pooled(make_run):
    team = gather([make_run("one"), make_run("two", seed=1)], "average")
    assert team.stack.names == ("one", "two")
    assert (team.audit.grade, team.by_speaker) == ("E", False)
    apart = gather([make_run("three", policy="leave-one-speaker-out"),
                    make_run("four", policy="leave-one-speaker-out")], "average")  # fmt: skip
    assert apart.by_speaker


def test_a_member_that_trained_on_clips_the_others_are_scored_with_is_refused(make_run):
    one, two = make_run("one"), make_run("two", split_seed=1)
    with pytest.raises(EvaluationError, match=r"two: cannot be a member\. It was trained on \d+"):
        gather([one, two], "average")
    scored, trained = Candidate(one), Candidate(two)
    shared = trained.clips(0, ("train",)) & scored.clips(0, ("validation", "test"))
    assert f"{len(shared)} clips that one is validated or tested with" in obstacle(scored, trained)


def test_it_is_refused_whichever_way_the_clips_leak(make_run):
    one, two = make_run("one"), make_run("two", seed=1)
    # The same validation and test clips, but one test clip of the first trains the second.
    path = two.folder / "split.json"
    split = Split.load(path)
    clip = split.fold(0)["test"][0]
    split.table.loc[clip] = "train"
    Split(split.corpus, split.policy, split.seed, split.options, split.table).save(path)
    edited = pd.read_parquet(two.folder / "predictions.parquet")
    edited[edited["clip"] != clip].to_parquet(two.folder / "predictions.parquet")
    assert "It was trained on 1 clip that one" in obstacle(Candidate(one), Candidate(two))
    assert "two was trained on 1 clip that it" in obstacle(Candidate(two), Candidate(one))


def test_predictions_for_clips_that_trained_the_run_itself_are_refused(make_run, edit_predictions):
    run = make_run("one")
    clip = Candidate(run).split.fold(0)["train"][0]
    edit_predictions(run, lambda table: table.assign(clip=[clip, *table["clip"][1:]]))
    assert Candidate(run).fault.startswith("It was trained on 1 clip")


def test_predictions_of_enrolled_speakers_are_checked_alike(make_run):
    run = make_run("one", normalise="speaker", enrolled=2.0)
    path = run.folder / catalogue.ENROLLED
    clip = Candidate(run).split.fold(0)["train"][0]
    table = pd.read_parquet(path)
    table.assign(clip=[clip, *table["clip"][1:]]).to_parquet(path)
    assert Candidate(run).fault.startswith("It was trained on 1 clip")


def test_what_else_keeps_a_run_out(make_run):
    one = Candidate(make_run("one"))
    fault = Candidate(make_run("two", bundles=False)).fault
    assert fault == "Its model is not on this computer, only its predictions"
    other = make_run("three", policy="leave-one-speaker-out")
    assert "trained on" in obstacle(one, Candidate(other))
    unfinished = make_run("four")
    (unfinished.folder / "summary.json").unlink()
    assert Candidate(catalogue.open_run(unfinished.folder)).fault == "It is not finished"
    assert obstacle(one, one) == ""


def test_runs_of_another_corpus_are_refused(make_run):
    one, two = make_run("one"), make_run("two")
    path = two.folder / "split.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "corpus": "other"}))
    assert obstacle(Candidate(one), Candidate(two)) == "It uses other clips (other) than one"


def test_seeds_are_one_member_or_several(make_run):
    run = make_run("one", seeds=(0, 1))
    team = gather([run], "members")
    assert team.stack.names == ("one, seed 0", "one, seed 1")
    assert [len(member.bundles) for member in team.members] == [1, 1]
    with pytest.raises(EvaluationError, match="1 member cannot be pooled"):
        gather([run], "average")


def test_a_run_is_found_by_its_folder_or_its_id(make_run):
    run = make_run("one")
    assert found(str(run.folder)).id == found(run.id).id == run.id
    with pytest.raises(SerError, match="no such run"):
        found("nothing")
    with pytest.raises(EvaluationError, match="given twice"):
        gather([run, run], "average")
