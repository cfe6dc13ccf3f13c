"""Folders of encoders that were used lately."""

from __future__ import annotations

from pathlib import Path

from ser_core.core import settings
from ser_core.storage import read_json, write_json

MAX_RECENT = 8


def _file() -> Path:
    return settings.home() / "recent-encoders.json"


def recent_encoders() -> list[str]:
    """Folders used lately, the latest first; those that are gone are left out."""
    written = (read_json(_file()) or {}).get("encoders", [])
    return [each for each in written if isinstance(each, str) and _exists(each)]


def remember_encoder(folder: str) -> None:
    """Put a folder at the head of the list."""
    others = [known for known in recent_encoders() if known != folder]
    if recent_encoders()[:1] == [folder]:
        return
    _file().parent.mkdir(parents=True, exist_ok=True)
    write_json(_file(), {"encoders": [folder, *others][:MAX_RECENT]})


def _exists(folder: str) -> bool:
    try:
        return Path(folder).expanduser().is_dir()
    except (OSError, ValueError):
        return False
