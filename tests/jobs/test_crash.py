"""Processes that are killed, and a computer that is switched off."""

import signal
import subprocess
import sys
import time

import psutil
import pytest

from ser_core import tracking
from ser_core.core import Mark, SerError, settings
from ser_core.jobs import (
    Order,
    State,
    at_once,
    jobs,
    local,
    note,
    reconcile,
    set_at_once,
    supervise,
    waiting,
)
from ser_core.jobs import folder as files
from ser_core.storage import read_json, write_json

FOREVER = "import time; print('at work', flush=True); time.sleep(600)"
SHORT = "print('done')"


@pytest.fixture(autouse=True)
def nobody_else(request, monkeypatch):
    """Without guards, so that a test sees what the others leave; `guarded` has them."""
    monkeypatch.setenv(local.SWITCH, "1" if "guarded" in request.keywords else "0")


@pytest.fixture
def begin(queue, python, until):
    """Puts a job that never ends in the queue, and one that waits for it."""

    def begin(code=FOREVER):
        first, second = queue(Order(python(code), "First"), Order(python(SHORT), "Second"))
        until(lambda: first.log().endswith("at work") and files.work(first.folder) is not None)
        return first, second

    return begin


def kill(job):
    psutil.Process(files.work(job.folder).pid).kill()


def test_kill_of_the_command_is_reported_and_the_queue_goes_on(begin):
    first, second = begin()
    kill(first)
    assert second.wait(30) is State.FINISHED
    assert first.state is State.FAILED
    assert "killed" in first.reason
    assert "memory" in first.reason


def test_a_command_that_lost_its_supervisor_still_runs_and_can_be_cancelled(
    begin, supervisor_of, lives
):
    first, second = begin()
    work = psutil.Process(files.work(first.folder).pid)
    supervisor_of(first).kill()
    assert first.state is State.RUNNING
    first.cancel()
    assert first.state is State.CANCELLED
    assert not lives(work)
    assert second.wait(30) is State.FINISHED


def test_reconcile_gives_a_command_that_lost_its_supervisor_a_new_one(
    begin, supervisor_of, tmp_path, until
):
    first, second = begin()
    supervisor_of(first).kill()
    until(lambda: not files.supervisor(first.folder).alive)
    assert reconcile(tmp_path) == []
    until(lambda: files.supervisor(first.folder).alive)
    assert (first.state, second.state) == (State.RUNNING, State.QUEUED)
    kill(first)
    assert second.wait(30) is State.FINISHED
    assert first.state is State.FAILED
    assert "Nobody knows how it ended" in first.reason


@pytest.mark.guarded
def test_the_queue_heals_by_itself_when_the_supervisor_is_killed(begin, supervisor_of):
    """Nobody looks: no page is open, and nobody orders anything."""
    first, second = begin()
    supervisor_of(first).kill()
    kill(first)
    assert second.wait(40) is State.FINISHED
    assert first.state is State.FAILED


@pytest.mark.guarded
def test_a_command_that_lost_its_supervisor_gets_a_new_one_by_itself(begin, supervisor_of, until):
    first, second = begin()
    lost = supervisor_of(first)
    lost.kill()
    until(lambda: files.supervisor(first.folder).pid != lost.pid, 20)
    until(lambda: files.supervisor(first.folder).alive)
    assert (first.state, second.state) == (State.RUNNING, State.QUEUED)
    kill(first)
    assert second.wait(40) is State.FINISHED


@pytest.mark.guarded
def test_a_guard_ends_with_its_job(run, python, until):
    job = run(python(SHORT))
    assert job.wait(30) is State.FINISHED

    def guards():
        lines = (each.info["cmdline"] or [] for each in psutil.process_iter(["cmdline"]))
        return [line for line in lines if str(job.folder) in line and "--guard" in line]

    until(lambda: not guards(), 20)


@pytest.mark.parametrize(
    "content",
    ["{", "[]", '{"at_once": "many"}', '{"at_once": 0}', '{"at_once": true}', "[" * 9_999],
)
def test_damaged_settings_are_set_aside_with_a_note(content, tmp_path):
    (tmp_path / "settings.json").write_text(content)
    assert at_once(tmp_path) == 1
    assert "settings.damaged.json" in note(tmp_path)
    assert (tmp_path / "settings.damaged.json").read_text() == content
    assert not (tmp_path / "settings.json").exists()
    set_at_once(2, tmp_path)
    assert at_once(tmp_path) == 2


def test_settings_that_are_sound_say_nothing(tmp_path):
    assert (at_once(tmp_path), note(tmp_path)) == (1, "")
    set_at_once(3, tmp_path)
    assert (at_once(tmp_path), note(tmp_path)) == (3, "")


