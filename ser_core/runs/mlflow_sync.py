"""Runs of MLflow that have no folder on this computer: of another one, or moved away."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ser_core import tracking
from ser_core.core import TrackingError, files
from ser_core.runs.mlflow_logging import FILES, IDS
from ser_core.storage import atomic, read_json

if TYPE_CHECKING:
    import pandas as pd


def missing(root: Path) -> pd.DataFrame:
    """Finished trainings in MLflow without a folder of their own below `root`, as `tracking.runs`.

    Raises:
        TrackingError: If the store cannot be read.
    """
    known = tracking.runs(kind="training")
    if known.empty or "params.recipe_hash" not in known:
        return known.iloc[:0]
    finished = known[(known["status"] == "FINISHED") & known["params.recipe_hash"].notna()]
    newest = finished.drop_duplicates("params.recipe_hash")
    absent = [not (root / name).exists() for name in newest["params.recipe_hash"]]
    return newest[absent]


def fetch(root: Path) -> list[str]:
    """Make the folders of missing runs from their MLflow artifacts; bundles stay where they are.

    Args:
        root: Folder of runs.

    Returns:
        Names of the folders that were made. A run with too few artifacts is left out.

    Raises:
        TrackingError: If the store cannot be read.
        SerError: If a folder cannot be written.
    """
    return [row["params.recipe_hash"] for _, row in missing(root).iterrows() if _made(root, row)]


def _made(root: Path, row: pd.Series[Any]) -> bool:
    folder = root / str(row["params.recipe_hash"])
    fetched = {
        name: content for name in FILES if (content := _fetched(row["id"], name)) is not None
    }
    if not {*FILES} - {"enrolled.parquet"} <= {*fetched}:
        return False
    for name, content in fetched.items():
        atomic.write(folder / name, content)
    atomic.write(folder / IDS, json.dumps({"run": row["id"]}))
    return True


def forget(folder: Path) -> None:
    """Delete the MLflow runs of a run's folder, and note which, so `remember` can undo it.

    Raises:
        TrackingError: If one of them is still being written.
    """
    ids = _ids(folder)
    if "run" in ids and any(tracking.runs(kind="training")["id"] == ids["run"]):
        deleted = tracking.delete(ids["run"])
        atomic.write(folder / IDS, json.dumps({**ids, "deleted": deleted}))


def remember(folder: Path) -> None:
    """Bring back what `forget` deleted.

    Raises:
        TrackingError: If it is gone for good.
    """
    ids = _ids(folder)
    deleted = ids.pop("deleted", [])
    tracking.restore(*deleted)
    if deleted:
        atomic.write(folder / IDS, json.dumps(ids))


def _ids(folder: Path) -> dict[str, Any]:
    return read_json(folder / IDS) or {}


def _fetched(run: str, name: str) -> bytes | None:
    try:
        return files.read_bytes(tracking.artifact(run, name), files.TABLE)
    except TrackingError:
        return None
