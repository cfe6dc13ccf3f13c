"""Reading runs straight from MLflow's tables, in SQLite or PostgreSQL.

MLflow takes two seconds to import and one to list 500 runs; a page asks every second. These few
tables have been the same since MLflow 1; a test holds what is read here against MLflow's client.
Nothing is ever written from here.
"""

from __future__ import annotations

import contextlib
import functools
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ser_core.core import TrackingError
from ser_core.tracking import addresses, run_tags
from ser_core.tracking.record import Record, number

if TYPE_CHECKING:
    from sqlalchemy import Engine

Ask = Callable[[str, Mapping[str, Any]], list[Any]]
"""Rows that a query gives, with its values by name."""

_CHOSEN = """
SELECT {columns} FROM runs WHERE lifecycle_stage = 'active' {conditions}
ORDER BY start_time DESC, {later} {limit}
"""
_COLUMNS = "run_uuid, name, status, start_time, end_time, experiment_id, artifact_uri"
_TAGGED = "AND run_uuid IN (SELECT run_uuid FROM tags WHERE key = :{0}_key AND value = :{0})"
_OURS = "AND run_uuid IN (SELECT run_uuid FROM tags WHERE key = :ours)"
_VALUES = "SELECT run_uuid, key, value{nan} FROM {table} WHERE run_uuid IN ({chosen})"
_HISTORY = """
SELECT key, step, value, is_nan FROM metrics WHERE run_uuid = :run {only}
ORDER BY key, step, timestamp, {later}
"""
_NEWEST = """
SELECT params.value, runs.run_uuid FROM runs JOIN params ON params.run_uuid = runs.run_uuid
WHERE lifecycle_stage = 'active' AND status = :status AND params.key = :param
AND runs.run_uuid IN (SELECT run_uuid FROM tags WHERE key = :kind_key AND value = :kind)
ORDER BY start_time, {later}
"""


def reads(address: str) -> bool:
    """Whether the store at this address is read here: SQLite or PostgreSQL."""
    return addresses.file_of(address) is not None or addresses.is_postgresql(address)


def read(
    address: str,
    *,
    kind: str | None = None,
    parent: str | None = None,
    status: str | None = None,
    limit: int | None = None,
) -> list[Record]:
    """Runs of the workbench, the newest first; those that were deleted are left out."""
    conditions, values = [_OURS], {"ours": run_tags.KIND}
    for name, key, wanted in (("kind", run_tags.KIND, kind), ("parent", run_tags.PARENT, parent)):
        if wanted is not None:
            conditions.append(_TAGGED.format(name))
            values |= {f"{name}_key": key, name: wanted}
    if status is not None:
        conditions.append("AND status = :status")
        values["status"] = status
    terms = {
        "conditions": " ".join(conditions),
        "later": _later(address, "runs.rowid DESC", "run_uuid"),
        "limit": "" if limit is None else f"LIMIT {int(limit)}",
    }
    query = _CHOSEN.format(columns=_COLUMNS, **terms)
    return _records(address, query, _CHOSEN.format(columns="run_uuid", **terms), values)


def one(address: str, run_id: str) -> Record | None:
    """The run with this id, deleted or not; None when there is none."""
    query = f"SELECT {_COLUMNS} FROM runs WHERE run_uuid = :run"  # noqa: S608  (no value in it)
    found = _records(address, query, ":run", {"run": run_id})
    return found[0] if found else None


def newest_by(address: str, param: str, kind: str, status: str) -> dict[str, str]:
    """Id of the newest run of a kind and status, by the value of a parameter; the newest last."""
    values = {"param": param, "kind": kind, "status": status, "kind_key": run_tags.KIND}
    query = _NEWEST.format(later=_later(address, "runs.rowid", "runs.run_uuid"))
    with _opened(address) as ask:
        rows = ask(query, values) if ask else []
    found: dict[str, str] = {}
    for value, run in rows:
        found.pop(value, None)  # or it would keep the place of the older one
        found[value] = run
    return found


