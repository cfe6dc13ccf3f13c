"""Runs and processes that end, or start, when nobody expects it."""

import os
import signal
import subprocess
import sys
import time

import psutil
import pytest

from ser_core import tracking
from ser_core.core import JOB_FOLDER, Mark, processes, settings
from ser_core.tracking import reading, run_tags

WRITE = """
import sys, time
from ser_core import tracking
with tracking.run(sys.argv[1]) as run, tracking.run("part", "fold", parent=run.id) as part:
    part.metrics({"x": 1}, step=1)
    print("at work", flush=True)
    time.sleep(float(sys.argv[2]))
"""


def write(name, seconds, **env):
    return subprocess.Popen(
        [sys.executable, "-c", WRITE, name, str(seconds)],
        cwd=settings.REPOSITORY,
        env={**os.environ, **env},
        stdout=subprocess.PIPE,
        text=True,
    )


def test_two_processes_that_make_the_store_together_do_not_disturb_each_other(ser_home):
    ser_home.mkdir()
    (ser_home / ".mlflow.db.making-killed").touch()
    writers = [write(name, 0) for name in ("one", "two")]
    said = [writer.communicate(timeout=120)[0] for writer in writers]
    assert [writer.returncode for writer in writers] == [0, 0]
    assert said == ["at work\n", "at work\n"], "MLflow says nothing on standard output"
    assert sorted(tracking.runs(kind="training")["name"]) == ["one", "two"]
    assert len({record.experiment for record in reading.records()}) == 1
    assert set(tracking.runs()["status"]) == {"FINISHED"}
    assert {each.name for each in ser_home.glob("*.db*")} == {"mlflow.db", ".mlflow.db.lock"}


@pytest.mark.usefixtures("mlflow_store")
def test_no_run_stays_running_when_its_process_is_killed_or_asked_to_end(tmp_path):
    (tmp_path / "cancelled").touch()
    ends = {"killed": signal.SIGKILL, "told": signal.SIGTERM}
    writers = {name: write(name, 600, SER_JOB=str(tmp_path)) for name in ends}
    for name, writer in writers.items():
        assert writer.stdout.readline() == "at work\n"
        writer.send_signal(ends[name])
        writer.wait(30)
    assert writers["told"].returncode == 128 + signal.SIGTERM
    runs = {record.name: record for record in reading.records(kind="training")}
    assert (runs["told"].status, runs["told"].tags[run_tags.REASON]) == ("KILLED", "Cancelled")
    assert runs["told"].tags[run_tags.JOB] == tmp_path.name
    assert runs["killed"].status == "RUNNING"
    assert len(tracking.abandoned()) == 2
    assert len(tracking.reconcile()) == 2
    assert tracking.reconcile() == []
    found = tracking.one(runs["killed"].id)
    assert found.status == "FAILED"
    assert "killed" in found.tags[run_tags.REASON]
    assert set(tracking.runs()["status"]) == {"FAILED", "KILLED"}


@pytest.mark.usefixtures("mlflow_store")
def test_a_run_on_a_cluster_is_abandoned_when_its_job_has_ended(monkeypatch, tmp_path):
    elsewhere = Mark(os.getpid(), "another boot:1", "there").to_dict()
    monkeypatch.setattr(run_tags.Mark, "of", classmethod(lambda cls: Mark(**elsewhere)))
    monkeypatch.setenv(JOB_FOLDER, str(tmp_path))
    monkeypatch.setenv(processes.ELSEWHERE, "1")
    opened = tracking.run("A")  # kept, as its end would close the run
    run = opened.__enter__()
    assert tracking.reconcile() == []
    (tmp_path / processes.EXIT).touch()
    assert tracking.reconcile() == [run.id]


@pytest.mark.usefixtures("mlflow_store")
def test_a_run_of_a_cancelled_job_is_killed_at_its_last_sign_of_life(monkeypatch):
    dead = Mark(os.getpid(), "another boot:1", "here").to_dict()
    monkeypatch.setattr(run_tags.Mark, "of", classmethod(lambda cls: Mark(**dead)))
    monkeypatch.setenv(JOB_FOLDER, "/jobs/20260101-000000-abcdef")
    opened = tracking.run("A")  # kept, as its end would close the run
    run = opened.__enter__()
    run.metrics({"x": 1})
    written = time.time()
    assert tracking.reconcile(cancelled={"20260101-000000-abcdef"}) == [run.id]
    found = tracking.one(run.id)
    assert (found.status, found.tags[run_tags.REASON]) == ("KILLED", "Cancelled")
    assert found.end <= written * 1000
    opened.__exit__(None, None, None)


def test_a_mark_tells_a_process_from_a_later_one_with_its_number():
    mark = Mark.of()
    assert mark.process == psutil.Process()
    assert Mark.read(mark.to_dict()) == mark
    assert not Mark(mark.pid, "another start", mark.host).alive
    assert Mark.read({"pid": 1}) is None
    assert Mark.read(None) is None


def test_a_process_that_has_ended_is_not_alive_even_if_nobody_collected_it():
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    mark = Mark.of(child.pid)
    assert mark.alive
    child.kill()
    deadline = time.monotonic() + 20
    while mark.alive and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not mark.alive
    child.wait()
    with pytest.raises(psutil.NoSuchProcess):
        Mark.of(child.pid)


@pytest.mark.parametrize(("load", "full"), [(0.1, False), (0.9, True), (7.0, True)])
def test_cores_are_crowded_where_others_want_one(monkeypatch, load, full):
    monkeypatch.setattr(os, "getloadavg", lambda: (load, 0.0, 0.0))
    assert processes.crowded() is full
