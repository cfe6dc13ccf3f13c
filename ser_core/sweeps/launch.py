"""Sweeps of this computer: their folders, and their jobs."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

from ser_core.core import SerError, files, pasted, settings
from ser_core.jobs import PROGRESS_FILE, Job, Order, enqueue, find
from ser_core.storage import Trash, atomic
from ser_core.sweeps.space import Sweep, load_sweep, to_yaml
from ser_core.sweeps.study import SWEEP

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
    title = sweep.name or f"Sweep of {sweep.recipe.name}"
    (job,) = enqueue([Order(command, title=title, key=f"{KEY}{sweep_id}")])
    return job


def line(file: Path) -> list[str]:
    """Command that carries out the sweep in a file."""
    return [sys.executable, "-m", "ser_core", "sweep", str(file)]


def shell(sweep: Sweep) -> str:
    """What to paste in a terminal for this very sweep, which then appears among the others."""
    folder = folder_of_sweeps().absolute() / id_of(sweep)
    command = pasted([*line(Path("/dev/stdin")), "--out", str(folder)])
    return f"{command} <<'SWEEP'\n{to_yaml(sweep)}SWEEP"


def sweep_of(job: Job) -> str | None:
    """Id of the sweep that a job carries out; None for jobs that do something else."""
    return job.key.removeprefix(KEY) if job.key.startswith(KEY) else None


def job_of(sweep_id: str) -> Job | None:
    """The newest job of a sweep, whatever became of it."""
    return find(f"{KEY}{sweep_id}", running=False)


def sweeps() -> dict[str, Sweep]:
    """All sweeps by id, the newest first; a folder that holds none that can be read is no sweep."""
    folder = folder_of_sweeps()
    own = (
        [each for each in folder.iterdir() if files.is_file(each / SWEEP)]
        if (folder.is_dir())
        else []
    )
    found = {}
    for each in sorted(own, key=lambda path: (path / SWEEP).stat().st_mtime, reverse=True):
        try:
            found[each.name] = load_sweep(each / SWEEP)
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
