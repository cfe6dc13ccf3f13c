"""What is done to runs from outside: closing those that nobody writes any more, deleting."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

from ser_core.core import TrackingError
from ser_core.tracking import reading, run_tags, sql, store
from ser_core.tracking.running import end

if TYPE_CHECKING:
    from collections.abc import Collection

    from ser_core.tracking.record import Record

DIED = "The process was killed or the computer restarted before the run was done"


def abandoned() -> list[Record]:
    """Runs that are said to be running, and whose process is gone. Cheap: MLflow is not needed.

    In a store that several computers share, only runs of this one are closed. Runs without the
    mark of a process were not made by the workbench, and are left alone.

    Raises:
        TrackingError: If the store cannot be read.
    """
    return [each for each in reading.records(status="RUNNING") if _is_abandoned(each)]


def reconcile(cancelled: Collection[str] = ()) -> list[str]:
    """Close every abandoned run, at its last sign of life, and return their ids.

    Args:
        cancelled: Ids of jobs that were cancelled: their runs are KILLED, others FAILED.

    Raises:
        TrackingError: If the store cannot be read or written.
    """
    closed = abandoned()
    for record in closed:
        meant = record.tags.get(run_tags.JOB) in cancelled
        status, reason = ("KILLED", "Cancelled") if meant else ("FAILED", DIED)
        end(record.id, status, reason, at=_last_sign(record))
    return [record.id for record in closed]


def delete(run_id: str) -> list[str]:
    """Delete a run and all that is part of it; `restore(*ids)` undoes it.

    The files stay where they are until `mlflow gc` removes them for good.

    Returns:
        Ids of what was deleted, for `restore`.

    Raises:
        TrackingError: If there is no such run, or one of them is still being written.
    """
    doomed = [reading.one(run_id), *_descendants(run_id)]
    if any(each.status == "RUNNING" and not _is_abandoned(each) for each in doomed):
        raise TrackingError(
            "is still running", subject=doomed[0].name, remedy="Cancel it before you delete it"
        )
    with store.tracking_errors(f"deleting {doomed[0].name}"):
        for each in doomed:
            store.client().delete_run(each.id)
    return [each.id for each in doomed]


def restore(*run_ids: str) -> None:
    """Bring deleted runs back, as they were.

    Raises:
        TrackingError: If there is no such run.
    """
    for run_id in run_ids:
        with store.tracking_errors("restoring a run"):
            store.client().restore_run(run_id)


def _descendants(run_id: str) -> list[Record]:
    mine = reading.records(parent=run_id)
    return [*mine, *(below for each in mine for below in _descendants(each.id))]


def _is_abandoned(record: Record) -> bool:
    writer = run_tags.process_of(record.tags)
    if record.status != "RUNNING" or writer is None:
        return False
    if (at_work := run_tags.on_cluster(record.tags)) is not None:
        return not at_work
    return (store.is_local() or writer.host == socket.gethostname()) and not writer.alive


def _last_sign(record: Record) -> int | None:
    address = store.uri()
    return (sql.last_sign(address, record.id) or record.start) if sql.reads(address) else None
