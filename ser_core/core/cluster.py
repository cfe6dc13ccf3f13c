"""One function over many items as tasks of a Ray cluster, which spread over its nodes.

Ray (https://docs.ray.io, Apache-2.0) is an optional part and is imported here alone, when it is
asked for. All nodes have the workbench and the runtime folder (`SER_HOME`) under the same paths.
"""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from ser_core.core import settings
from ser_core.core.errors import MissingPartError, SerError
from ser_core.core.parallel import Item, Result, WorkerError
from ser_core.core.processes import ELSEWHERE

RETRIES = 3
"""How often a task begins again whose node or process died."""

LOOK = 0.5
"""Seconds between two calls of `meanwhile`."""


def on_cluster(
    function: Callable[[Item], Result],
    items: Iterable[Item],
    *,
    cpus: float = 1,
    gpus: float = 0,
    in_flight: int | None = None,
    ahead: int = 2,
    meanwhile: Callable[[], None] = lambda: None,
) -> Iterator[Result]:
    """Results of `function` for every item, in whatever order they are ready.

    A task whose node or process dies begins again on another node, so `function` goes on from what
    it finds on the shared disk. Closing the iterator, or an error in `function`, ends the rest. The
    cluster is that of `RAY_ADDRESS`, else the one this computer is a node of.

    Args:
        function: Importable by name; items and results travel between computers.
        items: What to work on; taken one by one, as tasks end.
        cpus: Cores of a node that a task takes.
        gpus: Graphics processors of a node that a task takes.
        in_flight: Most tasks that run or wait at a time; when absent, `ahead` times as many as the
            cluster has room for, which nodes that join or leave change.
        ahead: 2 for tasks so short that nodes should not wait for the next; 1 where what the next
            one is rests on those before.
        meanwhile: Called a few times a second while tasks run.

    Raises:
        MissingPartError: If Ray is not installed.
        WorkerError: If there is no cluster, or a task was killed more than three times.
    """
    with connected() as ray:
        pending: list[Any] = []
        task = ray.remote(_call).options(
            num_cpus=cpus, num_gpus=gpus, max_retries=RETRIES, scheduling_strategy="SPREAD"
        )
        left = iter(items)
        try:
            while True:
                most = in_flight or ahead * _room(ray, cpus, gpus)
                for item in islice(left, max(0, most - len(pending))):
                    pending.append(task.remote(str(Path.cwd()), function, item))  # noqa: PERF401
                if not pending:
                    return
                ready, pending = ray.wait(pending, timeout=LOOK)
                meanwhile()
                for each in ready:
                    yield _result(ray, each)
        finally:
            for each in pending:
                ray.cancel(each, force=True)


LISTENS_S = 5.0
"""Seconds within which a cluster must take a connection."""

NO_CLUSTER = "Start it with `ray start --head`, or name it in RAY_ADDRESS"


@contextlib.contextmanager
def connected() -> Iterator[Any]:
    """Ray, with this process as a driver of the cluster; left again where it was not one before."""
    try:
        import ray
    except ImportError as error:
        raise MissingPartError(
            "Ray is not installed", remedy='Install it: pip install "ser-workbench[ray]"'
        ) from error
    if ray.is_initialized():
        yield ray
        return
    address = os.environ.get("RAY_ADDRESS") or "auto"
    _require_listener(address)
    # A job of Ray has these variables, and may not give them again.
    own = {} if os.environ.get(ELSEWHERE) else {"runtime_env": {"env_vars": environment()}}
    try:
        ray.init(address=address, log_to_driver=False, logging_level="ERROR", **own)
    except (ConnectionError, RuntimeError, ValueError) as error:
        raise WorkerError(
            f"there is no Ray cluster ({str(error).splitlines()[0]})",
            subject=address,
            remedy=NO_CLUSTER,
        ) from error
    try:
        yield ray
    finally:
        ray.shutdown()


def _require_listener(address: str) -> None:
    """Refuse an address on which nothing listens: Ray itself tries it for minutes.

    Raises:
        WorkerError: If no connection is made within some seconds.
    """
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if not host or not port.isdecimal():
        return
    try:
        socket.create_connection((host.strip("[]"), int(port)), LISTENS_S).close()
    except (OSError, OverflowError) as error:
        raise WorkerError(
            f"there is no Ray cluster ({getattr(error, 'strerror', None) or error})",
            subject=address,
            remedy=NO_CLUSTER,
        ) from error


def environment() -> dict[str, str]:
    """Variables that a process on another node needs to be as one here: where things are."""
    paths = [str(settings.REPOSITORY), os.environ.get("PYTHONPATH", "")]
    own = {name: value for name, value in os.environ.items() if name.startswith("SER_")}
    return {
        **own,
        "SER_HOME": str(settings.home().absolute()),
        "PYTHONPATH": os.pathsep.join(filter(None, paths)),
    }


def _call(folder: str, function: Callable[[Item], Result], item: Item) -> Result:
    """Work where the driver does, so that relative paths mean the same."""
    with contextlib.suppress(FileNotFoundError):
        os.chdir(folder)
    return function(item)


def _room(ray: Any, cpus: float, gpus: float) -> int:
    """Tasks that the cluster can run at a time; at least one."""
    have = ray.cluster_resources()
    shares = [have.get("CPU", 0) / cpus if cpus else 0, have.get("GPU", 0) / gpus if gpus else 0]
    return max(1, int(min(filter(None, shares), default=1)))


def _result(ray: Any, reference: Any) -> Any:
    """What a task gave, or its own error."""
    try:
        return ray.get(reference)
    except ray.exceptions.RayTaskError as error:
        if isinstance(error.cause, SerError):
            raise error.cause from None
        raise
    except ray.exceptions.RayError as error:
        raise WorkerError(
            f"a task was killed {RETRIES + 1} times ({str(error).splitlines()[0]})",
            remedy="Start again: what is done is kept; look for want of memory on the nodes",
        ) from error
