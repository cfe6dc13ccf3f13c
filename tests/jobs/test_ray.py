"""Jobs of a Ray cluster that does not answer; tests/cluster has one that does."""

import socket
import time

import pytest

from ser_core.core import Mark, ParameterError
from ser_core.jobs import State, note, ray, reconcile
from ser_core.storage import write_json


@pytest.fixture
def nobody():
    """An address where nobody answers."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{found.getsockname()[1]}"


def test_without_a_cluster_a_job_waits_and_the_page_says_why(
    run, python, nobody, monkeypatch, tmp_path
):
    monkeypatch.setenv("SER_RAY", nobody)
    job = run(python("print('done')"))
    assert job.state is State.QUEUED
    assert "cannot be reached" in note(tmp_path)
    assert nobody in note(tmp_path)
    monkeypatch.delenv("SER_RAY")
    reconcile(tmp_path)
    assert job.wait(30) is State.FINISHED
    assert note(tmp_path) == ""


def test_a_job_of_a_silent_cluster_is_not_taken_for_dead(run, python, nobody, tmp_path):
    job = run(python("import time; time.sleep(60)"), env={})
    job.cancel(grace=0)
    for name in ("exit.json", "cancelled"):
        (job.folder / name).unlink()
    write_json(job.folder / "ray.json", {"address": nobody, "submission": "some"})
    assert job.state is State.RUNNING
    assert "cannot be reached" in job.place
    (job.folder / "exit.json").write_text('{"code": 0, "ended": 1.0}')
    assert job.state is State.FINISHED


def test_a_mark_of_a_process_here_says_nothing_of_a_job_on_a_cluster(run, python, monkeypatch):
    job = run(python("print('done')"))
    job.wait(30)
    (job.folder / "exit.json").unlink()
    write_json(job.folder / "process.json", Mark.of().to_dict())
    write_json(job.folder / "ray.json", {"address": "http://there", "submission": "some"})
    monkeypatch.setattr(ray, "_ask", lambda *_: {"status": "FAILED"})
    assert job.state is State.FAILED


def test_silence_is_bounded_in_time(monkeypatch, tmp_path):
    with socket.socket() as mute:  # takes calls, and says nothing
        mute.bind(("127.0.0.1", 0))
        mute.listen()
        address = f"http://127.0.0.1:{mute.getsockname()[1]}"
        monkeypatch.setattr(ray, "PATIENCE", 0.2)
        write_json(tmp_path / "ray.json", {"address": address, "submission": "some"})
        began = time.monotonic()
        assert not ray.is_over(tmp_path)
        assert "cannot be reached" in ray.trouble(tmp_path)
        assert time.monotonic() - began < 5


def test_an_address_that_is_none_is_refused(monkeypatch):
    monkeypatch.setenv("SER_RAY", "localhost:6379")
    with pytest.raises(ParameterError, match="SER_RAY"):
        ray.asked_for()