APP = """
import sys, time
from pathlib import Path
from ser_core.jobs import Order, enqueue
command = [sys.executable, "-c", "import time; time.sleep(0.5); print('done')"]
enqueue([Order(command, "First"), Order(command, "Second")], root=Path(sys.argv[1]))
print("ordered", flush=True)
time.sleep(600)
"""


def test_jobs_do_not_notice_that_the_workbench_is_killed(run, tmp_path):
    app = subprocess.Popen(
        [sys.executable, "-c", APP, str(tmp_path)],
        cwd=settings.REPOSITORY,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert app.stdout.readline() == "ordered\n"
    app.send_signal(signal.SIGKILL)
    app.wait(10)
    assert [job.wait(30) for job in jobs(tmp_path)] == [State.FINISHED] * 2


def switch_off(job, supervisor):
    """Kill all of a job at once, and let another boot have given its numbers to strangers."""
    supervisor.kill()
    kill(job)
    me = {**Mark.of().to_dict(), "started": "the boot before:1"}
    write_json(job.folder / files.SUPERVISOR, me)
    write_json(job.folder / files.WORK, {"process": me, "at": time.time()})


def test_after_a_reboot_what_ran_has_failed_and_what_waited_runs(begin, supervisor_of, tmp_path):
    first, second = begin()
    switch_off(first, supervisor_of(first))
    assert first.state is State.FAILED
    assert second.state is State.QUEUED
    assert [job.id for job in reconcile(tmp_path)] == [first.id]
    assert "restarted" in first.reason
    assert first.ended is not None
    assert second.wait(30) is State.FINISHED
    assert reconcile(tmp_path) == []


def test_a_new_order_wakes_a_queue_that_lost_everybody(begin, queue, python, supervisor_of):
    first, second = begin()
    switch_off(first, supervisor_of(first))
    (third,) = queue(Order(python(SHORT), "Third"))
    assert third.wait(30) is State.FINISHED
    assert second.ended <= third.began


def test_a_launch_that_was_cut_short_is_made_up_for(begin, supervisor_of, tmp_path):
    first, second = begin()
    switch_off(first, supervisor_of(first))
    (first.folder / files.SUPERVISOR).unlink()
    (first.folder / files.WORK).unlink()
    write_json(first.folder / files.WAITING, {"rank": 0})
    assert [job.id for job in waiting(tmp_path)] == [first.id, second.id]
    reconcile(tmp_path)
    assert first.state is State.RUNNING


def test_two_supervisors_of_one_job_run_it_once(run, python, tmp_path, until):
    job = run(python("import time; print('once', flush=True); time.sleep(1)"))
    until(lambda: job.log() == "once")
    supervise.supervise(job.folder)
    assert job.wait(30) is State.FINISHED
    supervise.supervise(job.folder)
    assert job.log() == "once"


def test_the_end_is_written_as_soon_as_the_disk_takes_it(tmp_path, monkeypatch):
    tries = []

    def full(path, content):
        tries.append(path)
        if len(tries) < 3:
            raise SerError("cannot be written")
        write_json(path, content)

    monkeypatch.setattr(supervise, "write_json", full)
    monkeypatch.setattr(supervise.time, "sleep", lambda _: None)
    supervise.settle(tmp_path, 0)
    assert read_json(tmp_path / files.EXIT)["code"] == 0
    monkeypatch.setattr(supervise, "write_json", lambda *_: full(tries.clear(), {}))
    with pytest.raises(SerError):
        supervise.settle(tmp_path, 0, patience=0)


RUN = """
import signal, sys, time
from ser_core import tracking
with tracking.run(sys.argv[1]):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    print("at work", flush=True)
    time.sleep(600)
"""


@pytest.mark.usefixtures("mlflow_store")
def test_no_run_of_a_job_stays_running_however_it_ends(run, python, until, supervisor_of, tmp_path):
    cancelled, lost = (run(python(RUN, name)) for name in ("cancelled", "lost"))
    until(lambda: cancelled.log() == lost.log() == "at work", 120)
    assert set(tracking.runs()["job"]) == {cancelled.id, lost.id}
    cancelled.cancel(grace=0)
    switch_off(lost, supervisor_of(lost))
    reconcile(tmp_path)
    until(lambda: not tracking.runs()["status"].eq("RUNNING").any(), 180)  # MLflow takes seconds
    found = tracking.runs().set_index("name")
    assert found["status"].to_dict() == {"cancelled": "KILLED", "lost": "FAILED"}
    assert found.loc["cancelled", "reason"] == "Cancelled"
    assert "killed" in found.loc["lost", "reason"]
