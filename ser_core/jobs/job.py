"""A job: the request, and its state.

A job is a folder under `home()/jobs`; what each file in it says is in `ser_core.jobs.folder`. Its
state is read off these and the processes each time it is asked for, so any tab, and the workbench
after a restart, sees the same.
"""

from __future__ import annotations

import enum
import shlex
import signal
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ser_core.jobs import folder as files
from ser_core.jobs.launchers import is_launched, launcher_of
from ser_core.jobs.progress import Progress
from ser_core.jobs.ray import submitted, trouble, waits
from ser_core.storage import read_json

if TYPE_CHECKING:
    from pathlib import Path

GONE = "The process was killed or the computer restarted before it was done."
KILLED = "The process was killed. The system does that when memory runs out."


class State(enum.Enum):
    """What can be said of a job."""

    QUEUED = "queued"
    RUNNING = "running"
    FINISHED = "finished"
    FAILED = "failed"
    CANCELLED = "cancelled"

    def __str__(self) -> str:
        return self.value

    @property
    def is_over(self) -> bool:
        """Whether nothing more will happen."""
        return self not in (State.QUEUED, State.RUNNING)


@dataclass(frozen=True)
class Job:
    """A requested command.

    Attributes:
        folder: Where its files are.
        title: What it does, for people.
        key: What it works on; `find` looks up by it whether that is under way.
        command: The command line.
        started: When it was requested, in seconds since the epoch.
        resumable: Whether the command goes on where it stopped when it is given `--resume`.
        in_queue: Whether it waits for its turn; others start at once.
    """

    folder: Path
    title: str
    key: str
    command: tuple[str, ...]
    started: float
    resumable: bool = False
    in_queue: bool = False

    @property
    def id(self) -> str:
        """Name of the job, unique and in order of time."""
        return self.folder.name

    @property
    def shell(self) -> str:
        """The command as one would paste it in a terminal."""
        return shlex.join(self.command)

    @property
    def state(self) -> State:
        """How it stands at this moment."""
        ended = self._ended()
        if ended is not None and ended["code"] == 0:
            return State.FINISHED
        if (self.folder / files.CANCELLED).exists():
            return State.CANCELLED
        if ended is None and self._is_waiting():
            return State.QUEUED
        if ended is None and launcher_of(self.folder).is_alive(self.folder):
            return State.RUNNING
        # It may have ended between the two looks.
        ended = ended or self._ended()
        return State.FINISHED if ended is not None and ended["code"] == 0 else State.FAILED

    @property
    def place(self) -> str:
        """The Ray cluster it was given to, or why it waits there; empty for this computer."""
        found = submitted(self.folder)
        if found is None:
            return ""
        problem = "" if self.state.is_over else trouble(self.folder)
        return problem or f"Ray at {found[0]}"

    @property
    def waits_for_node(self) -> bool:
        """Whether a Ray cluster has it and no node with room for it, so that nothing happens."""
        return not self.state.is_over and waits(self.folder)

    @property
    def progress(self) -> Progress | None:
        """How far it is; None when the command has not said."""
        return Progress.read(self.folder / files.PROGRESS)

    @property
    def reason(self) -> str:
        """Why it failed: the last line it wrote, or that it was killed."""
        ended = self._ended()
        if ended is None:
            return GONE
        if ended.get("reason"):
            return str(ended["reason"])
        if ended["code"] in (-signal.SIGKILL, 128 + signal.SIGKILL):
            return KILLED
        return self.log(1) or f"It ended with code {ended['code']} without a word."

    @property
    def began(self) -> float | None:
        """When the command began, in seconds since the epoch; None when it has not."""
        return files.number((read_json(self.folder / files.WORK) or {}).get("at"))

    @property
    def ended(self) -> float | None:
        """When it ended, in seconds since the epoch; None when not recorded."""
        return files.number((self._ended() or {}).get("ended"))

    @property
    def seconds(self) -> float | None:
        """How long the command has worked, or did; None when not recorded.

        By the clock of the computer; 0 where that was set back meanwhile.
        """
        began = self.began
        if began is None:
            return None
        end = self.ended or (time.time() if self.state is State.RUNNING else None)
        return None if end is None else max(0.0, end - began)

    def log(self, lines: int = 20) -> str:
        """The last lines of what the command wrote."""
        path = self.folder / files.LOG
        if not path.exists():
            return ""
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - 64_000))
            text = file.read().decode("utf-8", errors="replace")
        return "\n".join([line for line in text.splitlines() if line.strip()][-lines:])

    def cancel(self, grace: float = 3.0) -> None:
        """End the command and everything it started; a job that has ended stays as it is.

        Args:
            grace: Seconds it is given to end by itself before it is killed.
        """
        with files.locked(self.folder.parent):
            state = self.state
            if state.is_over:
                return
            (self.folder / files.CANCELLED).touch()
        if state is State.RUNNING:
            launcher_of(self.folder).stop(self.folder, grace)

    def wait(self, timeout: float) -> State:
        """State once it has ended, or after so many seconds."""
        deadline = time.monotonic() + timeout
        while not self.state.is_over and time.monotonic() < deadline:
            time.sleep(0.05)
        return self.state

    def _ended(self) -> dict[str, Any] | None:
        """How it ended; None where it has not, and where that cannot be read."""
        found = read_json(self.folder / files.EXIT)
        code = found.get("code", "") if found else ""
        return found if code is None or files.is_integer(code) else None

    def _is_waiting(self) -> bool:
        return (self.folder / files.WAITING).exists() and not is_launched(self.folder)


def open_job(folder: Path) -> Job | None:
    """The job in a folder; None when there is none, or what was asked for cannot be read."""
    order = read_json(folder / files.ORDER) or {}
    command, started = order.get("command"), files.number(order.get("started"))
    if started is None or not isinstance(command, list) or not command:
        return None
    texts = (order.get("title"), order.get("key"), *command)
    if not all(isinstance(each, str) for each in texts):
        return None
    named = {name: order.get(name) is True for name in ("resumable", "in_queue")}
    return Job(folder, order["title"], order["key"], tuple(command), started, **named)


def jobs(root: Path | None = None) -> list[Job]:
    """All jobs, the newest first."""
    root = root or files.root()
    folders = sorted(root.iterdir(), reverse=True) if root.is_dir() else []
    return [job for folder in folders if (job := open_job(folder)) is not None]


def find(key: str, *, running: bool = True, root: Path | None = None) -> Job | None:
    """The newest job with this key; by default only one that runs, or waits for its turn."""
    for job in jobs(root):
        if job.key == key and (not running or not job.state.is_over):
            return job
    return None
