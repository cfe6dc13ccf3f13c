"""`pip install .`: what the wheel holds, and that it works away from the clone."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
import zipfile
from pathlib import Path

import pytest

import ser_core
from ser_core.core import REPOSITORY

APP = "ser_core/_app"
SOURCES = [
    "pyproject.toml", "setup.py", "README.md", "requirements.txt", "app.py", "pages", "recipes",
    "ser_core", ".streamlit", "artifacts/demo", "artifacts/pretrained", "artifacts/results",
]  # fmt: skip
START = 60  # s, for a server on a busy machine
HOME_PAGE = """
from streamlit.testing.v1 import AppTest
from ser_core.core.settings import REPOSITORY
page = AppTest.from_file(str(REPOSITORY / "app.py"), default_timeout=60).run()
assert not page.exception, page.exception
print(page.title[0].value)
"""


@pytest.fixture(scope="module")
def clone(tmp_path_factory):
    """The sources in a folder of their own, since a build writes beside them."""
    folder = tmp_path_factory.mktemp("clone")
    for name in SOURCES:
        source, target = REPOSITORY / name, folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, target)
    (folder / "notes.py").touch()  # a file of the user's, which is no part of the app
    stale = folder / "build" / "lib" / "ser_core" / "gone.py"  # from a build before it was deleted
    stale.parent.mkdir(parents=True)
    stale.touch()
    return folder


@pytest.fixture(scope="module")
def wheel(clone):
    """The wheel, built without the network."""
    options = ["--quiet", "--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir"]
    pip("wheel", *options, clone / "dist", clone)
    (made,) = (clone / "dist").glob("ser_workbench-*.whl")
    return made


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """Folder that the wheel is installed in; the requirements are those of this environment."""
    target = tmp_path_factory.mktemp("site")
    pip("install", "--quiet", "--no-deps", "--no-index", "--no-compile", "--target", target, wheel)
    return target


@pytest.fixture
def outside(installed, tmp_path, monkeypatch):
    """Runs a program in an empty folder, with the installed package and a home of its own."""
    for name in ("SER_HOME", "XDG_DATA_HOME", "SER_CORPUS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "user"))
    monkeypatch.setenv("PYTHONPATH", str(installed))
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    monkeypatch.setenv("SER_WARM_UP", "0")
    empty = tmp_path / "elsewhere"
    empty.mkdir()

    def run(*command):
        given = [sys.executable, *map(str, command)]
        return subprocess.run(given, cwd=empty, capture_output=True, text=True, check=True).stdout

    return run


def pip(*arguments):
    command = [sys.executable, "-m", "pip", *map(str, arguments)]
    subprocess.run([*command, "--disable-pip-version-check"], check=True)


def below(folder):
    """Files of the sources below a folder, as paths from the repository."""
    files = (each for each in (REPOSITORY / folder).rglob("*") if each.is_file())
    names = (each.relative_to(REPOSITORY).as_posix() for each in files)
    return {name for name in names if "__pycache__" not in name}


def test_the_wheel_holds_the_package_and_the_app_and_nothing_else(wheel):
    names = {each for each in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in each}
    parts = ("pages", "recipes", "artifacts/demo", "artifacts/pretrained", "artifacts/results")
    app = {"app.py", "requirements.txt", ".streamlit/config.toml"}.union(*map(below, parts))
    assert names == below("ser_core") | {f"{APP}/{name}" for name in app}


def test_the_wheel_says_what_it_needs(wheel):
    archive = zipfile.ZipFile(wheel)
    (metadata,) = (each for each in archive.namelist() if each.endswith(".dist-info/METADATA"))
    lines = archive.read(metadata).decode().splitlines()
    assert f"Version: {ser_core.__version__}" in lines
    assert "Requires-Python: >=3.11" in lines
    text = (REPOSITORY / "requirements.txt").read_text(encoding="utf-8")
    pinned = [line.partition("#")[0].strip() for line in text.splitlines()]
    needed = [line.removeprefix("Requires-Dist: ") for line in lines if "Requires-Dist" in line]
    always = [line for line in needed if "extra ==" not in line]
    assert always == [line for line in pinned if line]


def test_commands_work_outside_the_clone(outside, installed, tmp_path):
    app = installed / APP
    before = {each for each in installed.rglob("*") if each.is_file()}
    assert outside("-m", "ser_core", "--version").strip() == ser_core.__version__
    demo = app / "artifacts" / "demo"
    assert "clips: 53" in outside(installed / "bin" / "ser", "corpus", "inspect", demo)
    clip = demo / "samples" / "SM0_anger_48.flac"
    pretrained = app / "artifacts" / "pretrained"
    assert "anger" in outside("-m", "ser_core", "predict", "--model", pretrained, clip)
    assert {each for each in installed.rglob("*") if each.is_file()} == before
    assert list((tmp_path / "elsewhere").iterdir()) == []
    made = outside("-c", "from ser_core.core import settings; print(settings.home())").strip()
    assert Path(made).is_relative_to(tmp_path / "user")
    assert list(Path(made).glob("cache/scans/*.parquet"))


def test_the_home_page_opens_outside_the_clone(outside):
    assert outside("-c", HOME_PAGE).strip() == "Speech emotion recognition"


def test_the_app_is_served_outside_the_clone(outside, installed, tmp_path):
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]
    command = [sys.executable, str(installed / "bin" / "ser"), "app", "--no-browser"]
    with (tmp_path / "log").open("wb") as log:
        server = subprocess.Popen(
            [*command, "--port", str(port)], cwd=tmp_path / "elsewhere", stdout=log, stderr=log
        )
    try:
        assert health(port, server) == "ok", (tmp_path / "log").read_text()
        # The configuration that comes with it is in use: on localhost alone.
        assert f"URL: http://localhost:{port}" in (tmp_path / "log").read_text()
    finally:
        server.terminate()
        server.wait(20)


def health(port, server):
    """What the server says of itself, once it is there; nothing when it has ended."""
    deadline = time.monotonic() + START
    while time.monotonic() < deadline and server.poll() is None:
        try:
            with urllib.request.urlopen(f"http://localhost:{port}/_stcore/health") as answer:
                return answer.read().decode()
        except OSError:
            time.sleep(0.1)
    return ""


def test_in_the_clone_things_are_kept_in_artifacts(monkeypatch):
    monkeypatch.delenv("SER_HOME")
    command = [sys.executable, "-c", "from ser_core.core import settings; print(settings.home())"]
    said = subprocess.run(
        command, cwd=REPOSITORY, env=dict(os.environ), capture_output=True, text=True, check=True
    )
    assert said.stdout.strip() == str(REPOSITORY / "artifacts")
