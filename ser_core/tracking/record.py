"""Record of one run, whatever it was read by."""

from __future__ import annotations

from dataclasses import dataclass, field

from ser_core.tracking import run_tags

LARGEST = 1.7976931348623157e308
"""MLflow writes infinity as the largest number there is."""


@dataclass(frozen=True)
class Record:
    """One run.

    Attributes:
        id: MLflow's id.
        name: Display name.
        status: RUNNING, FINISHED, FAILED or KILLED.
        start: Milliseconds since the epoch.
        end: The same; None while it is running.
        experiment: Id of the experiment that lists it.
        artifacts: Address of its artifacts.
        params: Its parameters.
        metrics: The last value of each metric.
        tags: Its tags.
    """

    id: str
    name: str
    status: str
    start: int
    end: int | None
    experiment: str
    artifacts: str
    params: dict[str, str] = field(default_factory=dict)
    metrics: dict[str, float] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        """One of `KINDS`; empty for a run that was not made by the workbench."""
        return self.tags.get(run_tags.KIND, "")

    @property
    def parent(self) -> str | None:
        """Id of the run it is part of."""
        return self.tags.get(run_tags.PARENT)


def number(value: float, *, is_nan: bool = False) -> float:
    """Metric as it was logged.

    >>> number(0.0, is_nan=True), number(-LARGEST), number(0.5)
    (nan, -inf, 0.5)
    """
    if is_nan:
        return float("nan")
    if abs(value) >= LARGEST:
        return float("inf") if value > 0 else float("-inf")
    return value
