"""Runs in PostgreSQL: written by several processes at once, read as MLflow's client reads them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from types import SimpleNamespace
from urllib.parse import unquote, urlsplit

import pytest

from ser_core import tracking
from ser_core.core import Mark, ParameterError, TrackingError, settings
from ser_core.runs import mlflow_sync
from ser_core.sweeps import study
from ser_core.tracking import addresses, reading, server, store

WRITERS, EACH = 8, 25
WRITE = """
import os, sys
from multiprocessing import get_context
import mlflow  # once for all writers: it takes seconds
from ser_core import tracking

def write(writer):
    os.environ["SER_HOME"] += f"/{writer}"
    for number in range(int(sys.argv[2])):
        hash = f"w{writer}-{number:02}"
        with tracking.run(hash, params={"recipe_hash": hash}) as run:
            run.metrics({"uar": number / 100, "wa": float("nan")}, step=1)
            if number == 0:
                run.metrics({"uar": 0.5}, step=2)
                run.text("notes/hello.md", f"from w{writer}")

writers = [get_context("fork").Process(target=write, args=(n,)) for n in range(int(sys.argv[1]))]
[writer.start() for writer in writers]
[writer.join() for writer in writers]
sys.exit(max(writer.exitcode for writer in writers))
"""


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """Folder of artifacts that all writers see."""
    return tmp_path_factory.mktemp("shared folder")


@pytest.fixture(scope="module")
def filled(postgresql, shared, tmp_path_factory):
    """Two hundred runs, by eight processes that began at once on an empty database."""
    homes = str(tmp_path_factory.mktemp("homes"))
    done = subprocess.run(
        [sys.executable, "-c", WRITE, str(WRITERS), str(EACH)],
        cwd=settings.REPOSITORY,
        env={**os.environ, store.URI: postgresql, store.ROOT: str(shared), "SER_HOME": homes},
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return postgresql


@pytest.fixture
def here(filled, shared, monkeypatch):
    """This process as one more app on the same store."""
    monkeypatch.setenv(store.URI, filled)
    monkeypatch.setenv(store.ROOT, str(shared))


@pytest.mark.usefixtures("here")
def test_of_two_hundred_runs_of_eight_processes_none_is_lost():
    found = tracking.runs(kind="training")
    assert len(found) == WRITERS * EACH == 200
    assert set(found["status"]) == {"FINISHED"}
    assert found["name"].nunique() == 200
    numbers = found["name"].str[-2:].astype(int)
    assert (found["metrics.uar"] == (numbers / 100).mask(numbers == 0, 0.5)).all()
    assert found["metrics.wa"].isna().all()
    assert len({record.experiment for record in reading.records()}) == 1


@pytest.mark.usefixtures("here")
def test_what_is_read_from_the_tables_is_what_mlflows_client_reads():
    ours, theirs = reading.records(), server.read()
    assert [each.start for each in ours] == sorted((each.start for each in ours), reverse=True)
    by_id = {each.id: each for each in theirs}
    assert len(by_id) == len(ours)
    for each in ours[::20]:
        other = by_id[each.id]
        assert repr(each.metrics.pop("wa")) == repr(other.metrics.pop("wa")) == "nan"
        assert each == other
    assert len(reading.records(limit=7)) == 7
    assert reading.records(status="RUNNING") == []
    assert tracking.one(ours[3].id).name == ours[3].name
    first = next(each.id for each in ours if each.name == "w2-00")
    history = tracking.history(first, "uar")
    assert history.to_dict("list") == {"step": [1, 2], "value": [0.0, 0.5]}
    assert set(tracking.histories(first)["metric"]) == {"uar", "wa"}


@pytest.mark.usefixtures("here")
def test_files_lie_in_the_shared_folder_and_every_app_reads_them(shared):
    run = tracking.newest_by("recipe_hash", kind="training", status="FINISHED")["w3-00"]
    assert tracking.artifacts(run) == ["notes/hello.md"]
    file = tracking.artifact(run, "notes/hello.md")
    assert file.read_text() == "from w3"
    assert file.is_relative_to(shared)


@pytest.mark.usefixtures("here")
def test_runs_that_others_made_are_missed_the_newest_first(tmp_path):
    newest = [each.params["recipe_hash"] for each in reading.records()]
    (tmp_path / newest[0]).mkdir()
    missing = mlflow_sync.missing(tmp_path)
    assert set(missing) == {*newest[1:]}
    starts = {each.params["recipe_hash"]: each.start for each in reading.records()}
    times = [starts[name] for name in missing]
    assert times == sorted(times, reverse=True)
    assert mlflow_sync.fetch(tmp_path, patience=0) == []  # they have no predictions


@pytest.mark.usefixtures("here")
def test_a_password_is_shown_nowhere(monkeypatch, filled):
    assert unquote(urlsplit(filled).password) == "a secret"
    assert "secret" not in tracking.shown_uri()
    monkeypatch.setenv(store.URI, filled.replace("/runs", "/nothing"))
    with pytest.raises(TrackingError, match=r"nothing") as caught:
        tracking.runs()
    assert "secret" not in str(caught.value)


def test_a_server_that_is_not_there_is_an_error_in_words(monkeypatch):
    pytest.importorskip("pg8000")
    monkeypatch.setenv(store.URI, "postgresql://ser:x@127.0.0.1:1/runs")
    with pytest.raises(TrackingError, match="Does the server run"):
        tracking.runs()


def test_without_the_driver_it_is_said_what_installs_it(monkeypatch):
    monkeypatch.setenv(store.URI, "postgresql+nosuchdriver://ser:x@127.0.0.1:1/runs")
    with pytest.raises(TrackingError, match=r"requirements-postgresql\.txt"):
        tracking.runs()


def test_a_shared_database_without_a_place_for_files_is_refused(monkeypatch):
    monkeypatch.setenv(store.URI, "postgresql://ser:x@127.0.0.1:1/runs")
    with pytest.raises(TrackingError, match=store.ROOT):
        store._artifacts()


def test_jobs_get_the_store_and_the_folder_of_files(monkeypatch):
    assert tracking.environment() == {}
    monkeypatch.setenv(store.URI, "postgresql://db/runs")
    monkeypatch.setenv(store.ROOT, "/shared/runs")
    assert tracking.environment() == {
        store.URI: f"postgresql+{addresses.DRIVER}://db/runs",
        store.ROOT: "/shared/runs",
    }


def test_two_computers_share_the_trials_of_a_sweep(postgresql, tmp_path, monkeypatch):
    """One trial is at work elsewhere, one was left by a process that died: it is tried again."""
    from tests.sweeps.test_study import sweep

    monkeypatch.setenv(study.STORAGE, postgresql.replace("/runs", "/trials"))
    monkeypatch.setattr(study, "_try", answered_at_once)
    asked = sweep(trials=6)
    study._keep(asked, tmp_path / "there")
    there = study._study(tmp_path / "there")
    spaces = {name: each.distribution() for name, each in asked.space.items()}
    elsewhere, left = there.ask(spaces), there.ask(spaces)
    elsewhere.set_user_attr(study.WORKER, json.dumps(Mark(7, "boot:7", "other").to_dict()))
    elsewhere.set_user_attr(study.SEEN, time.time())
    left.set_user_attr(study.WORKER, json.dumps(Mark(2**30, "boot:1", Mark.of().host).to_dict()))
    study.carry_out(asked, tmp_path / "here")
    trials = study._study(tmp_path / "here").trials
    states = [trial.state.name for trial in trials]
    assert states[:2] == ["RUNNING", "FAIL"]
    assert states.count("COMPLETE") == 5, "six were wanted, and one is at work elsewhere"
    assert trials[2].params == left.params
    there.tell(elsewhere.number, 0.9)
    found = study.read_sweep(tmp_path / "here")
    assert found.best["value"] == 0.9
    assert len(found.trials) == 6


def test_the_database_of_mlflow_is_refused_for_trials(tmp_path, monkeypatch):
    monkeypatch.setenv(store.URI, "postgresql://db/runs")
    monkeypatch.setenv(study.STORAGE, "postgresql+pg8000://db/runs")
    with pytest.raises(ParameterError, match="second database"):
        study._address(tmp_path)


def answered_at_once(sweep, of, trial, folder, step):
    step(1, 1)
    of.tell(trial, 0.5)


@pytest.mark.parametrize(("silent_s", "alive"), [(10, True), (study.DEAD_S + 10, False)])
def test_a_trial_of_another_computer_is_believed_for_a_while(silent_s, alive):
    mark = json.dumps(Mark(7, "boot:7", "other").to_dict())
    trial = SimpleNamespace(
        user_attrs={study.WORKER: mark, study.SEEN: time.time() - silent_s}, datetime_start=None
    )
    assert study._is_alive(trial) is alive