def history(address: str, run_id: str, metric: str | None) -> dict[tuple[str, int], float]:
    """Values by metric and step, ordered; of a step that was logged again, the last."""
    query = _HISTORY.format(
        only="" if metric is None else "AND key = :metric",
        later=_later(address, "rowid", "value"),
    )
    with _opened(address) as ask:
        rows = ask(query, {"run": run_id, "metric": metric}) if ask else []
        return {(key, step): number(value, is_nan=nan) for key, step, value, nan in rows}


def last_sign(address: str, run_id: str) -> int | None:
    """When a metric was last logged, in milliseconds since the epoch."""
    with _opened(address) as ask:
        query = "SELECT max(timestamp) FROM metrics WHERE run_uuid = :run"
        found: int | None = ask(query, {"run": run_id})[0][0] if ask else None
        return found


def _later(address: str, sqlite: str, other: str) -> str:
    """Order among equal times: SQLite knows which row came last, others know none."""
    return sqlite if addresses.file_of(address) is not None else other


def _records(address: str, query: str, chosen: str, values: Mapping[str, Any]) -> list[Record]:
    with _opened(address) as ask:
        if ask is None:
            return []
        found = {row[0]: _record(row) for row in ask(query, values)}
        if not found:
            return []
        for table in ("params", "tags"):
            texts = _VALUES.format(nan="", table=table, chosen=chosen)
            for run_id, key, value in ask(texts, values):
                getattr(found[run_id], table)[key] = value
        metrics = _VALUES.format(nan=", is_nan", table="latest_metrics", chosen=chosen)
        for run_id, key, value, nan in ask(metrics, values):
            found[run_id].metrics[key] = number(value, is_nan=nan)
    return list(found.values())


def _record(row: tuple[str, str, str, int, int | None, int, str]) -> Record:
    run_id, name, status, start, end, experiment, artifacts = row
    # A run that was resumed keeps the end it once had.
    end = None if status == "RUNNING" else end
    return Record(run_id, name or "", status, start, end, str(experiment), artifacts)


@contextlib.contextmanager
def _opened(address: str) -> Iterator[Ask | None]:
    """What asks the store, in one state of it for all queries; None where there is none yet.

    Raises:
        TrackingError: If it cannot be read.
    """
    file = addresses.file_of(address)
    if file is None:
        with _server(address) as ask:
            yield ask
    elif file.exists():
        with _file(file) as ask:
            yield ask
    else:
        yield None


@contextlib.contextmanager
def _file(file: Path) -> Iterator[Ask]:
    """Not opened read-only: after a crash in the middle of a write, the reader has to undo that."""
    try:
        with contextlib.closing(
            sqlite3.connect(f"{file.absolute().as_uri()}?mode=rw", uri=True, timeout=20)
        ) as database:
            database.execute("BEGIN")
            yield lambda query, values: database.execute(query, values).fetchall()
    except sqlite3.Error as error:
        raise TrackingError(
            f"cannot be read as a database of runs ({error})",
            subject=str(file),
            remedy="If it is damaged, move it away: a new one is made with the next run",
        ) from error


@contextlib.contextmanager
def _server(address: str) -> Iterator[Ask | None]:
    from sqlalchemy import text

    with addresses.database_errors(address), _engine(address).connect() as connection:
        if not _has_tables(address):
            yield None
            return
        yield lambda query, values: list(connection.execute(text(query), values))


@functools.cache
def _engine(address: str) -> Engine:
    from sqlalchemy import create_engine

    # A page asks from several threads; a connection that the server closed is opened again.
    return create_engine(
        address, pool_pre_ping=True, pool_size=2, isolation_level="REPEATABLE READ"
    )


_MADE: set[str] = set()
"""Addresses whose tables were seen; they do not go away."""


def _has_tables(address: str) -> bool:
    from sqlalchemy import inspect

    if address not in _MADE and inspect(_engine(address)).has_table("latest_metrics"):
        _MADE.add(address)
    return address in _MADE
