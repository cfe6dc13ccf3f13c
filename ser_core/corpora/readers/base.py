"""What a reader is, and what it is given and gives."""

from __future__ import annotations

import os
import re
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import pandas as pd

from ser_core.audio import ENDINGS, UNREAD
from ser_core.core import CorpusError, Registry, count, files
from ser_core.corpora import clip_tables
from ser_core.corpora.clip_tables import ClipTable, tables_in
from ser_core.corpora.file_index import FileIndex

MOST_SHOWN = 6

SOUND_FOLDERS = frozenset(
    {"audio", "audios", "wav", "wavs", "clips", "sound", "sounds", "samples", "recordings", "data"}
)
"""Names of folders of sound that may lie beside the folder of a table."""


class CorpusSource:
    """What a corpus is read from: a folder, or a table of clips in one.

    The tree is walked once, however many readers use it. Hidden files and folders are passed
    over, among them the `__MACOSX` and `._` copies that archives from a Mac leave.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.table = None if path.is_dir() else path
        self.root = path if path.is_dir() else _around(path.parent)

    @cached_property
    def files(self) -> list[str]:
        """Sound files below the root, relative to it, sorted."""
        return sorted(
            f"{folder}{name}"
            for folder, names in self._folders
            for name in names
            if _ending(name) in ENDINGS
        )

    def named(self, pattern: str) -> list[str]:
        """Files of any kind whose path below the root ends so (a regular expression), sorted."""
        ends = re.compile(rf"(?:^|/)(?:{pattern})$", re.IGNORECASE)
        every = (f"{folder}{name}" for folder, names in self._folders for name in names)
        return sorted(path for path in every if ends.search(path))

    @cached_property
    def index(self) -> FileIndex:
        """The sound files, to be found by what tables call them."""
        return FileIndex(self.root, self.files)

    @cached_property
    def unread(self) -> dict[str, int]:
        """Files whose ending is one of sound that is not looked for, counted by ending."""
        endings = (_ending(name) for _, names in self._folders for name in names)
        return dict(sorted(Counter(ending for ending in endings if ending in UNREAD).items()))

    @cached_property
    def links(self) -> list[str]:
        """Folders that are links, relative to the root, sorted: they are not followed."""
        _ = self._folders  # which finds them
        return sorted(self._links)

    @cached_property
    def tables(self) -> tuple[ClipTable, ...]:
        """Tables in the root and directly below it, or the one that was named, as they are."""
        if self.table:
            found = [self.table] if self.table.suffix.lower() in clip_tables.TABLES else []
        else:
            below = (self.root / folder for folder in self.folders)
            found = [path for place in (self.root, *below) for path in tables_in(place)]
        return tuple(clip_tables.opened(path, self.root, self.index) for path in found)

    def passed_over(self) -> list[str]:
        """What looks like a part of the corpus and is not read, as sentences."""
        notes = []
        if self.links:
            shown = ", ".join(self.links[:MOST_SHOWN])
            notes.append(
                f"{count(len(self.links), 'linked folder')} not followed ({shown}): a corpus is "
                "read within its own folder; copy the files, or open the folder they lead to"
            )
        if self.unread:
            kinds = ", ".join(f"{n} {ending}" for ending, n in self.unread.items())
            notes.append(f"Files of sound that are not read, by their endings: {kinds}")
        return notes

    @cached_property
    def folders(self) -> list[str]:
        """Folders directly below the root, sorted."""
        return sorted(
            entry.name
            for entry in self.root.iterdir()
            if entry.is_dir() and not _hidden(entry.name)
        )

    @cached_property
    def _folders(self) -> list[tuple[str, list[str]]]:
        found = []
        self._links: list[str] = []
        for folder, below, names in files.walk(self.root):
            below[:] = [name for name in below if not _hidden(name)]
            relative = Path(folder).relative_to(self.root).as_posix()
            prefix = "" if relative == "." else f"{relative}/"
            linked = (name for name in below if os.path.islink(f"{folder}/{name}"))  # noqa: PTH114
            self._links += [f"{prefix}{name}" for name in linked]
            found.append((prefix, [name for name in names if not _hidden(name)]))
        return found

    def find(self, name: str) -> Path | None:
        """File of this name in the root, or in a folder directly below it."""
        folders = (self.root, *(self.root / folder for folder in self.folders))
        return next((source / name for source in folders if (source / name).is_file()), None)


def _around(folder: Path) -> Path:
    """Folder of a corpus whose table lies here: the one above, if the sound lies beside this."""
    if any(_ending(entry.name) in ENDINGS for entry in folder.iterdir()):
        return folder
    inside = {entry.name.casefold() for entry in folder.iterdir() if entry.is_dir()}
    beside = {entry.name.casefold() for entry in _folders_in(folder.parent)}
    beside.discard(folder.name.casefold())
    return folder.parent if not inside & SOUND_FOLDERS and beside & SOUND_FOLDERS else folder


def _folders_in(folder: Path) -> list[Path]:
    try:
        return [entry for entry in folder.iterdir() if entry.is_dir()]
    except OSError:  # a folder above that may not be listed
        return []


def _ending(name: str) -> str:
    return os.path.splitext(name)[1].lower()  # noqa: PTH122 - many thousands


def _hidden(name: str) -> bool:
    return name.startswith(".") or name == "__MACOSX"


@dataclass(frozen=True)
class Listing:
    """What a reader found.

    Attributes:
        rows: A row for every clip: `path` relative to `root`, and any of the text fields of
            `Corpus.clips`. `problem` where the reader itself knows one. Where some clips are there
            to be predicted: `unlabelled`, whether this is one, and `id`, its id in its table.
        root: Folder of the corpus.
        labels: Emotion for each label that only this corpus uses ("W" for anger in EMO-DB).
        name: What the corpus is called; the name of its folder when empty.
        notes: What the user should know, as sentences.
        template: Template of the submission for the unlabelled clips, if there is one.
        licence: Terms, where they are not those of the reader.
    """

    rows: pd.DataFrame
    root: Path
    labels: Mapping[str, str] = field(default_factory=dict)
    name: str = ""
    notes: tuple[str, ...] = ()
    template: Path | None = None
    licence: str = ""


class Reader(ABC):
    """One way to lay out a corpus.

    Attributes:
        title: Name of the corpus or layout, for people.
        expects: What the reader recognises, one clause; shown when it finds no clips.
        licence: Terms of the corpus where they are known.
        language: What is spoken in it; empty for layouts that any corpus may have.
        source: Who described it, and where.
        own_split: What its own split is and who published figures on it; empty where it has none.
        searches: Whether it looks for clips in the folder, so that what it passes over is told.
    """

    title: str
    expects: str
    licence: str = ""
    language: str = ""
    source: str = ""
    own_split: str = ""
    searches: bool = True

    @abstractmethod
    def detect(self, source: CorpusSource) -> float:
        """Confidence, 0 to 1, that this reader fits; opens no sound."""

    @abstractmethod
    def read(self, source: CorpusSource, *args: Any, **options: Any) -> Listing:
        """List the clips; the keyword-only parameters of a reader are its options."""

    def segments(self, source: CorpusSource, *args: Any, **options: Any) -> Listing:  # noqa: ARG002
        """List labelled segments of files: rows with `start` and `end` in s, NaN for the end.

        Raises:
            CorpusError: If the layout has none.
        """
        raise CorpusError(
            "the corpus labels whole files, so there is nothing to cut", subject=str(source.path),
            remedy="Open it as it is",
        )  # fmt: skip


READERS: Registry[Reader] = Registry("reader")

R = TypeVar("R", bound=type[Reader])


def reader(name: str) -> Callable[[R], R]:
    """Decorator that registers a reader class under a name."""

    def register(kind: R) -> R:
        READERS.register(name)(kind())
        return kind

    return register


def table_of(rows: list[dict[str, Any]]) -> pd.DataFrame:
    """Rows as a table; an empty list keeps the `path` column."""
    return pd.DataFrame(rows) if rows else pd.DataFrame({"path": []})
