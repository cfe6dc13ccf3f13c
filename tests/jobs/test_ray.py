"""Jobs of a Ray cluster that does not answer; tests/cluster has one that does."""

import http.server
import socket
import subprocess
import sys
import threading
import time

import psutil
import pytest

from ser_core.core import JobError, Mark, ParameterError
from ser_core.jobs import State, note, ray, reconcile
from ser_core.jobs import folder as files
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
    with pytest.raises(JobError, match=r"cancelled here, but .* cannot be reached.* ended as soon"):
        job.cancel()
    (job.folder / "cancelled").unlink()
    (job.folder / "exit.json").write_text('{"code": 0, "ended": 1.0}')
    assert job.state is State.FINISHED


def test_a_mark_of_a_process_here_says_nothing_of_a_job_on_a_cluster(run, python, monkeypatch):
    job = run(python("print('done')"))
    job.wait(30)
    (job.folder / "exit.json").unlink()
    write_json(job.folder / "process.json", Mark.of().to_dict())
    write_json(job.folder / "ray.json", {"address": "http://there", "submission": "some"})
    monkeypatch.setattr(ray, "_ANSWERS", ray._Answers())
    monkeypatch.setattr(ray, "_ask", lambda *_: {"status": "FAILED"})
    assert job.state is State.FAILED


@pytest.fixture
def server():
    """Starts a server that answers every question and order alike; its address."""
    started = []

    def server(code, text):
        class Answer(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(code)
                self.end_headers()
                self.wfile.write(text.encode())

            do_POST = do_GET  # noqa: N815

            def log_message(self, *_):
                pass

        started.append(http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer))
        threading.Thread(target=started[-1].serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{started[-1].server_port}"

    yield server
    for each in started:
        each.shutdown()
        each.server_close()


@pytest.mark.parametrize(
    ("code", "text", "over"),
    [
        (200, '{"status": "RUNNING"}', False),
        (200, '{"status": "FAILED"}', True),
        (404, "Job some does not exist", True),
        (404, "Not found", False),
        (502, "Bad gateway", False),
        (200, "<html>a page of something else</html>", False),
    ],
)
def test_only_ray_itself_says_that_a_job_is_over(server, tmp_path, code, text, over):
    write_json(tmp_path / "ray.json", {"address": server(code, text), "submission": "some"})
    assert ray.is_over(tmp_path) is over


def test_a_job_that_ray_refuses_fails_with_its_words(server, run, python, monkeypatch):
    monkeypatch.setenv("SER_RAY", server(400, "Traceback\nValueError: no such resource"))
    job = run(python("print('done')"))
    assert job.state is State.FAILED
    assert "no such resource" in job.reason


def test_a_job_that_waits_for_a_node_says_so(run, python, monkeypatch):
    job = run(python("print('done')"))
    job.wait(30)
    (job.folder / "exit.json").unlink()
    write_json(job.folder / "ray.json", {"address": "http://there", "submission": "some"})
    monkeypatch.setattr(ray, "_ask", lambda *_: {"status": "PENDING"})
    monkeypatch.setattr(ray, "_ANSWERS", ray._Answers())
    assert job.state is State.RUNNING
    assert "waits for a node" in job.place
    assert job.waits_for_node
    monkeypatch.setattr(ray, "_ask", lambda *_: {"status": "RUNNING"})
    monkeypatch.setattr(ray, "_ANSWERS", ray._Answers())
    assert not job.waits_for_node
    assert job.place == "Ray at http://there"
    (job.folder / "ray.json").unlink()  # or the end of this test waits for Ray to stop it


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
        (tmp_path / "ray.json").unlink()
        ray.submit(tmp_path, address)  # Ray may have taken it, so it counts as submitted
        assert ray.submitted(tmp_path) is not None
        assert time.monotonic() - began < 5


def test_what_a_job_takes_is_that_of_its_order_before_that_of_whoever_asks(monkeypatch):
    assert ray.amount(ray.CPUS, 1) == 1
    monkeypatch.setenv(ray.CPUS, "4")
    assert ray.amount(ray.CPUS, 1, {}) == 4
    assert ray.amount(ray.CPUS, 1, {ray.CPUS: "0.5"}) == 0.5
    with pytest.raises(ParameterError, match="SER_RAY_CPUS"):
        ray.amount(ray.CPUS, 1, {ray.CPUS: "many"})


def test_an_address_that_is_none_is_refused(monkeypatch):
    monkeypatch.setenv("SER_RAY", "localhost:6379")
    with pytest.raises(ParameterError, match="SER_RAY"):
        ray.asked_for()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a process with its parent")
def test_a_command_ends_with_the_supervisor_that_a_lost_node_takes_along(
    python, tmp_path, until, lives
):
    write_json(tmp_path / "command.json", {"command": python("import time; time.sleep(60)")})
    write_json(tmp_path / "ray.json", {"address": "http://there", "submission": "some"})
    line = [sys.executable, "-m", "ser_core.jobs.supervise", str(tmp_path)]
    supervisor = subprocess.Popen(line)
    until(lambda: files.work(tmp_path) is not None)
    command = psutil.Process(files.work(tmp_path).pid)
    assert lives(command)
    supervisor.kill()
    supervisor.wait()
    until(lambda: not lives(command), seconds=5)
