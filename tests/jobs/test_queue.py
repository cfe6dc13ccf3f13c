"""Jobs that wait for their turn."""

import subprocess
import sys
import time
from itertools import pairwise

import pytest

from ser_core.core import JobError, ParameterError, settings
from ser_core.jobs import (
    Order,
    State,
    at_once,
    jobs,
    open_job,
    remove,
    restore,
    resume,
    set_at_once,
    to_front,
    waiting,
)
from ser_core.storage import read_json, write_json

NOTE = "import sys; open(sys.argv[1], 'a').write(sys.argv[2])"
WAIT = "import sys, time\nwhile not __import__('os').path.exists(sys.argv[1]): time.sleep(0.02)"


@pytest.fixture
def gate(tmp_path):
    """A file that those jobs wait for which hold the others up."""
    return tmp_path / "gate"


@pytest.fixture
def held(python, gate):
    """Order of a job that runs until the gate is there."""
    return Order(python(WAIT, str(gate)), "Hold")


@pytest.fixture
def note(python, tmp_path):
    """Order of a job that adds its name to a file."""
    return lambda name: Order(python(NOTE, str(tmp_path / "notes"), name), name)


def test_jobs_run_one_at_a_time_in_the_order_they_were_asked_for(queue, held, note, gate, tmp_path):
    first, *others = queue(held, *(note(name) for name in "abc"))
    assert first.state is State.RUNNING
    assert [job.state for job in others] == [State.QUEUED] * 3
    assert [job.title for job in waiting(tmp_path)] == ["a", "b", "c"]
    gate.touch()
    assert [job.wait(30) for job in others] == [State.FINISHED] * 3
    assert (tmp_path / "notes").read_text() == "abc"
    ends = [(job.began, job.ended) for job in (first, *others)]
    assert all(end <= begin for (_, end), (begin, _) in pairwise(ends))


def test_a_waiting_job_keeps_what_it_was_asked_for_with(queue, held, note, gate, monkeypatch):
    monkeypatch.setenv("SER_RAY_CPUS", "8")
    monkeypatch.setenv("SER_OPTUNA_STORAGE", "postgresql://host/trials")
    _, waits = queue(held, note("a"))
    monkeypatch.delenv("SER_RAY_CPUS")
    asked = read_json(waits.folder / "command.json")["env"]
    assert asked["SER_RAY_CPUS"] == "8"
    assert asked["SER_OPTUNA_STORAGE"] == "postgresql://host/trials"
    gate.touch()
    assert waits.wait(30) is State.FINISHED


def test_a_job_is_moved_to_the_front(queue, held, note, gate, tmp_path):
    _, *others = queue(held, *(note(name) for name in "abc"))
    to_front(others[2])
    to_front(others[1])
    gate.touch()
    assert others[0].wait(30) is State.FINISHED
    assert (tmp_path / "notes").read_text() == "bca"
    with pytest.raises(JobError, match="not waiting"):
        to_front(others[0])


def test_a_cancelled_job_loses_its_turn_and_the_others_go_on(queue, held, note, gate, tmp_path):
    _, first, second = queue(held, note("a"), note("b"))
    first.cancel()
    assert first.state is State.CANCELLED
    gate.touch()
    assert second.wait(30) is State.FINISHED
    assert (tmp_path / "notes").read_text() == "b"


def test_cancelling_the_one_that_runs_lets_the_next_one_begin(queue, held, note):
    first, second = queue(held, note("a"))
    first.cancel()
    assert second.wait(30) is State.FINISHED


def test_a_failure_does_not_hold_up_the_others(queue, python, note):
    first, second = queue(Order(["/nowhere/at/all"], "Fail"), note("a"))
    assert second.wait(30) is State.FINISHED
    assert first.state is State.FAILED


def test_a_job_outside_the_queue_does_not_wait(queue, held, run, python):
    queue(held)
    assert run(python("")).wait(30) is State.FINISHED


def test_several_may_run_at_once_when_set_so(queue, held, tmp_path):
    started = queue(held, held, held)
    assert at_once(tmp_path) == 1
    set_at_once(2, tmp_path)
    assert [job.state for job in started] == [State.RUNNING, State.RUNNING, State.QUEUED]
    with pytest.raises(ParameterError, match="not from 1"):
        set_at_once(0, tmp_path)


