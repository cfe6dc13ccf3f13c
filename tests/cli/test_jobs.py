"""Jobs on the command line."""

import json
import sys
import time

import pytest
from typer.testing import CliRunner

from ser_core.cli.jobs import app
from ser_core.core import JobError
from ser_core.jobs import PROGRESS_FILE, jobs, resume, start

REPORT = """
import sys
from pathlib import Path
from ser_core.jobs import ProgressFile
ProgressFile(Path(sys.argv[1]))(20, 20, note="epoch 20 of 20", metrics={"val_uar": 0.5})
print("saved")
"""


def invoke(*arguments):
    result = CliRunner().invoke(app, arguments)
    if isinstance(result.exception, JobError):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.output


@pytest.fixture
def finished():
    job = start([sys.executable, "-c", REPORT, PROGRESS_FILE], title="Train A")
    assert str(job.wait(30)) == "finished"
    return job


@pytest.fixture
def failed():
    job = start([sys.executable, "-c", "import sys; sys.exit('no corpus')"], title="Train B")
    assert str(job.wait(30)) == "failed"
    return job


def test_no_jobs_is_said_in_words():
    assert invoke("list") == "There are no jobs.\n"
    assert json.loads(invoke("list", "--json")) == []


def test_list_tells_state_and_progress(finished, failed):
    lines = invoke("list").splitlines()
    assert lines[0].split() == ["id", "state", "title", "progress", "left", "took", "asked"]
    assert failed.id in lines[1]
    assert "20 of 20 epoch 20 of 20" in lines[2]
    (row,) = json.loads(invoke("list", "--json", "--state", "finished"))
    assert (row["id"], row["metrics"]) == (finished.id, {"val_uar": 0.5})
    assert row["seconds"] > 0


def test_show_tells_the_command_the_reason_and_the_log(finished, failed):
    text = invoke("show", failed.id)
    assert "reason: no corpus" in text
    assert "command: " in text
    assert text.rstrip().endswith("no corpus")
    shown = json.loads(invoke("show", finished.id, "--json"))
    assert (shown["command"], shown["log"]) == (finished.shell, "saved")


def test_a_job_is_named_by_its_beginning_or_as_the_last(finished, failed):
    assert json.loads(invoke("show", "last", "--json"))["id"] == failed.id
    assert json.loads(invoke("show", finished.id[:-1], "--json"))["id"] == finished.id
    with pytest.raises(JobError, match="beginning of several"):
        invoke("show", "20")
    with pytest.raises(JobError, match="no such job"):
        invoke("show", "nothing")


def test_cancel_and_resume(tmp_path):
    command = [sys.executable, "-c", "import time; time.sleep(600)"]
    job = start(command, title="Long", queue=True)
    (row,) = json.loads(invoke("cancel", job.id, "--json"))
    assert row["state"] == "cancelled"
    (row,) = json.loads(invoke("resume", "last", "--json"))
    assert row["state"] == "running"
    invoke("cancel", "last")


def test_a_waiting_job_is_brought_to_the_front():
    command = [sys.executable, "-c", "import time; time.sleep(600)"]
    started = [start(command, title=name, queue=True) for name in "abc"]
    assert "queued" in invoke("front", started[2].id)
    started[0].cancel()
    deadline = time.monotonic() + 30
    while str(started[2].state) == "queued" and time.monotonic() < deadline:
        time.sleep(0.02)
    assert str(started[1].state) == "queued"
    with pytest.raises(JobError, match="not waiting"):
        invoke("front", started[2].id)
    for job in started[1:]:
        job.cancel()


def test_clear_can_be_undone(finished, failed):
    assert json.loads(invoke("clear", "--state", "failed", "--json")) == {"removed": [failed.id]}
    assert f"To undo: jobs restore {finished.id}" in invoke("clear")
    assert jobs() == []
    invoke("restore", finished.id, failed.id)
    assert [job.id for job in jobs()] == [failed.id, finished.id]
    assert str(resume(failed).wait(30)) == "failed"


def test_how_many_run_at_once_is_shown_and_set():
    assert json.loads(invoke("at-once", "--json")) == {"at_once": 1}
    assert invoke("at-once", "3") == "at once: 3\n"
