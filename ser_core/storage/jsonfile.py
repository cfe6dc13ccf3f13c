"""Small JSON files that are either whole or absent, whoever reads them and whenever."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ser_core.core import files
from ser_core.storage import atomic

if TYPE_CHECKING:
    from pathlib import Path


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Write the file in one step: a reader sees the old content or the new, never a part."""
    atomic.write(path, json.dumps(content))


def read_json(path: Path) -> dict[str, Any] | None:
    """Content of the file; None when it is absent or not a JSON object."""
    try:
        content = files.read_json(path)
    except (OSError, ValueError):
        return None
    return content if isinstance(content, dict) else None
