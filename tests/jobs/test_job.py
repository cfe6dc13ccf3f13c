"""A job goes on by itself, can be watched from anywhere, and ends when told to."""

import shlex
import sys

import psutil

from ser_core.core import Mark
from ser_core.jobs import PROGRESS_FILE, State, find, jobs, open_job
from ser_core.storage import write_json

FOREVER = [sys.executable, "-c", "import time; print('at work', flush=True); time.sleep(600)"]
FAMILY = f"import subprocess; subprocess.call({FOREVER!r})"


def test_a_command_that_succeeds_is_finished(run):
    job = run([sys.executable, "-c", "print('hello')"])
    assert job.wait(30) is State.FINISHED
    assert job.log() == "hello"


def test_a_command_that_fails_says_its_last_line(run):
    job = run([sys.executable, "-c", "import sys; sys.exit('no such corpus')"])
    assert job.wait(30) is State.FAILED
    assert job.reason == "no such corpus"


def test_a_program_that_does_not_exist_is_a_failure(run):
    job = run(["/nowhere/at/all"])
    assert job.wait(30) is State.FAILED
    assert "/nowhere/at/all" in job.reason


def test_cancel_ends_the_whole_family(run, supervisor_of, until, lives):
    job = run([sys.executable, "-c", FAMILY])
    supervisor = supervisor_of(job)
    until(lambda: len(supervisor.children(recursive=True)) == 2)
    family = supervisor.children(recursive=True)
    job.cancel()
    assert job.state is State.CANCELLED
    assert not any(map(lives, family))


def test_cancelling_what_has_ended_changes_nothing(run):
    job = run([sys.executable, "-c", ""])
    job.wait(30)
    job.cancel()
    assert job.state is State.FINISHED


def test_a_killed_job_is_failed_not_running_for_ever(run, supervisor_of, until):
    job = run(FOREVER)
    until(lambda: job.log() == "at work")
    supervisor = supervisor_of(job)
    (command,) = supervisor.children()
    supervisor.kill()
    command.kill()
    assert job.wait(20) is State.FAILED
    assert "killed" in job.reason


def test_another_process_with_our_number_is_not_our_job(run):
    job = run([sys.executable, "-c", "raise SystemExit(1)"])
    job.wait(30)
    (job.folder / "exit.json").unlink()
    me = psutil.Process()
    mark = {**Mark.of().to_dict(), "started": "another boot:1"}
    write_json(job.folder / "process.json", mark)
    write_json(job.folder / "work.json", {"process": mark, "at": 0.0})
    assert job.state is State.FAILED
    job.cancel()
    assert me.is_running()


def test_the_same_work_is_not_started_twice(run, tmp_path):
    first = run(FOREVER, key="scan:/corpus")
    assert run(FOREVER, key="scan:/corpus") == first
    assert run(FOREVER, key="scan:/other") != first
    first.cancel()
    assert find("scan:/corpus", root=tmp_path) is None
    assert find("scan:/corpus", running=False, root=tmp_path) == first


def test_jobs_lists_the_newest_first_and_skips_what_is_no_job(run, tmp_path):
    (tmp_path / "20990101-000000-empty").mkdir()
    names = [run([sys.executable, "-c", ""], title=str(n)).id for n in range(2)]
    assert [job.id for job in jobs(tmp_path)] == sorted(names, reverse=True)
    assert open_job(tmp_path / "nothing") is None


def test_the_command_reports_its_progress(run):
    report = (
        "import sys; from pathlib import Path; from ser_core.jobs import ProgressFile;"
        "ProgressFile(Path(sys.argv[1]))(3, 4)"
    )
    job = run([sys.executable, "-c", report, PROGRESS_FILE])
    assert job.wait(30) is State.FINISHED
    assert job.progress.fraction == 0.75


def test_a_command_that_does_not_listen_is_killed(run, until):
    deaf = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
    job = run([sys.executable, "-c", f"{deaf} print('deaf', flush=True); time.sleep(600)"])
    until(lambda: job.log() == "deaf")
    job.cancel(grace=0.2)
    assert job.state is State.CANCELLED
    assert job.ended is not None


CHILD = f"import subprocess; print(subprocess.Popen({FOREVER!r}, stdout=2).pid, flush=True)"
ORPHAN = f"""
import subprocess, sys, time
subprocess.call([sys.executable, "-c", {CHILD!r}])
time.sleep(600)
"""


def test_cancel_finds_a_helper_whose_parent_has_gone(run, until, lives):
    job = run([sys.executable, "-c", ORPHAN])
    until(lambda: job.log().endswith("at work"))
    orphan = psutil.Process(int(job.log().split()[0]))
    assert lives(orphan)
    job.cancel()
    assert not lives(orphan)


def test_a_command_knows_its_job_and_a_terminal_gets_the_same_line(run):
    code = "import os; print(os.environ['SER_JOB'], os.environ['MINE'])"
    job = run([sys.executable, "-c", code], env={"MINE": "yes"})
    job.wait(30)
    assert job.log() == f"{job.folder} yes"
    assert shlex.split(job.shell) == [sys.executable, "-c", code]


def test_times_are_those_of_the_command(run, until):
    job = run(FOREVER)
    until(lambda: job.began is not None)
    assert job.seconds is not None
    assert job.ended is None
    job.cancel()
    assert job.seconds == job.ended - job.began


def test_a_damaged_order_is_no_job(tmp_path):
    write_json(tmp_path / "command.json", {"title": "Half"})
    assert open_job(tmp_path) is None
