"""Jobs as processes of this computer: launching one, and ending one with all it started."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING

import psutil

from ser_core.core import Mark, settings
from ser_core.jobs import folder as files
from ser_core.storage import write_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path


GUARD = "--guard"
"""Before the folder of a job, what makes a process its guard; see `supervise.guard`."""

GLANCE = 1.0
"""Seconds between two looks of a guard whether the supervisor is still there."""

SWITCH = "SER_JOB_GUARD"
"""Name in the environment; of the value 0, supervisors have no guard."""


class LocalLauncher:
    """Processes of this computer, out of reach of a Ctrl-C meant for the workbench."""

    def launch(self, folder: Path) -> None:
        """Start the supervisor of a job and its guard, each in a session of its own."""
        pid = spawn(str(folder))
        # The supervisor writes the same, in case this process is killed right here.
        with contextlib.suppress(psutil.NoSuchProcess):
            write_json(folder / files.SUPERVISOR, Mark.of(pid).to_dict())
        if os.environ.get(SWITCH) != "0":
            spawn(GUARD, str(folder))

    def is_alive(self, folder: Path) -> bool:
        """Whether the supervisor or the command runs."""
        return files.is_alive(folder)

    def is_watched(self, folder: Path) -> bool:
        """Whether a supervisor is there that will note the end."""
        mark = files.supervisor(folder)
        return mark is not None and mark.alive and not (folder / files.EXIT).exists()

    def stop(self, folder: Path, grace: float) -> None:
        """Ask the command and its family to end, then kill what is left.

        The supervisor stays: it notes how the command ended. If it has gone, a new one does.
        """
        wait_until(lambda: files.work(folder) is not None or not self.is_watched(folder))
        _end(_family(folder), grace)
        if not (folder / files.EXIT).exists() and not self.is_watched(folder):
            self.launch(folder)
        wait_until((folder / files.EXIT).exists)

    def tidy(self, root: Path) -> None:
        """Start a process that closes abandoned runs and launches what waits."""
        spawn("--tidy", str(root))


def sweep() -> None:
    """End what is left of this process's session, for a supervisor whose command has ended."""
    _end([each for each in _session(os.getsid(0)) if each.pid != os.getpid()], 0)


def spawn(*arguments: str) -> int:
    """Run `python -m ser_core.jobs.supervise` in a session of its own; its process id."""
    process = subprocess.Popen(
        [sys.executable, "-m", "ser_core.jobs.supervise", *arguments],
        cwd=settings.REPOSITORY,
        env=_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    # Somebody has to collect the dead child, or it stays in the process table as a zombie.
    threading.Thread(target=process.wait, daemon=True).start()
    return process.pid


def wait_until(condition: Callable[[], bool], seconds: float = 10) -> None:
    """Return when something is so, or after so many seconds."""
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.02)


def _environment() -> dict[str, str]:
    """That of this process; the supervisor runs in another folder, so paths become absolute."""
    home = {"SER_HOME": str(settings.home().absolute())} if os.environ.get("SER_HOME") else {}
    return {**os.environ, **home}


def _family(folder: Path) -> list[psutil.Process]:
    """The command and all below it, and those of its session whose parent has gone."""
    found: dict[int, psutil.Process] = {}
    supervisor, work = files.supervisor(folder), files.work(folder)
    if work is not None and (head := work.process) is not None:
        found[head.pid] = head
        with contextlib.suppress(psutil.Error):
            found |= {child.pid: child for child in head.children(recursive=True)}
    # Without the supervisor, its number may by now be that of another session.
    if supervisor is not None and supervisor.alive:
        found |= {each.pid: each for each in _session(supervisor.pid)}
        found.pop(supervisor.pid, None)
    return list(found.values())


def _session(leader: int) -> Iterable[psutil.Process]:
    for pid in psutil.pids():
        with contextlib.suppress(OSError, psutil.Error):
            if os.getsid(pid) == leader:
                yield psutil.Process(pid)


def _end(family: list[psutil.Process], grace: float) -> None:
    """The command comes first, so that it can close what it has open before its helpers go."""
    if family and grace:
        _signal(family, psutil.Process.terminate)
        wait_until(lambda: not any(map(_lives, family)), grace)
    _signal(filter(_lives, family), psutil.Process.kill)
    wait_until(lambda: not any(map(_lives, family)), 3)


def _lives(process: psutil.Process) -> bool:
    """Whether it still does anything; a zombie only waits to be collected."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _signal(processes: Iterable[psutil.Process], send: Callable[[psutil.Process], None]) -> None:
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            send(process)
