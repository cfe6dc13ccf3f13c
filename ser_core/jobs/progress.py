"""How far a job has come: written by the job, read by whoever watches."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

from ser_core.jsonfile import read_json, write_json

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

WINDOW = 5.0
"""The pace is that of the last so many seconds: starting up is slow, and soon forgotten."""


@dataclass(frozen=True)
class Progress:
    """A point on the way.

    Attributes:
        done: Units finished.
        total: Units in all; 0 while it is unknown.
        pace: Units a second of late; 0 while it is unknown.
    """

    done: int
    total: int
    pace: float = 0.0

    @property
    def fraction(self) -> float:
        """Share that is done, 0 to 1."""
        return min(1.0, self.done / self.total) if self.total else 0.0

    @property
    def remaining(self) -> float | None:
        """Seconds that the rest takes at the present pace; None while there is none.

        >>> Progress(done=25, total=100, pace=2.5).remaining
        30.0
        """
        return (self.total - self.done) / self.pace if self.total and self.pace else None

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
    """A `(done, total)` callback that keeps a file up to date, a few times a second at most.

    Attributes:
        path: The file.
        every: Seconds between two writes.
        clock: What tells the time, in seconds.
    """

    path: Path
    every: float = 0.2
    clock: Callable[[], float] = time.monotonic
    _late: deque[tuple[float, int]] = field(default_factory=deque, init=False)

    def __call__(self, done: int, total: int) -> None:
        """Report; the first and the last report are always written."""
        now = self.clock()
        if self._late and now - self._late[-1][0] < self.every and done < total:
            return
        self._late.append((now, done))
        while now - self._late[0][0] > WINDOW and len(self._late) > 2:
            self._late.popleft()
        write_json(self.path, asdict(Progress(done, total, self._pace())))

    def _pace(self) -> float:
        (start, before), (end, after) = self._late[0], self._late[-1]
        return (after - before) / (end - start) if end - start >= WINDOW / 3 else 0.0
