"""How many runs are finished, without opening one."""

from __future__ import annotations

from ser_core.core import settings


def finished_runs() -> int:
    """How many trainings were finished here; no run is opened."""
    return len(list((settings.home() / "runs").glob("*/summary.json")))
