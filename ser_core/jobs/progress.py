"""How far a job has come: written by the job, read by whoever watches."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

from ser_core.jsonfile import read_json, write_json

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Progress:
    """A point on the way.

    Attributes:
        done: Units finished.
        total: Units in all; 0 while it is unknown.
        started: When the first report was made, in seconds since the epoch.
        updated: When this one was made.
        known: Units that were finished before the job began, which say nothing about its pace.
    """

    done: int
    total: int
    started: float
    updated: float
    known: int = 0

    @property
    def fraction(self) -> float:
        """Share that is done, 0 to 1."""
        return min(1.0, self.done / self.total) if self.total else 0.0

    @property
    def remaining(self) -> float | None:
        """Seconds that the rest takes at the pace so far; None while there is no pace yet.

        >>> Progress(done=25, total=100, started=0, updated=10).remaining
        30.0
        """
        elapsed = self.updated - self.started
        finished = self.done - self.known
        if finished <= 0 or not self.total or elapsed < 1:
            return None
        return elapsed * (self.total - self.done) / finished

    @classmethod
    def read(cls, path: Path) -> Progress | None:
        """The latest report in a file; None when there is none that can be read."""
        content = read_json(path)
        try:
            return cls(**content) if content else None
        except TypeError:
            return None


@dataclass
class ProgressFile:
    """A `(done, total)` callback that keeps a file up to date, a few times a second at most."""

    path: Path
    every: float = 0.2
    _started: float = field(default=0.0, init=False)
    _known: int = field(default=0, init=False)
    _written: float = field(default=0.0, init=False)

    def __call__(self, done: int, total: int) -> None:
        """Report; the first and the last report are always written."""
        now = time.time()
        if not self._started:
            self._started, self._known = now, done
        if now - self._written >= self.every or done >= total:
            self._written = now
            write_json(self.path, asdict(Progress(done, total, self._started, now, self._known)))
