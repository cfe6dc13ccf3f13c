"""What the user says of single clips: another label, and tags.

It is kept beside the corpus, in the workbench's data, and never written into the corpus. A new
label holds only in a corpus that is opened with it (`Opening.relabelled`), which recipes write
down. Every change is kept in a list, so that the last one can be undone, also tomorrow.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ser_core.core import ParameterError, is_class_name, settings
from ser_core.corpora.label_maps import label_map, label_map_file
from ser_core.storage import read_json, write_json

FOLDER = "clip-notes"
"""Below the workbench's data."""

LONGEST = 40
"""Characters of a tag."""


@dataclass(frozen=True)
class Change:
    """One change of one or many clips.

    Attributes:
        clips: Their names.
        label: Emotion that they are to have; empty takes an earlier one back. None where the
            change is of a tag.
        tag: Tag that they get; empty where the change is of the label.
        removed: Whether the tag is taken off instead.
        when: Seconds since the epoch.
    """

    clips: tuple[str, ...]
    label: str | None = None
    tag: str = ""
    removed: bool = False
    when: float = 0.0

    def __str__(self) -> str:
        """As in `anger for 3 clips`, `tag noisy on 1 clip`."""
        many = f"{len(self.clips):,} {'clip' if len(self.clips) == 1 else 'clips'}"
        if self.tag:
            return f"tag {self.tag} {'off' if self.removed else 'on'} {many}"
        return f"{self.label} for {many}" if self.label else f"the corpus' label for {many}"


@dataclass(frozen=True)
class ClipNotes:
    """What all changes come to.

    Attributes:
        changes: In order.
        labels: New emotion by clip.
        tags: Tags by clip, in the order they were given; clips without one are absent.
    """

    changes: tuple[Change, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def last(self) -> Change | None:
        """What `undo` would take back."""
        return self.changes[-1] if self.changes else None


def notes_of(root: Path) -> ClipNotes:
    """What was said of the clips of the corpus in a folder."""
    changes = _read(root)
    labels: dict[str, str] = {}
    tags: dict[str, tuple[str, ...]] = {}
    for change in changes:
        for clip in change.clips:
            if change.tag:
                others = tuple(each for each in tags.get(clip, ()) if each != change.tag)
                tags[clip] = others if change.removed else (*others, change.tag)
            elif change.label:
                labels[clip] = change.label
            else:
                labels.pop(clip, None)
    return ClipNotes(changes, labels, {clip: each for clip, each in tags.items() if each})


def relabel(root: Path, clips: Iterable[str], emotion: str, *, own: bool = False) -> ClipNotes:
    """Give clips another label, beside the corpus.

    Args:
        root: Folder of the corpus, `Corpus.root`.
        clips: Names of clips.
        emotion: What they are; an empty one takes back what was said before.
        own: Whether a class that is no emotion may be named.

    Raises:
        ParameterError: If it is no emotion of the vocabulary, or cannot name a class.
        SerError: If it cannot be written.
    """
    known = label_map({"": emotion}, own=own)[""] if emotion else ""
    return _add(root, Change(tuple(clips), label=known))


def tag(root: Path, clips: Iterable[str], name: str, *, remove: bool = False) -> ClipNotes:
    """Put a tag on clips, or take it off.

    Raises:
        ParameterError: If the tag is empty, too long, or has signs that a table cannot hold.
        SerError: If it cannot be written.
    """
    word = name.strip()
    if not word or len(word) > LONGEST or not word.isprintable() or "," in word:
        raise ParameterError(
            "cannot be a tag", subject=word[:LONGEST] or "(empty)",
            remedy=f"Take up to {LONGEST} characters without a comma",
        )  # fmt: skip
    return _add(root, Change(tuple(clips), tag=word, removed=remove))


def undo(root: Path) -> ClipNotes:
    """Take the last change back; nothing where there is none.

    Raises:
        SerError: If it cannot be written.
    """
    _write(root, _read(root)[:-1])
    return notes_of(root)


def file_of(root: Path) -> Path:
    """File of what was said of the corpus in a folder."""
    return settings.home() / FOLDER / label_map_file(root).name


def _add(root: Path, change: Change) -> ClipNotes:
    if change.clips:
        stamped = Change(**{**vars(change), "when": time.time()})
        _write(root, (*_read(root), stamped))
    return notes_of(root)


def _write(root: Path, changes: tuple[Change, ...]) -> None:
    file = file_of(root)
    file.parent.mkdir(parents=True, exist_ok=True)
    write_json(
        file, {"corpus": str(root.resolve()), "changes": [asdict(change) for change in changes]}
    )


def _read(root: Path) -> tuple[Change, ...]:
    content = read_json(file_of(root)) or {}
    rows = content.get("changes", [])
    found = [_change(row) for row in rows] if isinstance(rows, list) else []
    return tuple(change for change in found if change)


def _change(row: Any) -> Change | None:
    """A change as it was written; None for what somebody else has written there."""
    if not isinstance(row, dict) or not isinstance(row.get("clips"), list):
        return None
    label, name = row.get("label"), row.get("tag", "")
    if not isinstance(name, str) or not isinstance(label, str | None):
        return None
    if (label is None) == (not name) or (label and not is_class_name(label)):
        return None
    clips = tuple(str(clip) for clip in row["clips"])
    when = row.get("when", 0.0)
    return Change(
        clips, label, name, row.get("removed") is True,
        float(when) if isinstance(when, int | float) else 0.0,
    )  # fmt: skip
