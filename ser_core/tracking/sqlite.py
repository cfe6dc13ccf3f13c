"""Reading runs straight from MLflow's SQLite file.

MLflow takes two seconds to import and one to list 500 runs; a page asks every second. These few
tables have been the same since MLflow 1; a test holds what is read here against MLflow's client.
Nothing is ever written from here.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
from typing import TYPE_CHECKING

from ser_core.core import TrackingError
from ser_core.tracking import run_tags
from ser_core.tracking.record import Record, number

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_RUNS = """
SELECT run_uuid, name, status, start_time, end_time, experiment_id, artifact_uri FROM runs
WHERE lifecycle_stage = 'active' {conditions} ORDER BY start_time DESC, runs.rowid DESC LIMIT ?
"""
_TAGGED = "AND run_uuid IN (SELECT run_uuid FROM tags WHERE key = ? AND value = ?)"
_OURS = "AND run_uuid IN (SELECT run_uuid FROM tags WHERE key = ?)"
_VALUES = "SELECT run_uuid, key, value FROM {} WHERE run_uuid IN (SELECT value FROM json_each(?))"
_METRICS = _VALUES.format("latest_metrics").replace(
    "value FROM latest", "value, is_nan FROM latest"
)
_HISTORY = """
SELECT key, step, value, is_nan FROM metrics WHERE run_uuid = ? AND (key = ? OR ? IS NULL)
ORDER BY key, step, timestamp, rowid
"""


def read(
    file: Path,
    *,
    kind: str | None = None,
    parent: str | None = None,
    status: str | None = None,
    limit: int | None = None,
) -> list[Record]:
    """Runs of the workbench, the newest first; those that were deleted are left out."""
    conditions, values = [_OURS], [run_tags.KIND]
    for key, wanted in ((run_tags.KIND, kind), (run_tags.PARENT, parent)):
        if wanted is not None:
            conditions.append(_TAGGED)
            values += [key, wanted]
    if status is not None:
        conditions.append("AND status = ?")
        values.append(status)
    query = _RUNS.format(conditions=" ".join(conditions))
    return _records(file, query, [*values, -1 if limit is None else limit])


def one(file: Path, run_id: str) -> Record | None:
    """The run with this id, deleted or not; None when there is none."""
    query = _RUNS.format(conditions="").replace("lifecycle_stage = 'active'", "run_uuid = ?")
    found = _records(file, query, [run_id, 1])
    return found[0] if found else None


def history(file: Path, run_id: str, metric: str | None) -> dict[tuple[str, int], float]:
    """Values by metric and step, ordered; of a step that was logged again, the last."""
    with _open(file) as database:
        rows = database.execute(_HISTORY, (run_id, metric, metric))
        return {(key, step): number(value, is_nan=nan) for key, step, value, nan in rows}


def last_sign(file: Path, run_id: str) -> int | None:
    """When a metric was last logged, in milliseconds since the epoch."""
    with _open(file) as database:
        query = "SELECT max(timestamp) FROM metrics WHERE run_uuid = ?"
        found: int | None = database.execute(query, (run_id,)).fetchone()[0]
        return found


def _records(file: Path, query: str, values: list[str | int]) -> list[Record]:
    if not file.exists():
        return []
    with _open(file) as database:
        found = {row[0]: _record(row) for row in database.execute(query, values)}
        ids = json.dumps(list(found))
        for table in ("params", "tags"):
            for run_id, key, value in database.execute(_VALUES.format(table), (ids,)):
                getattr(found[run_id], table)[key] = value
        for run_id, key, value, nan in database.execute(_METRICS, (ids,)):
            found[run_id].metrics[key] = number(value, is_nan=nan)
    return list(found.values())


def _record(row: tuple[str, str, str, int, int | None, int, str]) -> Record:
    run_id, name, status, start, end, experiment, artifacts = row
    # A run that was resumed keeps the end it once had.
    end = None if status == "RUNNING" else end
    return Record(run_id, name or "", status, start, end, str(experiment), artifacts)


@contextlib.contextmanager
def _open(file: Path) -> Iterator[sqlite3.Connection]:
    """A connection that sees one state of the file in all its queries.

    Not opened read-only: after a crash in the middle of a write, the reader has to undo that.
    """
    try:
        with contextlib.closing(
            sqlite3.connect(f"{file.absolute().as_uri()}?mode=rw", uri=True, timeout=20)
        ) as database:
            database.execute("BEGIN")
            yield database
    except sqlite3.Error as error:
        raise TrackingError(
            f"cannot be read as a database of runs ({error})",
            subject=str(file),
            remedy="If it is damaged, move it away: a new one is made with the next run",
        ) from error
