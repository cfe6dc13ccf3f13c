"""Ensembles are found again, renamed, deleted with a way back; a search can be watched."""

import pytest

from ser_core.core import SerError
from ser_core.ensemble import Options, gather, optimise
from ser_core.ensemble.assemble import assemble
from ser_core.ensemble.catalogue import Request, ask, delete, ensembles, one, rename, restore
from ser_core.ensemble.launch import ensemble_of, line, shell
from ser_core.ensemble.optimisation import summary
from ser_core.ensemble.search_history import History

FEW = Options(trials=8)


@pytest.fixture
def request_(make_run):
    chosen = [make_run("one", seed=1), make_run("two", seed=2)]
    return Request("mine", tuple(run.id for run in chosen), FEW, {})


@pytest.fixture
def saved(request_):
    from ser_core.ensemble import found

    team = gather([found(run) for run in request_.runs], "average")
    watch = History(ask(request_) / "history.json", "nll", every=0)
    study = optimise(team, FEW, watch=watch)
    assemble(study, request_.name).save(one(request_.id).model)
    return one(request_.id)


def test_what_was_asked_for_is_listed_before_it_is_made(request_):
    ask(request_)
    (waiting,) = ensembles()
    assert (waiting.name, waiting.about, waiting.made) == ("mine", None, 0)
    assert waiting.history() == []


def test_a_made_one_tells_its_badge_and_its_search(saved):
    assert ensembles()[0].badge == "speakers shared"
    history = saved.history()
    assert [row["trial"] for row in history] == list(range(8))
    best = [row["best"] for row in history]
    assert best == sorted(best, reverse=True)
    assert min(row["value"] for row in history) == best[-1]


def test_it_can_be_renamed_deleted_and_brought_back(saved):
    rename(saved, "better")
    assert one(saved.id).name == "better"
    assert (saved.model / "README.md").read_text().startswith("# better")
    kept = delete(saved)
    assert ensembles() == []
    restore(kept)
    assert one(saved.id).name == "better"
    with pytest.raises(SerError):
        rename(saved, " ")
    with pytest.raises(SerError, match="no such ensemble"):
        one("../runs")


def test_the_same_request_has_the_same_id_and_its_command_says_what_differs(request_):
    again = Request("mine", request_.runs, Options(trials=8), {})
    assert request_.id == again.id
    assert request_.id != Request("mine", request_.runs, Options(trials=9), {}).id
    command = " ".join(line(request_, "out"))
    assert "--trials 8" in command
    assert "--objective" not in command
    assert "SER_HOME=" in shell(request_)


def test_only_its_own_jobs_are_ensembles():
    class Job:
        key = "train:abc"

    assert ensemble_of(Job()) is None


def test_the_summary_is_plain_and_every_step_is_reported(make_run):
    import json

    policy = {"policy": "grouped-k-fold", "folds": 3}
    chosen = [make_run("one", seed=1, **policy), make_run("two", seed=2, **policy)]
    steps = []
    study = optimise(
        gather(chosen, "average"), FEW, progress=lambda done, total: steps.append((done, total))
    )
    assert steps == [(n, 2 + 3 * 3) for n in range(12)]
    found = json.loads(json.dumps(summary(study), allow_nan=False))
    assert study.fit_on == "out-of-fold"
    assert set(found["fold_weights"]) == {"0", "1", "2"}
    assert len(found["left_out"]) == 4
