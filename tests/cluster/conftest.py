"""A PostgreSQL server of the tests' own, from the programs of the system."""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

import pytest

PROGRAMS = Path("/usr/lib/postgresql")
ABSENT = "no PostgreSQL server on this computer (on Debian: apt install postgresql)"


@pytest.fixture(scope="module")
def postgresql():
    """Address of the empty database `runs`, with `trials` beside it, on a server of this module."""
    if importlib.util.find_spec("pg8000") is None:
        pytest.skip("no driver: pip install -r requirements-postgresql.txt")
    with tempfile.TemporaryDirectory(prefix="pg-") as place:
        yield from _served(_programs(), Path(place))


def _programs():
    found = sorted(PROGRAMS.glob("*/bin/initdb"), key=lambda file: int(file.parts[-3]))
    named = shutil.which("initdb")
    if not found and named is None:
        pytest.skip(ABSENT)
    return found[-1].parent if found else Path(named).resolve().parent


def _served(programs, place):
    user = _other_user(place)
    data, port = place / "data", _free_port()
    run = lambda *command: subprocess.run(command, check=True, capture_output=True, **user)  # noqa: E731
    run(programs / "initdb", "-D", data, "-A", "trust", "-U", "ser", "--no-sync")
    options = f"-h 127.0.0.1 -p {port} -k {place} -c fsync=off"
    try:
        run(programs / "pg_ctl", "-D", data, "-o", options, "-l", place / "log", "-w", "start")
        for name in ("runs", "trials"):
            run(programs / "createdb", "-h", "127.0.0.1", "-p", str(port), "-U", "ser", name)
        yield f"postgresql://ser:a secret@127.0.0.1:{port}/runs".replace(" ", "%20")
    finally:
        run(programs / "pg_ctl", "-D", data, "-m", "immediate", "-w", "stop")


def _other_user(place):
    """Whom the server runs as: itself refuses root."""
    if os.geteuid() != 0:
        return {}
    account = pwd.getpwnam("nobody")
    place.chmod(0o700)
    os.chown(place, account.pw_uid, account.pw_gid)
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": [], "cwd": "/"}


def _free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]
