"""Places on this computer that its user has opened.

A link to the workbench may name a folder or a file. It may show what its user has opened before;
anything else is opened only after a question, since whoever made the link is not the user.
"""

from __future__ import annotations

import os
from pathlib import Path

from ser_core.core import settings
from ser_core.storage.jsonfile import read_json, write_json

MOST = 200
"""Places that are remembered; the oldest go first."""


def _file() -> Path:
    return settings.home() / "opened.json"


def was_opened(place: str | Path) -> bool:
    """Whether a place was opened, or lies in a folder that was.

    What comes with the workbench and what it made itself counts as opened. Links are followed, so
    that one inside of an opened folder does not lead elsewhere.
    """
    wanted = _real(place)
    if wanted is None:
        return False
    own = [str(settings.demo_corpus()), str(settings.home()), os.environ.get("SER_CORPUS", "")]
    known = (_real(each) for each in [*own, *_opened()] if each)
    return any(wanted.is_relative_to(each) for each in known if each is not None)


def remember_opened(place: str | Path) -> None:
    """Note that the user has opened a place: typed its path, chosen it, or agreed to a link.

    Raises:
        SerError: If that cannot be written down.
    """
    wanted = _real(place)
    if wanted is None or was_opened(wanted):
        return
    write_json(_file(), {"places": [str(wanted), *_opened()][:MOST]})


def _opened() -> list[str]:
    content = (read_json(_file()) or {}).get("places", [])
    return [each for each in content if isinstance(each, str)] if isinstance(content, list) else []


def _real(place: str | Path) -> Path | None:
    """The place itself, links followed; None for what can be none."""
    try:
        return Path(os.path.realpath(Path(place).expanduser()))
    except (OSError, ValueError, RuntimeError):  # too long, a null, no such home, a loop of links
        return None
