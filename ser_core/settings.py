"""Where the workbench keeps what it makes, and how large a sound may be."""

from __future__ import annotations

import os
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]


def home() -> Path:
    """Folder for everything made at run time: `SER_HOME`, or `artifacts/` beside the code."""
    return Path(os.environ.get("SER_HOME") or REPOSITORY / "artifacts").expanduser()


def demo_corpus() -> Path:
    """Folder of the bundled demo clips; read-only, part of the repository."""
    return REPOSITORY / "artifacts" / "demo"
