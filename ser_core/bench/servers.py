"""Servers that are started, watched until they answer, and ended with all their processes."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from ser_core.core import ModelError

ADDRESS = "127.0.0.1"
START_S, END_S = 120.0, 20.0


def free_port() -> int:
    """A port of this computer on which nothing listens."""
    with socket.socket() as free:
        free.bind((ADDRESS, 0))
        return int(free.getsockname()[1])


@contextlib.contextmanager
def started(
    command: Sequence[str], ready: str, log: Path, *,
    environment: Mapping[str, str] | None = None, folder: Path | None = None,
    start_s: float = START_S,
) -> Iterator[int]:  # fmt: skip
    """Process of a server that answers; it is ended with all processes that it has started.

    Args:
        command: That starts it.
        ready: Address that answers with a status of 200 as soon as it is up.
        log: File for what it prints.
        environment: Variables beside those of this process.
        folder: Where it works; that of this process when absent.
        start_s: Seconds within which it must answer.

    Raises:
        ModelError: If it does not; with the end of what it printed.
    """
    with log.open("wb") as lines:
        process = subprocess.Popen(
            command,
            env={**os.environ, **(environment or {})},
            cwd=folder,
            stdout=lines,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        _wait(ready, process, log, start_s)
        yield process.pid
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        process.wait(END_S)


def _wait(ready: str, process: subprocess.Popen[bytes], log: Path, start_s: float) -> None:
    last = time.monotonic() + start_s
    while time.monotonic() < last and process.poll() is None:
        with contextlib.suppress(OSError), urllib.request.urlopen(ready):  # noqa: S310  (http)
            return
        time.sleep(0.1)
    told = log.read_text(errors="replace")[-500:]
    raise ModelError("the server did not start", subject=ready, remedy=told)
