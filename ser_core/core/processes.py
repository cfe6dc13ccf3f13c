"""Identity of a process, distinct from a later one with the same id; and the job it works for."""

from __future__ import annotations

import os
import socket
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

if TYPE_CHECKING:
    from collections.abc import Mapping


JOB_FOLDER = "SER_JOB"
"""Environment variable that tells a process the folder of the job it works for."""

CANCELLED = "cancelled"
"""File in that folder once the job is cancelled."""

EXIT = "exit.json"
"""File in that folder once the job has ended: how and when."""

ELSEWHERE = "SER_ELSEWHERE"
"""Environment variable of a process whose job a cluster runs, on whatever computer."""


BUSY = 0.8
"""Load of the last minute, in processes that want a core, from which on the cores are not ours."""


def crowded() -> bool:
    """Whether other work keeps a core busy; several threads of one step then wait for each other.

    Where the system does not tell its load, none is assumed.
    """
    return hasattr(os, "getloadavg") and os.getloadavg()[0] >= BUSY


def own_job() -> Path | None:
    """Folder of the job that this process works for; None when it works for none."""
    folder = os.environ.get(JOB_FOLDER)
    return Path(folder) if folder else None


def is_cancelled() -> bool:
    """Whether the job that this process works for was cancelled."""
    job = own_job()
    return job is not None and (job / CANCELLED).exists()


@dataclass(frozen=True)
class Mark:
    """A process, marked so that it can be found again, by anyone, after any time.

    Attributes:
        pid: Its number. Numbers are given again, so it is not enough.
        started: When it started, in a form that neither a corrected clock nor a restart of the
            computer can make equal to that of another process.
        host: Name of its computer.
    """

    pid: int
    started: str
    host: str

    @classmethod
    def of(cls, pid: int | None = None) -> Mark:
        """Mark of a living process; of this one by default.

        Raises:
            psutil.NoSuchProcess: If there is none.
        """
        pid = os.getpid() if pid is None else pid
        return cls(pid, _started(pid), socket.gethostname())

    @classmethod
    def read(cls, content: Mapping[str, Any] | None) -> Mark | None:
        """Mark as `to_dict` gave it; None when it is not one."""
        try:
            mark = cls(**content) if content else None
        except TypeError:
            return None
        return mark if mark is not None and _is_sound(asdict(mark)) else None

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for a file or a tag."""
        return asdict(self)

    @property
    def process(self) -> psutil.Process | None:
        """The process if it lives and is really this one."""
        try:
            process = psutil.Process(self.pid)
            ours = _started(self.pid) == self.started
            return process if ours and process.status() != psutil.STATUS_ZOMBIE else None
        except psutil.Error:
            return None

    @property
    def alive(self) -> bool:
        """Whether it still runs, on this computer."""
        return self.process is not None


def _started(pid: int) -> str:
    """Ticks since this boot on Linux, where seconds since the epoch move when the clock is set."""
    try:
        # The name, in brackets, may hold anything; the 22nd field of all is the start.
        ticks = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()[19]
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return repr(psutil.Process(pid).create_time())
    return f"{boot}:{ticks}"


def _is_sound(mark: Mapping[str, Any]) -> bool:
    """Whether the values of a mark are of their kinds; files and tags may hold others."""
    pid, texts = mark["pid"], (mark["started"], mark["host"])
    if not isinstance(pid, int) or isinstance(pid, bool):
        return False
    return 0 < pid < 2**31 and all(isinstance(each, str) for each in texts)
