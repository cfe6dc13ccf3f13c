"""Servers of the tests' own: PostgreSQL of the system, and a Ray cluster of two nodes."""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import psutil
import pytest

PROGRAMS = Path("/usr/lib/postgresql")
ABSENT = "no PostgreSQL server on this computer (on Debian: apt install postgresql)"
SMALL = {"num_cpus": 1, "object_store_memory": 80_000_000}


@pytest.fixture(scope="module")
def postgresql():
    """Address of the empty database `runs`, with `trials` beside it, on a server of this module."""
    if importlib.util.find_spec("pg8000") is None:
        pytest.skip("no driver: pip install -r requirements-postgresql.txt")
    with tempfile.TemporaryDirectory(prefix="pg-") as place:
        yield from _served(_programs(), Path(place))


def _programs():
    found = sorted(PROGRAMS.glob("*/bin/initdb"), key=lambda file: int(file.parts[-3]))
    named = shutil.which("initdb")
    if not found and named is None:
        pytest.skip(ABSENT)
    return found[-1].parent if found else Path(named).resolve().parent


def _served(programs, place):
    user = _other_user(place)
    data, port = place / "data", free_port()
    run = lambda *command: subprocess.run(command, check=True, capture_output=True, **user)  # noqa: E731
    run(programs / "initdb", "-D", data, "-A", "trust", "-U", "ser", "--no-sync")
    options = f"-h 127.0.0.1 -p {port} -k {place} -c fsync=off"
    try:
        run(programs / "pg_ctl", "-D", data, "-o", options, "-l", place / "log", "-w", "start")
        for name in ("runs", "trials"):
            run(programs / "createdb", "-h", "127.0.0.1", "-p", str(port), "-U", "ser", name)
        yield f"postgresql://ser:a secret@127.0.0.1:{port}/runs".replace(" ", "%20")
    finally:
        run(programs / "pg_ctl", "-D", data, "-m", "immediate", "-w", "stop")


def _other_user(place):
    """Whom the server runs as: itself refuses root."""
    if os.geteuid() != 0:
        return {}
    account = pwd.getpwnam("nobody")
    place.chmod(0o700)
    os.chown(place, account.pw_uid, account.pw_gid)
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": [], "cwd": "/"}


class TwoNodes:
    """A head and further nodes, with one core each."""

    def __init__(self, folder: Path) -> None:
        from ray.cluster_utils import Cluster

        self.port = free_port()
        (folder / "ray").mkdir()  # where Ray notes the newest cluster
        head = {"include_dashboard": True, "dashboard_port": self.port}
        self.cluster = Cluster(initialize_head=True, head_node_args={**SMALL, **head})
        self.address = self.cluster.address
        self.jobs = f"http://127.0.0.1:{self.port}"
        self.second = self.cluster.add_node(**SMALL)

    def kill_second(self):
        """The power of the second node fails."""
        self.cluster.remove_node(self.second, allow_graceful=False)
        self.second = None

    def mend(self):
        """Another node takes its place; a third would spoil the tests after one that failed."""
        self.second = self.second or self.cluster.add_node(**SMALL)


@pytest.fixture(scope="module")
def two_nodes():
    pytest.importorskip("ray", reason="Ray is not installed: pip install 'ser-workbench[ray]'")
    folder = Path(tempfile.mkdtemp(prefix="ray-", dir="/tmp"))
    before = os.environ.copy()
    quick = {"period_ms": "1000", "timeout_ms": "3000", "failure_threshold": "3"}
    os.environ.update({f"RAY_health_check_{name}": value for name, value in quick.items()})
    # Ray's workers are nice (15) by default: beside other tests they would hardly get to run.
    os.environ.update(RAY_USAGE_STATS_ENABLED="0", RAY_TMPDIR=str(folder), RAY_worker_niceness="0")
    made = TwoNodes(folder)
    yield made
    ours = [
        each for each in psutil.Process().children(recursive=True) if str(folder) in _command(each)
    ]
    made.cluster.shutdown()
    _, left = psutil.wait_procs(ours, timeout=5)
    for each in left:
        each.kill()
    os.environ.clear()
    os.environ.update(before)
    shutil.rmtree(folder, ignore_errors=True)


def _command(process):
    """Its words; none of one that has ended, of which its parent has not taken notice yet."""
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@pytest.fixture
def until():
    """Waits for something that will soon be so."""

    def until(condition, seconds=150):
        deadline = time.monotonic() + seconds
        while not condition() and time.monotonic() < deadline:
            time.sleep(0.05)
        assert condition()

    return until
