"""How far a job has come: written by the job, read by whoever watches."""

from __future__ import annotations

import logging
import time
from collections import deque
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from ser_core.core import SerError, own_job
from ser_core.jobs.folder import PROGRESS, is_integer, number
from ser_core.storage import read_json, write_json

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

WINDOW = 5.0
"""The pace is that of the last so many seconds: starting up is slow, and soon forgotten."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Progress:
    """A point on the way.

    Attributes:
        done: Units finished.
        total: Units in all; 0 while it is unknown.
        pace: Units a second of late; 0 while it is unknown.
        note: Where it is, in words ("epoch 3 of 20"); empty when it does not say.
        metrics: Latest figures by name, such as the accuracy of the last epoch.
    """

    done: int
    total: int
    pace: float = 0.0
    note: str = ""
    metrics: dict[str, float] = field(default_factory=dict)

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
        left = max(0, self.total - self.done)
        return left / self.pace if self.total and self.pace else None

    @classmethod
    def read(cls, path: Path) -> Progress | None:
        """The latest report in a file; None when there is none that can be read."""
        content = read_json(path)
        try:
            found = cls(**content) if content else None
        except TypeError:
            return None
        return found if found is not None and _is_sound(vars(found)) else None


def _is_sound(report: Mapping[str, Any]) -> bool:
    """Whether the values of a report are of their kinds and in their bounds."""
    units = all(is_integer(report[name]) and report[name] >= 0 for name in ("done", "total"))
    pace, metrics = number(report["pace"]), report["metrics"]
    if not units or pace is None or pace < 0 or not isinstance(report["note"], str):
        return False
    named = isinstance(metrics, dict)
    return named and all(isinstance(each, int | float) for each in metrics.values())


@dataclass
class ProgressFile:
    """A `(done, total)` callback that keeps a file up to date, a few times a second at most.

    It never stops the work it reports: when the file cannot be written (a full disk), that is
    said once in the log, the work goes on, and the next report tries again.

    Attributes:
        path: The file.
        every: Seconds between two writes.
        clock: Returns the time, in seconds.
    """

    path: Path
    every: float = 0.2
    clock: Callable[[], float] = time.monotonic
    _late: deque[tuple[float, int]] = field(default_factory=deque, init=False)
    _note: str = field(default="", init=False)
    _metrics: dict[str, float] = field(default_factory=dict, init=False)
    _failing: bool = field(default=False, init=False)

    @classmethod
    def of_job(cls) -> ProgressFile | None:
        """That of the job this process works for; None in a process that belongs to none."""
        folder = own_job()
        return cls(folder / PROGRESS) if folder else None

    def __call__(
        self,
        done: int,
        total: int,
        *,
        note: str | None = None,
        metrics: Mapping[str, float] | None = None,
    ) -> None:
        """Report; the first and the last report, and every new note or metric, are written at once.

        Args:
            done: Units finished.
            total: Units in all; 0 while it is unknown.
            note: Where it is, in words; the last one stays when absent.
            metrics: Latest figures; those that are not named stay as they were.
        """
        now = self.clock()
        if note not in (None, self._note):
            self._late.clear()  # another stretch of the work has another pace
        news = self._remember(note, metrics)
        if self._late and now - self._late[-1][0] < self.every and done < total and not news:
            return
        self._late.append((now, done))
        while now - self._late[0][0] > WINDOW and len(self._late) > 2:
            self._late.popleft()
        self._write(Progress(done, total, self._pace(), self._note, self._metrics))

    def _remember(self, note: str | None, metrics: Mapping[str, float] | None) -> bool:
        """Keep what was said, and whether it was new."""
        before = (self._note, self._metrics)
        self._note = self._note if note is None else note
        said = {name: float(value) for name, value in (metrics or {}).items()}
        self._metrics = {**self._metrics, **said}
        return before != (self._note, self._metrics)

    def _pace(self) -> float:
        (start, before), (end, after) = self._late[0], self._late[-1]
        return (after - before) / (end - start) if end - start >= WINDOW / 3 else 0.0

    def _write(self, progress: Progress) -> None:
        try:
            write_json(self.path, asdict(progress))
            self._failing = False
        except SerError as error:
            if not self._failing:
                log.warning("Progress is not shown, the work goes on: %s", error)
            self._failing = True
