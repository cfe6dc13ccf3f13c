"""`python -m ser_core.jobs.supervise FOLDER`: run a job's command and note how it ended.

A process between the workbench and the command, since only a parent learns an exit code, and the
workbench may be restarted while the command runs. When the command has ended it closes the MLflow
runs that are left open, and launches what waits. A second process beside it, the guard, does so in
its place when it is killed.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ser_core.core import JOB_FOLDER, Mark, SerError
from ser_core.jobs import folder as files
from ser_core.jobs.local import GLANCE, GUARD, sweep
from ser_core.storage import read_json, write_json

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import IO

PATIENCE = 3600.0
"""Seconds for which it tries to note the end on a full disk; the job counts as running."""

UNKNOWN = "Nobody knows how it ended: the process that watched it was killed. Its log may tell."


def supervise(folder: Path) -> None:
    """See to it that a job comes to an end that is written down, whatever state it is in."""
    from filelock import FileLock, Timeout

    order = read_json(folder / files.ORDER)
    if order is None:
        return
    on_ray = (folder / files.RAY).exists()
    # Two supervisors, launched by two who did not know of each other, would run it twice. One that
    # Ray has started again gives that of a node that is being lost the time to end.
    patience = 30 if on_ray else 0
    with contextlib.suppress(Timeout), FileLock(folder / ".lock", timeout=patience):
        if not (folder / files.EXIT).exists():
            write_json(folder / files.SUPERVISOR, Mark.of().to_dict())
            settle(folder, *_work(folder, order))
    if not on_ray:  # there it is the guard, on the computer of the workbench, that does so
        tidy(folder.parent, order.get("env", {}))


def guard(folder: Path) -> None:
    """Wait until the supervisor of a job is gone, and go on in its place where it was killed.

    A supervisor that is killed, by hand or for want of memory, can note nothing and launch nothing:
    without this the queue would stand still until somebody opens the workbench.
    """
    from ser_core.jobs.queue import pump, reconcile
    from ser_core.jobs.ray import attend

    on_ray = (folder / files.RAY).exists()
    if on_ray:
        attend(folder)
    else:
        while (mark := files.supervisor(folder)) is not None and mark.alive:
            time.sleep(GLANCE)
    root = folder.parent
    if not folder.exists():  # somebody threw the job away meanwhile
        return
    if not (folder / files.EXIT).exists():
        reconcile(root)
        return
    if on_ray:
        tidy(root, (read_json(folder / files.ORDER) or {}).get("env", {}))
        return
    with files.locked(root):  # it may have been killed after it noted the end
        pump(root)


def settle(folder: Path, code: int | None, reason: str = "", *, patience: float = PATIENCE) -> None:
    """Note how a job ended, and keep trying while the disk is full.

    Args:
        folder: Of the job.
        code: Its exit code; None when not recorded.
        reason: Why it ended so, when its log does not say.
        patience: Seconds for which it keeps trying.

    Raises:
        SerError: If it could not be written in all that time.
    """
    end = {"code": code, "ended": time.time(), "reason": reason}
    deadline = time.monotonic() + patience
    while True:
        try:
            write_json(folder / files.EXIT, end)
            return
        except SerError:
            if time.monotonic() > deadline:
                raise
            time.sleep(1)


def tidy(root: Path, env: Mapping[str, str] | None = None) -> None:
    """Launch what waits, and close the runs that nobody writes any more.

    Args:
        root: Folder of the jobs.
        env: Variables of the job that has ended; they may say where its runs are.
    """
    from ser_core import tracking
    from ser_core.jobs.queue import pump

    if not root.exists():  # somebody threw all jobs away meanwhile
        return
    with files.locked(root):
        pump(root)
    os.environ.update(env or {})  # this process ends here, so nobody else is touched by it
    cancelled = {mark.parent.name for mark in root.glob(f"*/{files.CANCELLED}")}
    with contextlib.suppress(SerError):  # a server that cannot be reached; the next one tries again
        if tracking.abandoned():
            tracking.reconcile(cancelled)


def _work(folder: Path, order: dict[str, Any]) -> tuple[int | None, str]:
    """Run the command, or wait for one that lost its supervisor; exit code and reason."""
    begun = files.work(folder)
    if begun is not None:
        while begun.alive:
            time.sleep(0.2)
        return None, UNKNOWN
    if (folder / files.CANCELLED).exists():
        return None, "Cancelled before it began."
    with (folder / files.LOG).open("ab") as log:
        code = _run(folder, order, log)
    if (folder / files.CANCELLED).exists():
        sweep()
    return code, ""


def _run(folder: Path, order: dict[str, Any], log: IO[bytes]) -> int:
    own = {JOB_FOLDER: str(folder)}
    env = {"PYTHONUNBUFFERED": "1", **os.environ, **order.get("env", {}), **own}
    try:
        process = subprocess.Popen(
            order["command"],
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            preexec_fn=_bond() if _is_bound(folder) else None,
        )
    except OSError as error:
        log.write(f"{error}\n".encode())
        return 127
    try:
        mark = Mark.of(process.pid).to_dict()
        write_json(folder / files.WORK, {"process": mark, "at": time.time()})
    except SerError as error:
        # It works all the same; only a supervisor that is killed would lose sight of it.
        log.write(f"{error}\n".encode())
    return process.wait()


def _is_bound(folder: Path) -> bool:
    """Whether the command is to end with this process.

    On a cluster: when a node is lost Ray ends this process, and starts the job again on another
    node. A command that outlived it would go on writing into the same folder.
    """
    return (folder / files.RAY).exists() and sys.platform == "linux"


def _bond() -> Callable[[], None]:
    """Has the system kill the child that calls it as soon as this process ends: prctl(2)."""
    libc, parent = ctypes.CDLL(None), os.getpid()

    def bond() -> None:
        libc.prctl(_PARENT_DEATH_SIGNAL, signal.SIGKILL)
        if os.getppid() != parent:  # it ended before that
            os.kill(os.getpid(), signal.SIGKILL)

    return bond


_PARENT_DEATH_SIGNAL = 1
"""PR_SET_PDEATHSIG of <linux/prctl.h>."""


if __name__ == "__main__":
    if sys.argv[1] == "--tidy":
        tidy(Path(sys.argv[2]))
    elif sys.argv[1] == GUARD:
        guard(Path(sys.argv[2]))
    else:
        supervise(Path(sys.argv[1]))
