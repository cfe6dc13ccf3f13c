"""What the user says of a run or a saved evaluation: tags and a note.

They are kept in its folder, so that they go with it into the trash and back. The last change can be
undone, also tomorrow.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from ser_core.core import ParameterError
from ser_core.storage import read_json, write_json
from ser_core.storage.kept_values import State, state_of

FILE = "notes.json"

LONGEST_TAG, LONGEST_NOTE = 40, 4000
"""Characters of a tag, and of a note."""


@dataclass(frozen=True)
class RunNotes:
    """Tags and note of a run.

    Attributes:
        tags: In the order they were given, each once.
        note: Free text; empty where there is none.
        undoable: Whether there is a last change that `undo` would take back.
    """

    tags: tuple[str, ...] = ()
    note: str = ""
    undoable: bool = False

    @property
    def text(self) -> str:
        """All of it in lower case, to search in."""
        return " ".join([*self.tags, self.note]).lower()


def notes_of(run: Path) -> RunNotes:
    """What is said of the run in a folder; nothing where the file is absent or damaged."""
    file = f"{run}/{FILE}"
    state = state_of(file)
    return NOTHING if state == ABSENT else _read(file, state)


NOTHING, ABSENT = RunNotes(), (None,)


@lru_cache(maxsize=100_000)
def _read(file: str, state: State) -> RunNotes:  # noqa: ARG001  (part of the key)
    found = read_json(Path(file)) or {}
    tags, note = _sound(found)
    return RunNotes(tags, note, isinstance(found.get("before"), dict))


def annotate(run: Path, tags: Iterable[str], note: str) -> RunNotes:
    """Say something of a run in place of what was said.

    Args:
        run: Its folder.
        tags: Blanks around them are left out, as are empty ones and repetitions.
        note: Free text.

    Returns:
        What is said now.

    Raises:
        ParameterError: If a tag or the note is too long.
    """
    given = tuple(dict.fromkeys(filter(None, (" ".join(tag.split()) for tag in tags))))
    for tag in given:
        if len(tag) > LONGEST_TAG:
            raise ParameterError(
                f"a tag has at most {LONGEST_TAG} characters", subject=tag, remedy="Shorten it"
            )
    if len(note) > LONGEST_NOTE:
        raise ParameterError(
            f"a note has at most {LONGEST_NOTE:,} characters, this one {len(note):,}",
            remedy="Shorten it",
        )
    now = notes_of(run)
    if (given, note.strip()) != (now.tags, now.note):
        before = {"tags": now.tags, "note": now.note}
        write_json(run / FILE, {"tags": given, "note": note.strip(), "before": before})
    return notes_of(run)


def undo(run: Path) -> RunNotes:
    """Take the last change back; nothing happens where there is none.

    Returns:
        What is said now.
    """
    before = (read_json(run / FILE) or {}).get("before")
    if isinstance(before, dict):
        tags, note = _sound(before)
        write_json(run / FILE, {"tags": tags, "note": note})
    return notes_of(run)


def _sound(found: dict[str, Any]) -> tuple[tuple[str, ...], str]:
    """Tags and note of a file that anybody may have written."""
    tags, note = found.get("tags"), found.get("note")
    known = tags if isinstance(tags, list) else []
    return (
        tuple(tag for tag in known if isinstance(tag, str)),
        note if isinstance(note, str) else "",
    )
