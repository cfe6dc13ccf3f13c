"""Looking runs up: as a table, one by one, their metrics and their files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from ser_core.core import TrackingError
from ser_core.tracking import run_tags, server, sql, store

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from ser_core.tracking.record import Record

COLUMNS = ("id", "name", "kind", "status", "parent", "start", "end", "duration", "reason", "job")


def runs(
    kind: str | None = None, parent: str | None = None, limit: int | None = None
) -> pd.DataFrame:
    """All runs of the workbench, the newest first.

    Columns: `id, name, kind, status, parent, start, end` (UTC), `duration` (seconds; up to now for
    a run that goes on), `reason` (why it failed), `job`; then `params.*` (text), `metrics.*` (the
    last value of each) and `tags.*`, absent ones empty.

    Args:
        kind: Only runs of this kind.
        parent: Only runs that are part of this one.
        limit: Only so many, the newest.

    Raises:
        TrackingError: If the store cannot be read.
    """
    return _frame(records(kind=kind, parent=parent, limit=limit))


def children(run_id: str) -> pd.DataFrame:
    """Runs that are part of this one, as `runs` gives them."""
    return runs(parent=run_id)


def records(
    *,
    kind: str | None = None,
    parent: str | None = None,
    status: str | None = None,
    limit: int | None = None,
) -> list[Record]:
    """Runs of the workbench as values, the newest first.

    Raises:
        TrackingError: If the store cannot be read.
    """
    address = store.uri()
    if sql.reads(address):
        return sql.read(address, kind=kind, parent=parent, status=status, limit=limit)
    with store.tracking_errors("listing the runs"):
        return server.read(kind=kind, parent=parent, status=status, limit=limit)


def one(run_id: str) -> Record:
    """One run, deleted or not.

    Raises:
        TrackingError: If there is no such run, or the store cannot be read.
    """
    address = store.uri()
    if sql.reads(address):
        found = sql.one(address, run_id)
    else:
        with store.tracking_errors("reading a run"):
            found = server.one(run_id)
    if found is None:
        raise TrackingError("no such run", subject=run_id, remedy="List them with `runs()`")
    return found


def newest_by(param: str, *, kind: str, status: str) -> dict[str, str]:
    """Id of the newest run of a kind and status by the value of a parameter, the newest last.

    Much cheaper than `runs` where a store holds many: nothing else of a run is read.

    Raises:
        TrackingError: If the store cannot be read.
    """
    address = store.uri()
    if sql.reads(address):
        return sql.newest_by(address, param, kind, status)
    found = reversed(records(kind=kind, status=status))
    return {each.params[param]: each.id for each in found if param in each.params}


def experiment_of(run_id: str) -> str:
    """Id of the experiment that lists a run.

    Raises:
        TrackingError: If there is no such run.
    """
    return one(run_id).experiment


def history(run_id: str, metric: str) -> pd.DataFrame:
    """Course of one metric: `step, value`, a row a step; empty when it was never logged."""
    return histories(run_id, metric)[["step", "value"]]


def histories(run_id: str, metric: str | None = None) -> pd.DataFrame:
    """Course of all metrics of a run in one go: `metric, step, value`, ordered by these.

    Raises:
        TrackingError: If the store cannot be read.
    """
    address = store.uri()
    if sql.reads(address):
        values = sql.history(address, run_id, metric)
    else:
        with store.tracking_errors("reading metrics"):
            values = server.history(run_id, metric)
    import pandas as pd

    rows = [(name, step, value) for (name, step), value in values.items()]
    frame = pd.DataFrame(rows, columns=["metric", "step", "value"])
    return frame.astype({"metric": "str", "step": "int64", "value": "float64"})


def artifact(run_id: str, path: str) -> Path:
    """Local path of an artifact of a run; fetched first if it is elsewhere.

    Raises:
        TrackingError: If there is no such run or file.
    """
    found = one(run_id)
    folder = _folder(found)
    if folder is None:
        with store.tracking_errors(f"fetching {path} of {found.name}"):
            return Path(store.client().download_artifacts(run_id, path))
    file = folder / path
    if not file.resolve().is_relative_to(folder.resolve()) or not file.exists():
        names = ", ".join(artifacts(run_id)[:8]) or "nothing"
        raise TrackingError(
            f"is not among its files; it kept {names}", subject=f"{found.name}/{path}"
        )
    return file


def artifacts(run_id: str) -> list[str]:
    """Paths of all artifacts of a run, sorted, as `artifact` takes them.

    Raises:
        TrackingError: If there is no such run.
    """
    found = one(run_id)
    folder = _folder(found)
    if folder is None:
        with store.tracking_errors(f"listing the files of {found.name}"):
            return sorted(_listed(run_id))
    files = (each for each in folder.rglob("*") if each.is_file())
    return sorted(each.relative_to(folder).as_posix() for each in files)


def _folder(record: Record) -> Path | None:
    """Folder of a run's files; None when it is not on this computer."""
    address = urlsplit(record.artifacts)
    if address.scheme not in ("", "file"):
        return None
    return Path(unquote(address.path) if address.scheme else record.artifacts)


def _listed(run_id: str, path: str | None = None) -> list[str]:
    found = []
    for each in store.client().list_artifacts(run_id, path):
        found += _listed(run_id, each.path) if each.is_dir else [each.path]
    return found


def _frame(found: Sequence[Record]) -> pd.DataFrame:
    import pandas as pd

    now = pd.Timestamp.now(tz="UTC").as_unit("ms")
    basic = pd.DataFrame([_basic(record) for record in found], columns=list(COLUMNS))
    for column in ("start", "end"):
        times = pd.to_datetime(basic[column].astype("Int64"), unit="ms", utc=True)
        basic[column] = times.astype("datetime64[ms, UTC]")
    basic["duration"] = (basic["end"].fillna(now) - basic["start"]).dt.total_seconds()
    return pd.concat([basic, *(_flattened(found, part) for part in _PARTS)], axis=1)


def _basic(record: Record) -> dict[str, object]:
    mine = {name: getattr(record, name) for name in COLUMNS[:7]}
    tags = record.tags
    return {**mine, "reason": tags.get(run_tags.REASON, ""), "job": tags.get(run_tags.JOB, "")}


_PARTS = ("params", "metrics", "tags")


def _flattened(found: Sequence[Record], part: str) -> pd.DataFrame:
    import pandas as pd

    table = pd.DataFrame([getattr(record, part) for record in found], index=range(len(found)))
    return table.reindex(columns=sorted(table.columns)).add_prefix(f"{part}.")
