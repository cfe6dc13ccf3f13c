"""A workbench as a user starts it, and a real Chromium that visits it."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ser_core.core import REPOSITORY, ModelError, ParameterError

CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = ("--no-sandbox", "--disable-background-networking", "--no-first-run")
START_S, STEP_MS = 120.0, 120_000
AT_REST = "[data-testid=stApp][data-test-script-state=notRunning]"
"""Selector of a page whose script has run to its end."""

_ADDRESS = "127.0.0.1"


@dataclass(frozen=True)
class Server:
    """A workbench that runs.

    Attributes:
        url: Its address.
        pid: Number of its process.
        home: Its runtime folder.
    """

    url: str
    pid: int
    home: Path


@contextlib.contextmanager
def workbench(
    environment: Mapping[str, str] | None = None, home: Path | None = None
) -> Iterator[Server]:
    """A workbench of its own, as a user starts it.

    Args:
        environment: Variables beside those of this process.
        home: Its runtime folder; an empty one when absent.

    Raises:
        ModelError: If it does not start.
    """
    with socket.socket() as free:
        free.bind((_ADDRESS, 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.headless=true"]
    command += [f"--server.port={port}", f"--server.address={_ADDRESS}"]
    with tempfile.TemporaryDirectory() as empty:
        place = home or Path(empty)
        server = subprocess.Popen(
            command, cwd=REPOSITORY,
            env={**os.environ, "SER_HOME": str(place), **(environment or {})},
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            url = f"http://{_ADDRESS}:{port}"
            _wait_for(url, server)
            yield Server(url, server.pid, place)
        finally:
            server.terminate()
            server.wait(20)


def _wait_for(url: str, server: subprocess.Popen[bytes]) -> None:
    last = time.monotonic() + START_S
    while time.monotonic() < last and server.poll() is None:
        with (
            contextlib.suppress(OSError),
            urllib.request.urlopen(f"{url}/_stcore/health"),  # noqa: S310  (on this computer)
        ):
            return
        time.sleep(0.1)
    raise ModelError("the workbench did not start", subject=url, remedy="Try streamlit run app.py")


@contextlib.contextmanager
def chromium(*flags: str) -> Iterator[Any]:
    """A running Chromium, driven by playwright.

    Raises:
        ParameterError: If there is no Chromium, or playwright is not installed.
    """
    try:
        from playwright.sync_api import sync_playwright
    except ImportError as error:
        raise ParameterError(
            "playwright is not installed",
            subject="the browser",
            remedy="pip install -r requirements-dev.txt",
        ) from error
    named = (os.environ.get("CHROMIUM", ""), *CHROMIUM)
    found = next((path for name in named if name and (path := shutil.which(name))), None)
    if found is None:
        raise ParameterError(
            "there is no Chromium on this computer",
            subject="the browser",
            remedy="Install it, or name one in the environment variable CHROMIUM",
        )
    with sync_playwright() as running:
        browser = running.chromium.launch(executable_path=found, args=[*FLAGS, *flags])
        with contextlib.closing(browser):
            yield browser
