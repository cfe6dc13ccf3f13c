"""A workbench as a user starts it, and a real Chromium that visits it."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ser_core.bench.servers import ADDRESS, free_port, started
from ser_core.core import REPOSITORY, ParameterError

# As users have it; the last is the same browser without windows, which tests use.
CHROMIUM = (
    "chromium", "chromium-browser", "google-chrome", "google-chrome-stable",
    "chromium-headless-shell",
)  # fmt: skip
FLAGS = ("--no-sandbox", "--disable-background-networking", "--no-first-run")
STEP_MS = 120_000
AT_REST = "[data-testid=stApp][data-test-script-state=notRunning]"
"""Selector of a page whose script has run to its end."""


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
    port = free_port()
    url = f"http://{ADDRESS}:{port}"
    command = [sys.executable, "-m", "streamlit", "run", str(REPOSITORY / "app.py")]
    command += ["--server.headless=true", f"--server.port={port}", f"--server.address={ADDRESS}"]
    with tempfile.TemporaryDirectory() as empty:
        place = home or Path(empty)
        own = {**(environment or {}), "SER_HOME": str(place)}
        log, ready = Path(empty) / "server.log", f"{url}/_stcore/health"
        with started(command, ready, log, environment=own, folder=REPOSITORY) as pid:
            yield Server(url, pid, place)


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
