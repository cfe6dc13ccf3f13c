"""Sweeps of this computer: their folders, and their jobs."""

from __future__ import annotations

import hashlib
import os
import sys
from pathlib import Path

from ser_core.core import SerError, settings
from ser_core.jobs import PROGRESS_FILE, Job, Order, enqueue, find
from ser_core.storage import Trash, atomic
from ser_core.sweeps.space import Sweep, load_sweep, to_yaml
from ser_core.sweeps.study import STORAGE, SWEEP

KEY = "sweep:"
"""Beginning of the key of every sweep's job; the id of the sweep follows."""

TRASH = Trash(taken="the same sweep was begun again")


def folder_of_sweeps() -> Path:
    """Folder of all sweeps."""
    return settings.home() / "sweeps"


def id_of(sweep: Sweep) -> str:
    """Id of a sweep: of all but the number of its trials, so that more can be asked for."""
    text = "\n".join(line for line in to_yaml(sweep).splitlines() if not line.startswith("trials:"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def launch(sweep: Sweep) -> Job:
    """Put a sweep into the queue; one that was interrupted, or that wants more trials, goes on.

    Raises:
        SerError: If its file cannot be written.
    """
    sweep_id = id_of(sweep)
    folder = folder_of_sweeps().absolute() / sweep_id
    atomic.write(folder / SWEEP, to_yaml(sweep))
    command = [*line(folder / SWEEP), "--out", str(folder), "--progress-file", PROGRESS_FILE]
    env = {STORAGE: shared} if (shared := os.environ.get(STORAGE)) else {}
    (job,) = enqueue([Order(command, title=sweep.title, key=f"{KEY}{sweep_id}", env=env)])
    return job


def line(file: Path) -> list[str]:
    """Command that carries out the sweep in a file."""
    return [sys.executable, "-m", "ser_core", "sweep", str(file)]


def job_of(sweep_id: str) -> Job | None:
    """The newest job of a sweep, whatever became of it."""
    return find(f"{KEY}{sweep_id}", running=False)


def sweeps() -> dict[str, Sweep]:
    """All sweeps by id, the newest first; a folder that holds none that can be read is no sweep."""
    folder = folder_of_sweeps()
    found = {}
    for file in sorted(
        folder.glob(f"*/{SWEEP}"), key=lambda path: path.stat().st_mtime, reverse=True
    ):
        try:
            found[file.parent.name] = load_sweep(file)
        except SerError:
            continue
    return found


def remove(sweep_id: str) -> Path:
    """Move a sweep to the trash; `restore` brings it back for a week.

    Raises:
        SerError: If it cannot be moved.
    """
    return TRASH.move(folder_of_sweeps() / sweep_id)


def restore(kept: Path) -> Path:
    """Bring back what `remove` moved.

    Raises:
        SerError: If it is gone, or its place is taken.
    """
    return TRASH.restore(kept)
