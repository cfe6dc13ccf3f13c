"""The Ensemble page: choose members, see why others cannot join, start, read what came of it."""

import shutil

import pytest

from ser_core import jobs
from ser_core.ensemble import Candidate, Options, gather, optimise
from ser_core.ensemble.assemble import assemble
from ser_core.ensemble.catalogue import Request, ask, ensembles
from ser_core.jobs import Job
from ser_core.runs.catalogue import runs
from tests.ensemble.conftest import Maker

VIEWS = [
    "Weights", "Is it worth it?", "Errors in common", "Confidence", "Confusion", "Search", "Card",
]  # fmt: skip


def button(app, label):
    return next(b for b in app.button if b.label == label)


def tick(app, key, rows):
    """Tick rows of a table of runs."""
    app.session_state[key] = {"selection": {"rows": rows, "columns": [], "cells": []}}
    app.run()


def box(app, label):
    return next(w for w in [*app.selectbox, *app.multiselect] if w.label == label)


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    """Runtime folder with two runs of one split, one of another, and an ensemble of the two."""
    home = tmp_path_factory.mktemp("prepared")
    make_run = Maker(home)
    chosen = [
        make_run("one", 1.5, seed=1),
        make_run("two", 1.2, seed=2, normalise="speaker", enrolled=5.0),
    ]
    make_run("stranger", split_seed=5)
    team = gather(chosen, "average")
    study, enrolled = (
        optimise(each, Options(trials=8, risk=0.9)) for each in (team, team.enrolled_team())
    )
    folder = home / "ensembles" / "mine"
    assemble(study, "ours", enrolled=enrolled).save(folder / "ensemble")
    return home


@pytest.fixture
def with_runs(prepared, ser_home):
    shutil.copytree(prepared / "runs", ser_home / "runs")
    return ser_home


@pytest.fixture
def made(prepared, with_runs):
    shutil.copytree(prepared / "ensembles", with_runs / "ensembles")
    return "mine"


@pytest.fixture
def queued(monkeypatch, tmp_path):
    """Orders that would have been put into the queue."""
    orders = []

    def enqueue(wanted, **_):
        orders.extend(wanted)
        return [Job(tmp_path / "job", each.title, each.key, each.command, 0.0) for each in wanted]

    monkeypatch.setattr("ser_core.ensemble.launch.enqueue", enqueue)
    return orders


def test_without_runs_it_says_what_to_do(visit, said):
    app = visit("ensemble")
    assert "No runs to pool yet" in said(app)
    assert any("Train" in link.label for link in app.get("page_link"))


def test_runs_of_one_split_are_members_and_others_stand_below_with_the_reason(visit, with_runs):
    app = visit("ensemble")
    assert sorted(app.dataframe[0].value["Run"]) == ["one", "two"]
    assert "members" not in app.query_params  # all are ticked
    refused = app.dataframe[1].value
    assert list(refused["Run"]) == ["stranger"]
    assert "was trained on" in refused["Reason"][0]


def test_a_start_queues_the_command_and_opens_the_ensemble(visit, with_runs, queued):
    app = visit("ensemble")
    box(app, "Objective").set_value("uar").run()
    next(t for t in app.text_input if t.label == "Name").set_value("both").run()
    button(app, "Start").click().run()
    (order,) = queued
    assert order.title == "both"
    assert ("--objective", "uar") in list(zip(order.command, order.command[1:], strict=False))
    assert "--trials" not in order.command
    assert app.query_params["ensemble"] == ensembles()[0].id
    assert order.key == f"ensemble:{ensembles()[0].id}"


def test_a_field_that_the_press_on_start_leaves_counts(visit, with_runs, queued):
    app = visit("ensemble")
    next(t for t in app.text_input if t.label == "Name").set_value("typed last")
    button(app, "Start").click().run()
    assert queued[0].title == "typed last"


def test_a_press_counts_though_the_view_is_left_at_once(visit, with_runs, queued):
    app = visit("ensemble")
    button(app, "Start").click()
    app.query_params["ensembles"] = "Ensembles"
    app.session_state["ensembles"] = "Ensembles"
    app.run()
    assert queued[0].title == "Ensemble of 2"


def test_one_member_cannot_start(visit, with_runs, said):
    app = visit("ensemble")
    one = next(run for run in runs() if run.name == "one")
    key = f"members-{Candidate(one).split.hash}"
    tick(app, key, [1])
    assert button(app, "Start").disabled
    assert "Choose two members or more" in said(app)
    name = app.dataframe[0].value["Run"][1]
    (chosen,) = (run for run in runs() if run.name == name)
    assert app.query_params["members"] == chosen.id
    linked = visit("ensemble", members=chosen.id)  # the link shows the same choice
    assert linked.query_params["members"] == chosen.id
    assert button(linked, "Start").disabled


def test_a_penalty_is_offered_where_it_means_something(visit, with_runs):
    app = visit("ensemble")
    assert "Penalty (L1)" not in [n.label for n in app.number_input]
    box(app, "Pooling").set_value("log-linear").run()
    assert "Penalty (L1)" in [n.label for n in app.number_input]
    box(app, "Objective").set_value("uar").run()
    assert "Penalty (L1)" not in [n.label for n in app.number_input]
    assert not app.error


