"""The workbench as a user meets it: a server of its own and a real Chromium."""

import contextlib
import os
import shutil
import sys
from pathlib import Path

import pytest

from ser_core.bench.servers import free_port, started
from ser_core.core import REPOSITORY

HERE = Path(__file__).parent
STEP = 60_000  # ms, for what a page shows after a press; a page that is slow is not wrong
# The first is the same browser without windows of its own, for half of the processor time.
CHROMIUM = (
    "chromium-headless-shell", "chromium", "chromium-browser", "google-chrome",
    "google-chrome-stable",
)  # fmt: skip
FLAGS = [
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
NO_CHROMIUM = (
    "the browser tests need Chromium: `sudo apt install chromium-headless-shell` (Debian; Ubuntu: "
    "chromium), `brew install --cask chromium` (macOS), or name one in the variable CHROMIUM"
)
MAC = "/Applications/Chromium.app/Contents/MacOS/Chromium"


def pytest_collection_modifyitems(items):
    """Mark what lies in this folder, so that it can be run by itself."""
    for item in items:
        if item.path.parent == HERE:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def chromium():
    """Path of a Chromium on this computer."""
    named = [os.environ.get("CHROMIUM", ""), *CHROMIUM, MAC]
    found = next((path for name in named if name and (path := shutil.which(name))), None)
    if found is None:
        pytest.skip(NO_CHROMIUM)
    return found


@pytest.fixture(scope="session")
def server_home(tmp_path_factory):
    """Runtime folder of the server."""
    return tmp_path_factory.mktemp("server-home")


@pytest.fixture(scope="session")
def app_url(chromium, server_home):  # chromium first: without it no server is started
    """Address of a workbench that was started as a user starts it."""
    with serving(server_home) as url:
        yield url


@contextlib.contextmanager
def serving(home):
    """A server of its own, whose runtime folder is `home`; its address."""
    with serving_process(home) as (url, _):
        yield url


@contextlib.contextmanager
def serving_process(home):
    """A server of its own in a process group of its own, as a terminal starts it.

    Yields its address and the number of its process.
    """
    port = free_port()
    url = f"http://localhost:{port}"
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.headless=true"]
    with started(
        [*command, f"--server.port={port}"], f"{url}/_stcore/health", home / f"server-{port}.log",
        environment={"SER_HOME": str(home), "SER_CORPUS": ""}, folder=REPOSITORY,
    ) as process:  # fmt: skip
        yield url, process


@pytest.fixture(scope="session")
def browser(chromium):
    """A running Chromium."""
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=STEP)
    with (
        sync_playwright() as playwright,
        contextlib.closing(
            playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        ) as running,
    ):
        yield running


@pytest.fixture
def page(browser, app_url):
    """A fresh tab with an empty cache; fails the test if a page asks the internet for anything."""
    context = browser.new_context(
        viewport={"width": 1280, "height": 900}, base_url=app_url, accept_downloads=True
    )
    context.set_default_timeout(STEP)
    strangers = []
    context.on("request", lambda request: strangers.append(request.url))
    yield context.new_page()
    context.close()
    local = (app_url, app_url.replace("http", "ws"), "data:", "blob:")
    assert [url for url in strangers if not url.startswith(local)] == []


def settled(page):
    """Wait until the script of the page has run to its end."""
    page.wait_for_selector("[data-testid=stApp][data-test-script-state=notRunning]")


def downloaded(page, button):
    """What a button gives, pressed when the page has come to rest.

    Files are made when asked for, and a page that runs again gives its buttons new files: a press
    on the old ones in between is answered with an error.
    """
    settled(page)
    with page.expect_download(timeout=60_000) as download:
        button.click()
    return download.value


@pytest.fixture
def hearing(page, chromium, app_url, tmp_path):
    """Opener of a tab whose microphone hears a WAV file again and again."""
    with contextlib.ExitStack() as opened:

        def hearing(wav: bytes):
            (tmp_path / "heard.wav").write_bytes(wav)
            flags = [
                "--no-sandbox",
                "--disable-background-networking",
                "--use-fake-device-for-media-stream",
                "--use-fake-ui-for-media-stream",
                f"--use-file-for-fake-audio-capture={tmp_path / 'heard.wav'}",
            ]
            kind = page.context.browser.browser_type
            browser = kind.launch(executable_path=chromium, args=flags)
            opened.callback(browser.close)
            context = browser.new_context(base_url=app_url, permissions=["microphone"])
            context.set_default_timeout(STEP)
            return context.new_page()

        yield hearing
