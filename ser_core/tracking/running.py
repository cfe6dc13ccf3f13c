"""Opening a run, and closing it with how its work ended."""

from __future__ import annotations

import contextlib
import logging
import traceback
from typing import TYPE_CHECKING, Any

from ser_core.core import SerError, TrackingError, is_cancelled
from ser_core.tracking import reading, run_tags, signals, store
from ser_core.tracking.writing import Run

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

log = logging.getLogger(__name__)


@contextlib.contextmanager
def run(
    name: str,
    kind: str = "training",
    *,
    parent: str | None = None,
    tags: Mapping[str, Any] | None = None,
    params: Mapping[str, Any] | None = None,
    description: str = "",
) -> Iterator[Run]:
    """Open a run, and close it with how the block ended.

    FINISHED when the block ends; FAILED, with the reason as a tag, when it raises; KILLED when it
    is interrupted or terminated. A process that is killed outright leaves that to `reconcile`.

    Args:
        name: Display name.
        kind: One of `KINDS`.
        parent: Id of the run it is part of.
        tags: Its tags.
        params: Its parameters, nested ones by dots.
        description: Markdown for the top of its page in `mlflow ui`.

    Raises:
        UnknownNameError: If there is no such kind.
        TrackingError: If the store cannot be made, opened or written.
    """
    own = {run_tags.KIND: kind, run_tags.PARENT: parent, run_tags.NOTE: description, **(tags or {})}
    # A signal between the making of a run and the block would leave it open.
    with signals.as_exceptions(), _closing(_make(name, kind, parent, own)) as opened:
        opened.params(params or {})
        yield opened


def _make(name: str, kind: str, parent: str | None, own: Mapping[str, Any]) -> Run:
    experiment = reading.experiment_of(parent) if parent else store.experiment(kind)
    said = {each: str(value) for each, value in own.items() if value not in (None, "")}
    tags = {**run_tags.of_origin(), **run_tags.of_this_process(), **said}
    with store.tracking_errors(f"starting the run {name}"):
        made = store.client().create_run(experiment, run_name=name, tags=tags)
    return Run(made.info.run_id, name)


@contextlib.contextmanager
def resume(run_id: str) -> Iterator[Run]:
    """Go on with a run that has ended, as `run` does with a new one: same id, same metrics.

    A step that is logged again replaces what was logged for it before.

    Raises:
        TrackingError: If there is no such run, or a living process still writes it.
    """
    found = reading.one(run_id)
    writer = run_tags.process_of(found.tags)
    if found.status == "RUNNING" and writer is not None and writer.alive:
        raise TrackingError(
            "is still being written by another process",
            subject=found.name,
            remedy="Cancel that one, or wait until it is done",
        )
    with signals.as_exceptions(), _closing(Run(run_id, found.name)) as opened:
        with store.tracking_errors(f"resuming the run {found.name}"):
            store.client().update_run(run_id, status="RUNNING")
            if run_tags.REASON in found.tags:
                store.client().delete_tag(run_id, run_tags.REASON)
        times = int(found.tags.get(run_tags.RESUMED, "0")) + 1
        opened.tags({run_tags.CLUSTER: "", **run_tags.of_this_process(), run_tags.RESUMED: times})
        yield opened


@contextlib.contextmanager
def _closing(opened: Run) -> Iterator[Run]:
    try:
        yield opened
    except BaseException as error:
        status, reason = verdict(error)
        try:
            _trace(opened, error)
            end(opened.id, status, reason)
        except Exception:
            # The error that brought us here says more; `reconcile` closes the run later.
            log.exception("The run %s could not be closed", opened.name)
        raise
    end(opened.id, "FINISHED")


def verdict(error: BaseException) -> tuple[str, str]:
    """Status and reason of a run that ended by this error.

    >>> verdict(KeyboardInterrupt())
    ('KILLED', 'Cancelled')
    >>> verdict(ValueError("odd"))
    ('FAILED', 'ValueError: odd')
    >>> verdict(SystemExit(0))
    ('FINISHED', '')
    """
    match error:
        case signals.Terminated() if not is_cancelled():
            return "KILLED", "It was told to end, as when the computer shuts down"
        case KeyboardInterrupt() | signals.Terminated() | GeneratorExit():
            return "KILLED", "Cancelled"
        case SystemExit(code=0) | SystemExit(code=None):
            return "FINISHED", ""
        case SerError() | SystemExit():
            return "FAILED", str(error)
        case _:
            return "FAILED", f"{type(error).__name__}: {error}".rstrip(": ")


def end(run_id: str, status: str, reason: str = "", *, at: int | None = None) -> None:
    """Close a run.

    Args:
        run_id: Which.
        status: FINISHED, FAILED or KILLED.
        reason: Why, for people.
        at: When, in milliseconds since the epoch; now by default.

    Raises:
        TrackingError: If the store cannot be written.
    """
    with store.tracking_errors("closing a run"):
        if reason:
            store.client().set_tag(run_id, run_tags.REASON, reason)
        store.client().set_terminated(run_id, status, end_time=at)


def _trace(opened: Run, error: BaseException) -> None:
    """Keep the traceback of an unexpected error."""
    if isinstance(error, Exception) and not isinstance(error, SerError):
        opened.text("traceback.txt", "".join(traceback.format_exception(error)))