def test_what_waits_already_is_not_queued_again(queue, held, python):
    order = Order(python(""), "Train", key="train:a")
    _, first = queue(held, order)
    assert queue(order) == [first]


TWO = """
import sys
import time
from pathlib import Path
from ser_core.jobs import Order, enqueue
command = [sys.executable, "-c", "pass"]
for n in range(3):
    enqueue([Order(command, "Both", key=f"job {n}"), Order(command, "One")], root=Path(sys.argv[1]))
"""


def test_two_processes_that_order_at_once_make_one_queue(run, tmp_path, until):
    both = [
        subprocess.Popen([sys.executable, "-c", TWO, str(tmp_path)], cwd=settings.REPOSITORY)
        for _ in range(2)
    ]
    assert [process.wait(60) for process in both] == [0, 0]
    until(lambda: all(job.state is State.FINISHED for job in jobs(tmp_path)))
    assert sum(job.title == "One" for job in jobs(tmp_path)) == 6
    times = sorted((job.began, job.ended) for job in jobs(tmp_path))
    assert all(end <= begin for (_, end), (begin, _) in pairwise(times))


STEPS = """
import sys
import time
if "--resume" not in sys.argv: sys.exit("stopped at step 3")
print("went on from step 3")
"""


def test_a_resumable_job_goes_on_where_it_stopped(run, python):
    job = run(python(STEPS), resumable=True, queue=True)
    assert job.wait(30) is State.FAILED
    again = resume(job)
    assert again.id == job.id
    assert again.command == (*job.command, "--resume")
    assert again.wait(30) is State.FINISHED
    assert again.log() == "stopped at step 3\nwent on from step 3"
    with pytest.raises(JobError, match="has not failed"):
        resume(again)


def test_a_cancelled_job_is_run_again_as_it_was_when_it_cannot_resume(run, python, gate, held):
    job = run(held.command)
    job.cancel()
    again = resume(job)
    assert again == job
    assert again.state is State.RUNNING
    gate.touch()
    assert again.wait(30) is State.FINISHED


def test_resuming_twice_says_it_once(run, python):
    job = run(python("raise SystemExit(1)"), resumable=True)
    for _ in range(2):
        job.wait(30)
        job = resume(job)
    assert job.command.count("--resume") == 1


def test_a_removed_job_is_gone_and_comes_back(run, python, tmp_path):
    job = run(python("print('kept')"))
    with pytest.raises(JobError, match="Cancel it first"):
        remove(run(python("import time; time.sleep(600)")))
    job.wait(30)
    remove(job)
    assert job.id not in [each.id for each in jobs(tmp_path)]
    assert restore(job.id, tmp_path) == job
    assert open_job(job.folder).log() == "kept"
    with pytest.raises(JobError, match="was not removed"):
        restore(job.id, tmp_path)


def test_many_jobs_keep_the_order_they_were_asked_for(queue, held, note, tmp_path):
    names = [str(number) for number in range(30)]
    queue(held, *map(note, names))
    assert [job.title for job in waiting(tmp_path)] == names


def test_a_clock_that_jumps_changes_neither_the_order_nor_the_newest(
    queue, python, monkeypatch, tmp_path
):
    """Set back by a day and ahead by a year, while jobs wait: first asked for, first done."""
    now = [time.time()]
    monkeypatch.setattr(time, "time", lambda: now[0])
    (running,) = queue(Order(python("import time; time.sleep(600)"), "0"))
    asked = []
    for number, jump in enumerate((0, -86_400, 5, 365 * 86_400, -366 * 86_400, 1), start=1):
        now[0] += jump
        asked += queue(Order(python("pass"), str(number)))
    assert [job.title for job in waiting(tmp_path)] == list("123456")
    assert [job.title for job in jobs(tmp_path)] == list("6543210")
    to_front(asked[4])
    assert [job.title for job in waiting(tmp_path)] == list("512346")
    running.cancel(grace=0)


def test_a_clock_that_was_set_back_gives_no_time_below_zero(run, python, tmp_path):
    job = run(python("print('done')"))
    assert job.wait(30) is State.FINISHED
    begun = read_json(job.folder / "work.json")
    write_json(job.folder / "work.json", {**begun, "at": job.ended + 3600})
    assert job.seconds == 0
