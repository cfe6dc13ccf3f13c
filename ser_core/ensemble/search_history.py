"""The search while it goes on: a small file that a page reads."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ser_core.evaluation import METRICS
from ser_core.storage import write_json


@dataclass
class History:
    """Called for each trial; writes the file a few times a second at most, and when it is closed.

    Attributes:
        path: The file; None to write nothing.
        objective: Name in `METRICS`.
        every: Seconds between two writes.
    """

    path: Path | None
    objective: str
    every: float = 0.3
    values: list[float] = field(default_factory=list, init=False)
    _last: float = field(default=0.0, init=False)

    def __call__(self, number: int, loss: float, weights: npt.NDArray[np.float64]) -> None:  # noqa: ARG002
        """Note a trial."""
        self.values.append(1 - loss if self.up else loss)
        if time.monotonic() - self._last >= self.every:
            self.write()

    @property
    def up(self) -> bool:
        """Whether more is better."""
        return METRICS[self.objective].higher_is_better

    def best(self) -> list[float]:
        """The best value so far, after each trial."""
        accumulate = np.maximum.accumulate if self.up else np.minimum.accumulate
        return [float(value) for value in accumulate(self.values)] if self.values else []

    def write(self) -> None:
        """Bring the file up to date.

        Raises:
            SerError: If it cannot be written.
        """
        self._last = time.monotonic()
        if self.path is not None:
            rows = zip(self.values, self.best(), strict=True)
            trials = [{"trial": i, "value": v, "best": b} for i, (v, b) in enumerate(rows)]
            write_json(self.path, {"objective": self.objective, "trials": trials})
