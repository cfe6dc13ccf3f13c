"""A Ray cluster of two nodes on this computer, which ends with the module that uses it."""

import os
import shutil
import socket
import tempfile
import time
from pathlib import Path

import psutil
import pytest

SMALL = {"num_cpus": 1, "object_store_memory": 80_000_000}


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

    def mend(self):
        """Another node takes its place."""
        self.second = self.cluster.add_node(**SMALL)


@pytest.fixture(scope="module")
def two_nodes():
    pytest.importorskip("ray", reason="Ray is not installed: pip install 'ser-workbench[ray]'")
    folder = Path(tempfile.mkdtemp(prefix="ray-", dir="/tmp"))
    before = os.environ.copy()
    quick = {"period_ms": "1000", "timeout_ms": "3000", "failure_threshold": "3"}
    os.environ.update({f"RAY_health_check_{name}": value for name, value in quick.items()})
    os.environ.update(RAY_USAGE_STATS_ENABLED="0", RAY_TMPDIR=str(folder))
    made = TwoNodes(folder)
    yield made
    ours = [
        each
        for each in psutil.Process().children(recursive=True)
        if str(folder) in " ".join(each.cmdline())
    ]
    made.cluster.shutdown()
    _, left = psutil.wait_procs(ours, timeout=5)
    for each in left:
        each.kill()
    os.environ.clear()
    os.environ.update(before)
    shutil.rmtree(folder, ignore_errors=True)


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@pytest.fixture
def until():
    """Waits for something that will soon be so."""

    def until(condition, seconds=60):
        deadline = time.monotonic() + seconds
        while not condition() and time.monotonic() < deadline:
            time.sleep(0.05)
        assert condition()

    return until
