"""The folder of a job: what each file in it says, and the lock on all of them."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from ser_core.core import CANCELLED, EXIT, JobError, Mark, settings
from ser_core.storage import read_json

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = [
    "CANCELLED",
    "EXIT",
    "GUARDED",
    "LOG",
    "ORDER",
    "PROGRESS",
    "RAY",
    "REMOVED",
    "SUPERVISOR",
    "WAITING",
    "WORK",
    "is_alive",
    "is_integer",
    "locked",
    "number",
    "root",
    "supervisor",
    "work",
]

ORDER = "command.json"
"""What was asked for: title, key, command, and how it is to be treated."""
WAITING = "waiting.json"
"""Its rank among those that wait; there from the order until it is launched."""
SUPERVISOR = "process.json"
"""The process that runs the command and notes how it ended."""
WORK = "work.json"
"""The process of the command, and when it began."""
PROGRESS = "progress.json"
"""How far it is, if the command says so."""
LOG = "log.txt"
"""What the command wrote."""
RAY = "ray.json"
"""Of a job that was given to a Ray cluster: which, and the id of the submission."""
GUARDED = "guard.json"
"""The process on the computer of the workbench that watches such a job."""
REMOVED = ".removed"
"""Folder, beside the jobs, of those that were removed and can be restored."""


def root() -> Path:
    """Folder of all jobs."""
    return settings.home().absolute() / "jobs"


def is_integer(value: object) -> bool:
    """Whether it is a whole number; True and False are none."""
    return isinstance(value, int) and not isinstance(value, bool)


def number(value: object) -> float | None:
    """A finite number as these files should hold it; None for anything else.

    >>> number(3), number(float("nan")), number("3"), number(True)
    (3.0, None, None, None)
    """
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    return float(value) if abs(value) < BEYOND else None


BEYOND = 1e15
"""No number here comes near it: seconds since the epoch, ranks in the queue, units of work."""


def supervisor(folder: Path) -> Mark | None:
    """The supervising process, dead or alive; None when it was never launched."""
    return Mark.read(read_json(folder / SUPERVISOR))


def work(folder: Path) -> Mark | None:
    """The process of the command, dead or alive; None when it has not begun."""
    return Mark.read((read_json(folder / WORK) or {}).get("process"))


def is_alive(folder: Path) -> bool:
    """Whether somebody works on it: the command, or who supervises it."""
    return any(mark is not None and mark.alive for mark in (supervisor(folder), work(folder)))


@contextlib.contextmanager
def locked(jobs: Path) -> Iterator[None]:
    """Keep everybody else, in any process, from launching, cancelling or moving jobs.

    Raises:
        JobError: If another process does not let go of it for a minute.
    """
    from filelock import FileLock, Timeout

    jobs.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(jobs / ".lock", timeout=60):
            yield
    except Timeout as error:
        raise JobError(
            "another process has held the queue for a minute",
            subject=str(jobs),
            remedy="Look for a program of the workbench that hangs, and end it",
        ) from error
