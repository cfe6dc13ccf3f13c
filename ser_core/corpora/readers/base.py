"""What a reader is, and what it is given and gives."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import pandas as pd

from ser_core.core import Registry

SUFFIXES = frozenset(
    {".wav", ".flac", ".mp3", ".ogg", ".oga", ".opus", ".m4a", ".aac"}
    | {".webm", ".mp4", ".wma", ".aif", ".aiff", ".caf", ".au"}
)
"""Endings of the files that are taken for clips."""


class CorpusSource:
    """What a corpus is read from: a folder, or a table of clips in one.

    The tree is walked once, however many readers use it. Hidden files and folders are passed
    over, among them the `__MACOSX` and `._` copies that archives from a Mac leave.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.root = path if path.is_dir() else path.parent
        self.table = None if path.is_dir() else path

    @cached_property
    def files(self) -> list[str]:
        """Sound files below the root, relative to it, sorted."""
        return sorted(
            f"{folder}{name}"
            for folder, names in self._folders
            for name in names
            if os.path.splitext(name)[1].lower() in SUFFIXES  # noqa: PTH122 - many thousands
        )

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
        for folder, below, names in os.walk(self.root):
            below[:] = [name for name in below if not _hidden(name)]
            relative = Path(folder).relative_to(self.root).as_posix()
            prefix = "" if relative == "." else f"{relative}/"
            found.append((prefix, [name for name in names if not _hidden(name)]))
        return found

    def find(self, name: str) -> Path | None:
        """File of this name in the root, or in a folder directly below it."""
        folders = (self.root, *(self.root / folder for folder in self.folders))
        return next((source / name for source in folders if (source / name).is_file()), None)


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
    """

    rows: pd.DataFrame
    root: Path
    labels: Mapping[str, str] = field(default_factory=dict)
    name: str = ""
    notes: tuple[str, ...] = ()
    template: Path | None = None


class Reader(ABC):
    """One way to lay out a corpus.

    Attributes:
        title: Name of the corpus or layout, for people.
        expects: What the reader recognises, one clause; shown when no reader fits.
        licence: Terms of the corpus where they are known.
    """

    title: str
    expects: str
    licence: str = ""

    @abstractmethod
    def detect(self, source: CorpusSource) -> float:
        """Confidence, 0 to 1, that this reader fits; opens no sound."""

    @abstractmethod
    def read(self, source: CorpusSource, *args: Any, **options: Any) -> Listing:
        """List the clips; the keyword-only parameters of a reader are its options."""


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
