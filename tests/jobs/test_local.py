"""A job goes on by itself, can be watched from anywhere, and ends when told to."""

import sys
import time

import psutil
import pytest

from ser_core.jobs import Progress, ProgressFile, State, find, jobs, open_job, start
from ser_core.jobs.local import PROGRESS_FILE
from ser_core.jsonfile import read_json, write_json

FOREVER = [sys.executable, "-c", "import time; print('at work', flush=True); time.sleep(600)"]
FAMILY = f"import subprocess; subprocess.call({FOREVER!r})"


@pytest.fixture
def run(tmp_path):
    started = []

    def run(command, **options):
        started.append(start(command, root=tmp_path, **{"title": "A test", **options}))
        return started[-1]

    yield run
    for job in started:
        job.cancel()


def supervisor_of(job):
    mark = read_json(job.folder / "process.json")
    assert mark is not None
    return psutil.Process(mark["pid"])


def until(condition, seconds=20):
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert condition()


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


def test_cancel_ends_the_whole_family(run):
    job = run([sys.executable, "-c", FAMILY])
    supervisor = supervisor_of(job)
    until(lambda: len(supervisor.children(recursive=True)) == 2)
    family = supervisor.children(recursive=True)
    job.cancel()
    assert job.state is State.CANCELLED
    assert not any(member.is_running() for member in family)


def test_cancelling_what_has_ended_changes_nothing(run):
    job = run([sys.executable, "-c", ""])
    job.wait(30)
    job.cancel()
    assert job.state is State.FINISHED


def test_a_killed_job_is_failed_not_running_for_ever(run):
    job = run(FOREVER)
    until(lambda: job.log() == "at work")
    supervisor = supervisor_of(job)
    (command,) = supervisor.children()
    supervisor.kill()
    command.kill()
    assert job.wait(20) is State.FAILED
    assert "killed" in job.reason


def test_a_stranger_who_was_given_our_number_is_not_our_job(run):
    job = run([sys.executable, "-c", "raise SystemExit(1)"])
    job.wait(30)
    (job.folder / "exit.json").unlink()
    me = psutil.Process()
    mark = {"pid": me.pid, "created": me.create_time() - 1000}
    write_json(job.folder / "process.json", mark)
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


def test_progress_is_written_seldom_but_never_misses_the_end(tmp_path):
    report = ProgressFile(tmp_path / "progress.json", every=3600)
    for done in range(1, 101):
        report(done, 100)
        seen = Progress.read(tmp_path / "progress.json")
        assert seen is not None
        assert seen.done == (1 if done < 100 else 100)


def test_the_pace_forgets_a_slow_start_and_what_was_known_before(tmp_path):
    now = 0.0
    report = ProgressFile(tmp_path / "progress.json", clock=lambda: now)
    for now, done in ((0.0, 500), (20.0, 500), (22.0, 520), (24.0, 540), (26.0, 560)):  # noqa: B007
        report(done, 1000)
    seen = Progress.read(tmp_path / "progress.json")
    assert seen is not None
    assert seen.remaining == pytest.approx(44)


def test_there_is_no_pace_at_the_very_beginning(tmp_path):
    report = ProgressFile(tmp_path / "progress.json")
    report(0, 10)
    report(10, 10)
    seen = Progress.read(tmp_path / "progress.json")
    assert seen == Progress(10, 10, pace=0)
    assert seen.remaining is None


def test_progress_without_a_total_has_no_fraction_and_no_end():
    progress = Progress(done=5, total=0, pace=2)
    assert (progress.fraction, progress.remaining) == (0, None)


def test_a_torn_file_reads_as_nothing(tmp_path):
    (tmp_path / "progress.json").write_text('{"done": 3, "to')
    assert Progress.read(tmp_path / "progress.json") is None
    write_json(tmp_path / "progress.json", {"other": 1})
    assert Progress.read(tmp_path / "progress.json") is None
