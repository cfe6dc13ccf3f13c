"""Jobs on this computer: start a command, look how it does, cancel it.

A job is a folder under `home()/jobs`: what was started (`command.json`), as which process
(`process.json`: number and start time, since numbers are given again), what it said (`log.txt`),
how far it is (`progress.json`, if the command writes one) and how it ended (`exit.json`). Its state
is read off these and the process each time it is asked for, so any tab, and the workbench after a
restart, sees the same.
"""

from __future__ import annotations

import contextlib
import enum
import os
import subprocess
import sys
import threading
import time
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psutil

from ser_core import settings
from ser_core.jobs.progress import Progress
from ser_core.jsonfile import read_json, write_json

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

PROGRESS_FILE = "{progress}"
"""Stands in a command for the path of the job's progress file."""

_STARTING = threading.Lock()


class State(enum.Enum):
    """What can be said of a job."""

    RUNNING = "running"
    FINISHED = "finished"
    FAILED = "failed"
    CANCELLED = "cancelled"

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True)
class Job:
    """A command that was started.

    Attributes:
        folder: Where its files are.
        title: What it does, for people.
        key: What it works on; `find` tells by it whether that is already under way.
        command: The command line.
        started: Seconds since the epoch.
    """

    folder: Path
    title: str
    key: str
    command: tuple[str, ...]
    started: float

    @property
    def id(self) -> str:
        """Name of the job, unique and in order of time."""
        return self.folder.name

    @property
    def state(self) -> State:
        """How it stands at this moment."""
        ended = read_json(self.folder / "exit.json")
        if ended is not None and ended["code"] == 0:
            return State.FINISHED
        if (self.folder / "cancelled").exists():
            return State.CANCELLED
        if ended is None and (self._process() is not None or self._being_born()):
            return State.RUNNING
        # It may have ended between the two looks.
        ended = ended or read_json(self.folder / "exit.json")
        return State.FINISHED if ended is not None and ended["code"] == 0 else State.FAILED

    @property
    def progress(self) -> Progress | None:
        """How far it is; None when the command has not said."""
        return Progress.read(self.folder / "progress.json")

    @property
    def reason(self) -> str:
        """Why it failed: the last line it wrote, or that it was killed."""
        last = self.log(1)
        if last and read_json(self.folder / "exit.json") is not None:
            return last
        return "The process was killed or the computer restarted before it was done."

    def log(self, lines: int = 20) -> str:
        """The last lines of what the command wrote."""
        path = self.folder / "log.txt"
        if not path.exists():
            return ""
        text = path.read_bytes()[-64_000:].decode("utf-8", errors="replace")
        return "\n".join([line for line in text.splitlines() if line.strip()][-lines:])

    def cancel(self, grace: float = 3.0) -> None:
        """End the command and everything it started; a job that has ended stays as it is.

        Args:
            grace: Seconds it is given to end by itself before it is killed.
        """
        process = self._process()
        if process is None or self.state is not State.RUNNING:
            return
        (self.folder / "cancelled").touch()
        _end_tree(process, grace)

    def wait(self, timeout: float) -> State:
        """State once it has ended, or after so many seconds."""
        deadline = time.monotonic() + timeout
        while self.state is State.RUNNING and time.monotonic() < deadline:
            time.sleep(0.05)
        return self.state

    def _being_born(self) -> bool:
        """Whether its process is being started by someone else at this very moment."""
        return not (self.folder / "process.json").exists() and time.time() - self.started < 10

    def _process(self) -> psutil.Process | None:
        """The supervising process if it lives and is really ours."""
        mark = read_json(self.folder / "process.json")
        if mark is None:
            return None
        try:
            process = psutil.Process(mark["pid"])
            ours = abs(process.create_time() - mark["created"]) < 1
            return process if ours and process.status() != psutil.STATUS_ZOMBIE else None
        except psutil.Error:
            return None


def start(
    command: Sequence[str],
    *,
    title: str,
    key: str = "",
    root: Path | None = None,
    env: Mapping[str, str] | None = None,
) -> Job:
    """Start a command in a process of its own and return at once.

    The process belongs to no page: it goes on when a tab closes or the workbench stops.

    Args:
        command: Program and arguments, run in the repository's folder, so paths in it must be
            absolute; `PROGRESS_FILE` in it becomes the job's progress file.
        title: What it does, for people.
        key: What it works on. If a running job has the same key, that one is returned instead.
        root: Folder of the jobs; `home()/jobs` by default.
        env: Environment variables on top of the present ones.
    """
    root = root or settings.home() / "jobs"
    with _STARTING:
        return (find(key, root=root) if key else None) or _start(
            command, title, key, root, {**os.environ, **(env or {})}
        )


def _start(command: Sequence[str], title: str, key: str, root: Path, env: Mapping[str, str]) -> Job:
    now = time.time()
    folder = root / f"{time.strftime('%Y%m%d-%H%M%S', time.gmtime(now))}-{uuid.uuid4().hex[:6]}"
    folder.mkdir(parents=True)
    progress = str(folder / "progress.json")
    line = tuple(progress if part == PROGRESS_FILE else part for part in command)
    order = {"title": title, "key": key, "command": line, "started": now}
    write_json(folder / "command.json", order)
    _spawn(folder, env)
    return Job(folder, title, key, line, now)


def _spawn(folder: Path, env: Mapping[str, str]) -> None:
    """Start the supervisor of a job, out of reach of a Ctrl-C meant for the workbench."""
    process = subprocess.Popen(
        [sys.executable, "-m", "ser_core.jobs.supervise", str(folder)],
        cwd=settings.REPOSITORY,
        env=dict(env),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    mark = {"pid": process.pid, "created": psutil.Process(process.pid).create_time()}
    write_json(folder / "process.json", mark)
    # Somebody has to collect the dead child, or it stays in the process table as a zombie.
    threading.Thread(target=process.wait, daemon=True).start()


def open_job(folder: Path) -> Job | None:
    """The job in a folder; None when there is none."""
    order = read_json(folder / "command.json")
    if order is None:
        return None
    return Job(folder, order["title"], order["key"], tuple(order["command"]), order["started"])


def jobs(root: Path | None = None) -> list[Job]:
    """All jobs, the newest first."""
    root = root or settings.home() / "jobs"
    folders = sorted(root.iterdir(), reverse=True) if root.is_dir() else []
    return [job for folder in folders if (job := open_job(folder)) is not None]


def find(key: str, *, running: bool = True, root: Path | None = None) -> Job | None:
    """The newest job with this key; by default only one that is still running."""
    for job in jobs(root):
        if job.key == key and (not running or job.state is State.RUNNING):
            return job
    return None


def _end_tree(process: psutil.Process, grace: float) -> None:
    """Ask a process and all below it to end, then kill what is left."""
    try:
        tree = [*process.children(recursive=True), process]
    except psutil.NoSuchProcess:
        return
    _signal(tree, psutil.Process.terminate)
    _, alive = psutil.wait_procs(tree, timeout=grace)
    _signal(alive, psutil.Process.kill)
    psutil.wait_procs(alive, timeout=grace)


def _signal(processes: Sequence[psutil.Process], send: Callable[[psutil.Process], None]) -> None:
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            send(process)
