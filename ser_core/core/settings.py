"""Where the workbench finds what comes with it, and keeps what it makes."""

from __future__ import annotations

import os
from pathlib import Path

import ser_core

PACKAGE = Path(ser_core.__file__).resolve().parent
"""Folder of `ser_core` itself."""

_IN_PACKAGE = PACKAGE / "_app"

REPOSITORY = _IN_PACKAGE if _IN_PACKAGE.is_dir() else PACKAGE.parent
"""Folder of the app and of the bundled clips, models and results.

The clone, or in an installed package the folder that `setup.py` lays out like it.
"""


def home() -> Path:
    """Folder for everything made at run time.

    `SER_HOME` if it is set; else `artifacts/` in the clone, or, when the package is installed
    outside a clone, the user's data folder (`~/.local/share/ser-workbench` or below
    `XDG_DATA_HOME` on Linux, `~/Library/Application Support/ser-workbench` on macOS).
    """
    named = os.environ.get("SER_HOME")
    if named:
        return Path(named).expanduser()
    return REPOSITORY / "artifacts" if is_clone() else _user_data()


def is_clone() -> bool:
    """Whether the sources run in place, not as an installed package."""
    return (REPOSITORY / "pyproject.toml").is_file()


def demo_corpus() -> Path:
    """Folder of the bundled demo clips; read-only, part of the repository."""
    return REPOSITORY / "artifacts" / "demo"


def _user_data() -> Path:
    from platformdirs import user_data_path

    return user_data_path("ser-workbench", appauthor=False)
