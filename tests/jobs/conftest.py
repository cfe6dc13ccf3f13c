"""Jobs of a test end with it, whatever happens."""

import sys
import time

import psutil
import pytest

from ser_core.jobs import enqueue, jobs, start
from ser_core.storage import read_json


@pytest.fixture
def run(tmp_path):
    """Starts a command; at the end of the test every job that is left is cancelled."""

    def run(command, **options):
        return start(command, root=tmp_path, **{"title": "A test", **options})

    yield run
    for job in reversed(jobs(tmp_path)):
        job.cancel(grace=0)


@pytest.fixture
def queue(run, tmp_path):
    """Puts orders in the queue."""
    return lambda *orders: enqueue(orders, root=tmp_path)


@pytest.fixture
def supervisor_of():
    """The process that watches a job."""

    def supervisor_of(job):
        mark = read_json(job.folder / "process.json")
        assert mark is not None
        return psutil.Process(mark["pid"])

    return supervisor_of


@pytest.fixture
def lives():
    """Whether a process still does anything; a zombie only waits to be collected."""

    def lives(process):
        try:
            return process.status() != psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return False

    return lives


@pytest.fixture
def until():
    """Waits for something that will soon be so."""

    def until(condition, seconds=30):
        deadline = time.monotonic() + seconds
        while not condition() and time.monotonic() < deadline:
            time.sleep(0.02)
        assert condition()

    return until


@pytest.fixture
def python():
    """Command that runs a piece of Python."""
    return lambda code, *arguments: [sys.executable, "-c", code, *arguments]