@pytest.mark.parametrize("view", VIEWS)
def test_every_view_opens_by_its_address(visit, made, view):
    app = visit("ensemble", ensemble=made, view=view)
    assert not app.error
    assert not app.exception
    assert app.title[0].value == "ours"


def test_figures_wear_the_badge_and_are_those_of_the_file(visit, said, made):
    app = visit("ensemble", ensemble=made)
    about = ensembles()[0].about
    shown = {metric.label: metric.value for metric in app.metric}
    assert shown["UAR"] == f"{about['metrics']['uar']['value']:.3f}"
    assert said(app).count(":red-badge[speakers shared]") >= 5
    weights = app.dataframe[0].value.set_index("Member")["Weight"]
    assert list(weights) == about["weights"]


def test_enrolled_speakers_have_figures_of_their_own(visit, made):
    about = ensembles()[0].about
    app = visit("ensemble", ensemble=made, voices="enrolled voices", view="Search")
    shown = {metric.label: metric.value for metric in app.metric}
    assert not app.error
    assert shown["UAR"] == f"{about['enrolled']['metrics']['uar']['value']:.3f}"
    assert about["enrolled"]["metrics"]["uar"] != about["metrics"]["uar"]


@pytest.fixture
def for_seen(ser_home):
    """Two runs on unseen speakers, two on shared ones, and an ensemble with weights for both."""
    make_run = Maker(ser_home)
    unseen = [
        make_run(name, skill, seed=n, policy="grouped-k-fold", folds=3)
        for n, (name, skill) in enumerate((("one", 1.5), ("two", 1.2)))
    ]
    shared = [make_run("three", 4.0, seed=5), make_run("four", 3.0, seed=6)]
    studies = [
        optimise(gather(runs, "average"), Options(trials=8, risk=0.9)) for runs in (unseen, shared)
    ]
    folder = ser_home / "ensembles" / "mine"
    assemble(studies[0], "ours", seen=studies[1]).save(folder / "ensemble")
    return unseen, shared


def test_voices_in_training_have_figures_of_their_own_and_their_badge(visit, said, for_seen):
    about = ensembles()[0].about
    plain = visit("ensemble", ensemble="mine")
    assert ":red-badge[speakers shared]" not in said(plain)
    app = visit("ensemble", ensemble="mine", voices="voices in training", view="Search")
    assert not app.error
    shown = {metric.label: metric.value for metric in app.metric}
    assert shown["UAR"] == f"{about['seen']['metrics']['uar']['value']:.3f}"
    assert about["seen"]["metrics"]["uar"] != about["metrics"]["uar"]
    assert ":red-badge[speakers shared]" in said(app)


def test_runs_for_voices_in_training_are_offered_and_pooled_beside(visit, for_seen, queued):
    unseen, shared = for_seen
    app = visit("ensemble", members=",".join(run.id for run in unseen))
    assert app.query_params["members"]  # the address says which runs, though it is all of a split
    table = app.dataframe[1].value  # as that of the members, with what each scores
    assert set(table["Run"]) == {"three", "four"}
    assert table["UAR"].gt(0).all()
    one = next(run for run in runs() if run.id == shared[0].id)
    tick(app, f"seen-{Candidate(one).split.hash}", [0])
    assert button(app, "Start").disabled
    tick(app, f"seen-{Candidate(one).split.hash}", [0, 1])
    button(app, "Start").click().run()
    (order,) = queued
    asked = [order.command[i + 1] for i, part in enumerate(order.command) if part == "--seen"]
    assert set(asked) == {run.id for run in shared}


def test_runs_on_shared_speakers_are_offered_no_others_of_their_kind(visit, for_seen):
    app = visit("ensemble", members=",".join(run.id for run in for_seen[1]))
    assert not [each for each in app.expander if each.label == "For voices in training"]


def test_the_comparison_is_reported_in_words(visit, said, made):
    text = said(visit("ensemble", ensemble=made, view="Is it worth it?"))
    assert "equal weights" in text
    assert "best single member" in text


def test_it_is_listed_deleted_and_brought_back(visit, said, made):
    app = visit("ensemble", ensembles="Ensembles")
    assert list(app.dataframe[0].value["Ensemble"]) == ["ours"]
    app = visit("ensemble", ensemble=made)
    button(app, "Delete").click().run()
    assert ensembles() == []
    assert "Ensemble deleted" in said(app)
    button(app, "Undo").click().run()
    assert [saved.name for saved in ensembles()] == ["ours"]


def test_it_can_be_renamed(visit, made):
    app = visit("ensemble", ensemble=made)
    next(t for t in app.text_input if t.key == "new-name").set_value("better").run()
    button(app, "Save").click().run()
    assert app.title[0].value == "better"


def test_one_that_failed_says_why(visit, said, with_runs):
    folder = ask(Request("odd", ("nothing", "at all"), Options(), {}))
    job = jobs.start(
        ["python", "-c", "raise SystemExit('no such run')"], title="odd",
        key=f"ensemble:{folder.name}",
    )  # fmt: skip
    job.wait(20)
    app = visit("ensemble", ensemble=folder.name)
    assert "failed" in said(app)
    assert "no such run" in app.error[0].value
    assert button(app, "Try again")


def test_an_unknown_one_is_reported_with_a_way_back(visit):
    app = visit("ensemble", ensemble="../runs")
    assert "no such ensemble" in app.error[0].value
    button(app, "← All ensembles").click().run()
    assert "ensemble" not in app.query_params
