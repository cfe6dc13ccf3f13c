"""Runs of MLflow that have no folder on this computer: of another one, or moved away."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from ser_core import tracking
from ser_core.core import TrackingError, files
from ser_core.runs.mlflow_logging import FILES, IDS
from ser_core.storage import atomic, read_json

PATIENCE_S = 0.5
"""How long runs are fetched for one visit of a page; the rest comes with the next."""

AGAIN_S = 600.0
"""After how long a run whose files were not there is looked at again."""

HIDDEN = ".hidden.json"
"""In the folder of runs: names of others' runs that were deleted here, and here alone."""

FETCHED = "fetched"
"""Of the ids in a run's folder: whether it is a copy of a run that another computer made."""

_FOUND_EMPTY: dict[str, float] = {}
"""When a run was found without its files, by its id."""


def missing(root: Path) -> dict[str, str]:
    """Finished trainings in MLflow without a folder of their own below `root`, the newest first.

    Returns:
        Id of the run by the name that its folder will have.

    Raises:
        TrackingError: If the store cannot be read.
    """
    known = tracking.newest_by("recipe_hash", kind="training", status="FINISHED")
    here = {each.name for each in root.iterdir()} if root.is_dir() else set()
    here |= _hidden(root)
    newest = reversed(known.items())
    return {name: run for name, run in newest if name not in here and name == Path(name).name}


def fetch(root: Path, patience: float = PATIENCE_S) -> list[str]:
    """Make the folders of missing runs from their MLflow artifacts; bundles stay where they are.

    The newest come first; those that did not fit into the time come with the next call.

    Args:
        root: Folder of runs.
        patience: Seconds after which no other run is begun.

    Returns:
        Names of the folders that were made. A run with too few artifacts is left out.

    Raises:
        TrackingError: If the store cannot be read.
        SerError: If a folder cannot be written.
    """
    made, begun = [], time.monotonic()
    for name, run in missing(root).items():
        if begun - _FOUND_EMPTY.get(run, -AGAIN_S) < AGAIN_S:
            continue
        if _made(root / name, run):
            made.append(name)
        else:
            _FOUND_EMPTY[run] = begun
        if time.monotonic() - begun > patience:
            break
    return made


def _made(folder: Path, run: str) -> bool:
    fetched = {name: content for name in FILES if (content := _fetched(run, name)) is not None}
    if not {*FILES} - {"enrolled.parquet"} <= {*fetched}:
        return False
    for name, content in fetched.items():
        atomic.write(folder / name, content)
    atomic.write(folder / IDS, json.dumps({"run": run, FETCHED: True}))
    return True


def forget(folder: Path) -> None:
    """Delete the MLflow runs of a run's folder, and note which, so `remember` can undo it.

    In a database that others write, a copy of a run of theirs is only not fetched again.

    Raises:
        TrackingError: If one of them is still being written.
    """
    ids = _ids(folder)
    if FETCHED in ids and not tracking.is_local():
        _hide(folder.parent, _hidden(folder.parent) | {folder.name})
        return
    if "run" in ids and any(tracking.runs(kind="training")["id"] == ids["run"]):
        deleted = tracking.delete(ids["run"])
        atomic.write(folder / IDS, json.dumps({**ids, "deleted": deleted}))


def remember(folder: Path) -> None:
    """Bring back what `forget` deleted.

    Raises:
        TrackingError: If it is gone for good.
    """
    if folder.name in (hidden := _hidden(folder.parent)):
        _hide(folder.parent, hidden - {folder.name})
    ids = _ids(folder)
    deleted = ids.pop("deleted", [])
    tracking.restore(*deleted)
    if deleted:
        atomic.write(folder / IDS, json.dumps(ids))


def _hidden(root: Path) -> set[str]:
    return set((read_json(root / HIDDEN) or {}).get("runs", []))


def _hide(root: Path, names: set[str]) -> None:
    atomic.write(root / HIDDEN, json.dumps({"runs": sorted(names)}))


def _ids(folder: Path) -> dict[str, Any]:
    return read_json(folder / IDS) or {}


def _fetched(run: str, name: str) -> bytes | None:
    try:
        return files.read_bytes(tracking.artifact(run, name), files.TABLE)
    except TrackingError:
        return None
