"""Corpora that were opened lately."""

from __future__ import annotations

from pathlib import Path

from ser_core.core import settings
from ser_core.storage import read_json, write_json

MAX_RECENT = 8


def _file() -> Path:
    return settings.home() / "recent.json"


def recent_corpora() -> list[str]:
    """Paths of corpora opened lately, the latest first; those that are gone are left out."""
    content = read_json(_file()) or {}
    paths = content.get("corpora", [])
    known = paths if isinstance(paths, list) else []
    return [path for path in known if isinstance(path, str) and _exists(path)]


def remember_corpus(path: Path) -> None:
    """Put a path at the head of the list; the bundled demo needs no remembering."""
    if path == settings.demo_corpus():
        return
    text = str(path)
    others = [known for known in recent_corpora() if known != text]
    _file().parent.mkdir(parents=True, exist_ok=True)
    write_json(_file(), {"corpora": [text, *others][:MAX_RECENT]})


def _exists(path: str) -> bool:
    try:
        return Path(path).exists()
    except (OSError, ValueError):
        return False
