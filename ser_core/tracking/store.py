"""Where runs are stored: finding the MLflow store, making it, talking to it."""

from __future__ import annotations

import contextlib
import functools
import logging
import os
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

from ser_core.core import TrackingError, settings
from ser_core.tracking import addresses
from ser_core.tracking.kinds import KINDS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlflow import MlflowClient
    from mlflow.entities import Experiment

URI, ROOT = "MLFLOW_TRACKING_URI", "MLFLOW_DEFAULT_ARTIFACT_ROOT"
"""Variables that name the store, and the folder or address of the artifacts of its runs."""


def uri() -> str:
    """Address of the store: `MLFLOW_TRACKING_URI`, or `mlflow.db` in the runtime folder."""
    given = os.environ.get(URI, "")
    return addresses.normal(given or f"{addresses.SQLITE}{_home() / 'mlflow.db'}")


def shown_uri() -> str:
    """Address of the store as it may be shown: without a password."""
    return addresses.without_password(uri())


def environment() -> dict[str, str]:
    """Variables by which another process finds the same store and artifacts; those that are set."""
    known = {URI: uri(), ROOT: os.environ.get(ROOT, "")}
    return {name: value for name, value in known.items() if os.environ.get(name)}


def database() -> Path | None:
    """File of the store when it is SQLite; None for a server or another database."""
    return addresses.file_of(uri())


def is_local() -> bool:
    """Whether the store is this workbench's own, which no other computer writes to."""
    return database() == _home() / "mlflow.db"


def client() -> MlflowClient:
    """MLflow's client of the store; the store is made when it is missing.

    The first call in a process imports MLflow, which takes seconds.

    Raises:
        TrackingError: If the store cannot be made or opened.
    """
    file = database()
    if file is not None and not file.exists():
        create(file)
    if addresses.is_postgresql(uri()):
        _prepare(uri())
    return _client(uri())


def create(file: Path) -> None:
    """Make the database beside its place and move it there, so that it is whole or absent.

    MLflow makes it in some seconds and many steps: two processes that do so at once fail, and one
    that is killed meanwhile leaves a database that no later one can open.
    """
    from filelock import FileLock

    file.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(file.with_name(f".{file.name}.lock")):
        if not file.exists():
            for left in file.parent.glob(f".{file.name}.making-*"):  # by one that was killed
                left.unlink()
            temporary = file.with_name(f".{file.name}.making-{uuid.uuid4().hex[:8]}")
            try:
                _fill(temporary)
                os.replace(temporary, file)  # noqa: PTH105  (the point of it all)
            finally:
                temporary.unlink(missing_ok=True)


@functools.cache
def _prepare(address: str) -> None:
    """Let MLflow make its tables in a new database."""
    _quiet()
    with addresses.alone(address), tracking_errors("making the database of runs"):
        from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

        store = SqlAlchemyStore(address, _artifacts())  # type: ignore[no-untyped-call]
        store.engine.dispose()


def experiment(kind: str) -> str:
    """Id of the experiment in which runs of this kind are listed; made when it is missing.

    Raises:
        UnknownNameError: If there is no such kind.
        TrackingError: If the store cannot be made or opened.
    """
    return _experiment(uri(), KINDS[kind].experiment, KINDS[kind].note)


@contextlib.contextmanager
def tracking_errors(what: str) -> Iterator[None]:
    """Turn MLflow's errors inside the block into ours.

    Args:
        what: What could not be done, for the message.
    """
    _quiet()
    from mlflow.exceptions import MlflowException

    try:
        yield
    except MlflowException as error:
        raise TrackingError(_first_line(error), subject=what, remedy=_remedy(error)) from error


def _home() -> Path:
    return settings.home().absolute()


def _fill(file: Path) -> None:
    _quiet()
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    with tracking_errors("making the database of runs"):
        store = SqlAlchemyStore(f"{addresses.SQLITE}{file}", _artifacts())  # type: ignore[no-untyped-call]
    store.engine.dispose()


def _artifacts() -> str:
    """Address of the folder of artifacts: `MLFLOW_DEFAULT_ARTIFACT_ROOT`, or one of our own.

    Raises:
        TrackingError: If the store is a database that others share, and no folder is named.
    """
    given = os.environ.get(ROOT, "")
    if given:
        return given.rstrip("/") if "://" in given else Path(given).absolute().as_uri()
    if database() is None:
        raise TrackingError(
            "the runs are in a database that others may share, but their files have no place",
            subject=shown_uri(),
            remedy=f"Set {ROOT} to a folder that all of them see",
        )
    return (_home() / "mlruns").as_uri()


@functools.cache
def _client(address: str) -> MlflowClient:
    _quiet()
    from mlflow import MlflowClient

    with tracking_errors(f"opening the runs at {addresses.without_password(address)}"):
        return MlflowClient(tracking_uri=address, registry_uri=address)


@functools.cache
def _experiment(address: str, title: str, note: str) -> str:  # noqa: ARG001  (part of the key)
    found = _find_or_create(title, note)
    if found.lifecycle_stage == "deleted":
        client().restore_experiment(found.experiment_id)
    return str(found.experiment_id)


def _find_or_create(title: str, note: str) -> Experiment:
    from mlflow.exceptions import MlflowException

    mlflow = client()
    with tracking_errors(f"opening the experiment {title}"):
        if (found := mlflow.get_experiment_by_name(title)) is not None:
            return found
        try:
            made = mlflow.create_experiment(
                title, _location(title), tags={"mlflow.note.content": note}
            )
        except MlflowException:
            # Somebody else made it between the two calls; if not, this raises what is wrong.
            if (found := mlflow.get_experiment_by_name(title)) is not None:
                return found
            raise
        return mlflow.get_experiment(made)


def _location(title: str) -> str | None:
    """Where artifacts of an experiment go; a server decides that by itself."""
    if uri().startswith(("http", "databricks")):
        return None
    return f"{_artifacts()}/{title.lower().replace(' ', '-')}"


def _quiet() -> None:
    """Before MLflow is imported: no word to its makers, none on the terminal but warnings."""
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("MLFLOW_LOGGING_LEVEL", "WARNING")
    for name in ("mlflow", "alembic"):
        logging.getLogger(name).setLevel(logging.WARNING)


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")


def _remedy(error: Exception) -> str:
    text = str(error)
    if "out-of-date database schema" in text:
        return f"Copy the file, then run: mlflow db upgrade {shown_uri()}"
    if "locked" in text:
        return "Another program holds the database; try again when it is done"
    return "" if not os.environ.get(URI) else f"Is {URI} right"
