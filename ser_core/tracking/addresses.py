"""Addresses of stores: a SQLite file, a PostgreSQL database, a server of MLflow."""

from __future__ import annotations

import contextlib
import importlib.util
import re
from pathlib import Path
from typing import TYPE_CHECKING

from ser_core.core import TrackingError

if TYPE_CHECKING:
    from collections.abc import Iterator

SQLITE = "sqlite:///"

DRIVER = "pg8000"
"""Of PostgreSQL, where an address names none. BSD licence; psycopg's is the LGPL."""

_PASSWORD = re.compile(r"(?<=://)([^:/@]*):.*@(?=[^@]*$)")


def normal(given: str) -> str:
    """An address in the form that MLflow and SQLAlchemy take.

    A SQLite path comes back absolute, so that it means the same in every folder; PostgreSQL gets
    the driver of the extra `postgresql`.

    >>> normal("postgresql://ser:secret@db/runs")
    'postgresql+pg8000://ser:secret@db/runs'
    >>> normal("postgresql+psycopg://db/runs"), normal("http://localhost:5000")
    ('postgresql+psycopg://db/runs', 'http://localhost:5000')
    """
    if given.startswith(SQLITE):
        return f"{SQLITE}{Path(given.removeprefix(SQLITE)).absolute()}"
    scheme, separator, rest = given.partition("://")
    if separator and scheme in ("postgres", "postgresql"):
        return f"postgresql+{DRIVER}://{rest}"
    return given


def file_of(address: str) -> Path | None:
    """File of a SQLite store; None for every other."""
    return Path(address.removeprefix(SQLITE)) if address.startswith(SQLITE) else None


def is_postgresql(address: str) -> bool:
    """Whether it is a PostgreSQL database, by whatever driver."""
    return address.partition("://")[0].partition("+")[0] == "postgresql"


def without_password(address: str) -> str:
    """The address as it may be shown.

    >>> without_password("postgresql://ser:p@ss@db:5432/runs")
    'postgresql://ser:***@db:5432/runs'
    >>> without_password("http://localhost:5000")
    'http://localhost:5000'
    """
    return _PASSWORD.sub(r"\1:***@", address)


def check_driver(address: str) -> None:
    """Refuse the address of a PostgreSQL database whose driver is not installed.

    Raises:
        TrackingError: With the command that installs it.
    """
    driver = address.partition("://")[0].partition("+")[2] or DRIVER
    if importlib.util.find_spec(driver) is None:
        raise TrackingError(
            f"needs the driver {driver}, which is not installed",
            subject=without_password(address),
            remedy='pip install "ser-workbench[postgresql]", or -r requirements-postgresql.txt',
        )


@contextlib.contextmanager
def database_errors(address: str) -> Iterator[None]:
    """Turn what a PostgreSQL database or its driver raises inside the block into our error."""
    if not is_postgresql(address):
        yield
        return
    check_driver(address)
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except SQLAlchemyError as error:
        said = (str(getattr(error, "orig", None) or error).strip().splitlines() or [""])[0]
        raise TrackingError(
            f"the database does not answer as it must ({said[:300]})",
            subject=without_password(address),
            remedy="Does the server run, and are address, user and password right",
        ) from error


_LOCK = 0x5E4_0001
"""Number of a lock in the database, one that no other program is likely to use."""


@contextlib.contextmanager
def alone(address: str) -> Iterator[None]:
    """Let one process at a time, of all computers, make tables in a PostgreSQL database.

    Locks of files, as MLflow has them, are not seen by other computers. Elsewhere it does nothing.

    Raises:
        TrackingError: If the database does not answer.
    """
    with database_errors(address):
        if not is_postgresql(address):
            yield
            return
        from sqlalchemy import create_engine, text

        engine = create_engine(address)
        try:
            # The lock is of the session: it ends with it, also where the process is killed.
            with engine.connect() as held:
                held.execute(text("SELECT pg_advisory_lock(:key)"), {"key": _LOCK})
                yield
        finally:
            engine.dispose()
