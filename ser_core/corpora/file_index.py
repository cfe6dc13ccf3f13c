"""Finds the files that a table of clips means, however loosely it names them.

Tables are written on other computers: with absolute paths, with the name of the folder in front,
without folder or ending, in another letter case, with backslashes. One way to read the paths is
looked for that finds the most of them, so that a table is not put together from chance finds.
"""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from pathlib import Path, PurePosixPath, PureWindowsPath

import pandas as pd

from ser_core.corpora.paths import Fence, locate

SAMPLE = 60
"""Paths that a way is chosen by, spread over the table: its first rows may be missing files."""

MOST_DROPPED = 12
MOST_FOLDERS = 60


@dataclass(frozen=True)
class Way:
    """How the paths of a table lead to files.

    Attributes:
        drop: Leading folders that are left out.
        before: Folder put in front, with a slash at its end.
        after: Ending put behind.
    """

    drop: int = 0
    before: str = ""
    after: str = ""

    def of(self, path: str) -> str:
        """The path read this way; empty where it has no such folders."""
        parts = path.lstrip("/").split("/")
        if self.drop >= len(parts):
            return ""
        return f"{self.before}{'/'.join(parts[self.drop :])}{self.after}"


class FileIndex:
    """The sound files of a folder, to be found by what tables call them.

    Args:
        root: Folder of the corpus.
        files: Its sound files, relative to it.
    """

    def __init__(self, root: Path, files: Sequence[str]) -> None:
        self.root, self.files = root, files
        self._starts = [f"{str(each).rstrip('/')}/" for each in {root.absolute(), root.resolve()}]

    @cached_property
    def _by_path(self) -> dict[str, str]:
        return {_key(path): path for path in reversed(self.files)}

    @cached_property
    def _by_name(self) -> dict[str, str]:
        """Path by name, with and without ending, where the name occurs once."""
        found: dict[str, str] = {}
        for path in self.files:
            name = _key(PurePosixPath(path).name)
            for key in {name, name.rpartition(".")[0]}:
                found[key] = "" if key in found else path
        return {key: path for key, path in found.items() if key and path}

    @cached_property
    def _folders(self) -> list[str]:
        """Folders with sound in them, the nearest to the root first, with those on the way."""
        found = {folder for path in self.files for folder in _parents(path)}
        return sorted(found, key=lambda folder: (folder.count("/"), folder))[:MOST_FOLDERS]

    def find(self, texts: pd.Series[str]) -> pd.Series[str]:
        """Path on disk of each text; the tidied text where there is no such file."""
        tidy = texts.map(self.tidy)
        way = self.way([text for text in tidy if text])
        # A name alone may lie anywhere; one with a folder means that folder, if that is there.
        loosely = not any(self._one_way(text, way) for text in tidy if text)
        return tidy.map(lambda text: self._one(text, way, loosely=loosely) or text)

    def is_file(self, path: str) -> bool:
        """Whether a path that `find` gave is a file that the corpus may open."""
        return path in self._known or self._on_disk(path) != ""

    @cached_property
    def _known(self) -> frozenset[str]:
        return frozenset(self.files)

    def way(self, texts: Sequence[str]) -> Way:
        """The way that finds the most of some texts, the plainest of several."""
        step = max(1, len(texts) // SAMPLE)
        sample = list(texts[::step])
        best, most = Way(), sum(self._one_way(text, Way()) != "" for text in sample)
        for way in self._ways(sample):
            if most == len(sample):
                break
            hits = sum(self._one_way(text, way) != "" for text in sample)
            if hits > most:
                best, most = way, hits
        return best

    def _ways(self, sample: Sequence[str]) -> Iterator[Way]:
        deepest = max((text.count("/") for text in sample), default=0)
        endings = sorted({PurePosixPath(path).suffix for path in self.files})
        folders = [f"{folder}/" for folder in self._folders]
        for drop in range(min(deepest, MOST_DROPPED) + 1):
            for before, after in product(["", *folders], ["", *endings]):
                yield Way(drop, before, after)

    def _one_way(self, text: str, way: Way) -> str:
        if text.startswith("/") and not way.drop and not way.before:
            return ""
        return self._by_path.get(_key(way.of(text)), "")

    def _one(self, text: str, way: Way, *, loosely: bool) -> str:
        if not text:
            return ""
        found = self._one_way(text, way) or self._on_disk(text)
        return found or (self._by_unique_name(text) if loosely or "/" not in text else "")

    def _on_disk(self, text: str) -> str:
        """A file that no ending tells to be sound."""
        return (not Fence(self.root).refusal(text) and locate(self.root, text)) or ""

    def _by_unique_name(self, text: str) -> str:
        if ".." in text.split("/"):
            return ""
        return self._by_name.get(_key(PurePosixPath(text).name), "")

    def tidy(self, text: str) -> str:
        """A path with forward slashes, relative to the corpus where it leads into it."""
        text = text.strip().removeprefix("file://").replace("\\", "/")
        if PureWindowsPath(text).drive:
            text = "/" + text[len(PureWindowsPath(text).drive) :].lstrip("/")
        for start in self._starts:
            if text.startswith(start):
                text = text[len(start) :]
        if not text or text.startswith("/"):
            return text
        return PurePosixPath(text).as_posix()


def _parents(path: str) -> Iterator[str]:
    folder = os.path.dirname(path)  # noqa: PTH120 - many thousands
    while folder:
        yield folder
        folder = os.path.dirname(folder)  # noqa: PTH120


def _key(path: str) -> str:
    """What two spellings of one path have in common: letter case and form of accents aside."""
    return unicodedata.normalize("NFC", path).casefold()
