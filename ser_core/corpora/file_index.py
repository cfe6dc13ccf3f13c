"""Finds the files that a table of clips means, however loosely it names them.

Tables are written on other computers: with absolute paths, with the name of the folder in front,
without folder or ending, in another letter case, with backslashes. One way to read the paths is
looked for that finds the most of them, so that a table is not put together from chance finds.

Names such as 0001.wav stand in several folders of a corpus. Then the folder of the table itself
counts, or the one that has its name (train.csv, train/); where neither tells, none is taken.
"""

from __future__ import annotations

import os
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import product
from pathlib import Path, PurePosixPath, PureWindowsPath

import pandas as pd

from ser_core.audio import ENDINGS, UNREAD
from ser_core.corpora.parts import part_in_name
from ser_core.corpora.paths import Fence, locate

SOUND = frozenset({*ENDINGS, *UNREAD})
"""Endings of files of sound, also of those that are not read."""

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
        bare: Whether the ending that the path has is left out: of sound that was converted.
    """

    drop: int = 0
    before: str = ""
    after: str = ""
    bare: bool = False

    def of(self, path: str) -> str:
        """The path read this way; empty where it has no such folders."""
        parts = path.lstrip("/").split("/")
        if self.drop >= len(parts):
            return ""
        kept = "/".join(parts[self.drop :])
        if self.bare:
            kept, ending = os.path.splitext(kept)  # noqa: PTH122 - many thousands
            if ending.lower() not in SOUND:
                return ""
        return f"{self.before}{kept}{self.after}"


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

    @cached_property
    def _repeated(self) -> frozenset[str]:
        """Names that occur in several folders."""
        counts = Counter(_key(PurePosixPath(path).name) for path in self.files)
        return frozenset(name for name, number in counts.items() if number > 1)

    def find(
        self, texts: pd.Series[str], near: Sequence[str] = (), *, strict: bool = False
    ) -> pd.Series[str]:
        """Path on disk of each text; the tidied text where there is no such file.

        Args:
            texts: What a table calls the files.
            near: Folders of the table, the nearest first; one with a file of these names is meant.
            strict: Whether names that several folders have alike, none of them near, are not found;
                otherwise those of the first folder are taken.
        """
        tidy = texts.map(self.tidy)
        given = [text for text in tidy if text]
        way = self.way(given, near)
        if strict and self._alike(given, near, way):
            return tidy
        # A name alone may lie anywhere, unless a folder has it that is not meant; one with a folder
        # means that folder, if that is there.
        repeated = any(_key(PurePosixPath(text).name) in self._repeated for text in given)
        loosely = not any(self._one_way(text, way) for text in given)
        return tidy.map(
            lambda text: self._one(text, way, loosely=loosely, alone=not repeated) or text
        )

    def kin(self, words: Iterable[str], part: str = "") -> list[str]:
        """Folders that are called by one of some words, or by the name of a part of a corpus."""
        wanted = {_key(word) for word in words}
        named = ((folder, _key(PurePosixPath(folder).name)) for folder in self._folders)
        return [f for f, name in named if name in wanted or (part and part_in_name(name) == part)]

    def rivals(self, texts: Sequence[str], near: Sequence[str] = ()) -> list[str]:
        """Folders that have the files of some tidied texts alike, where nothing tells which."""
        return self._alike(texts, near, self.way(texts, near))

    def _alike(self, texts: Sequence[str], near: Sequence[str], best: Way) -> list[str]:
        """As `rivals`, of texts whose way is known."""
        sample = _sample(texts)
        if not best.before or any(_within(best.before, folder) for folder in near):
            return []
        most = self._hits(sample, best)
        others = (replace(best, before=f"{folder}/") for folder in self._folders)
        alike = [way.before for way in others if most and self._hits(sample, way) == most]
        return [before.rstrip("/") for before in alike] if len(alike) > 1 else []

    def is_file(self, path: str) -> bool:
        """Whether a path that `find` gave is a file that the corpus may open."""
        return path in self._known or self._on_disk(path) != ""

    @cached_property
    def _known(self) -> frozenset[str]:
        return frozenset(self.files)

    def way(self, texts: Sequence[str], near: Sequence[str] = ()) -> Way:
        """The way that finds the most of some texts, the plainest of several.

        A folder that is near comes first with any file, however many others have.
        """
        sample = _sample(texts)
        for folder in near:
            below = [f"{each}/" for each in self._folders if _within(f"{each}/", folder)]
            ways = [Way(0, before, after) for before, after in product(below, self._endings)]
            found = max(ways, key=lambda way: self._hits(sample, way), default=Way())
            if self._hits(sample, found):
                return found
        best, most = Way(), self._hits(sample, Way())
        for way in self._ways(sample):
            if most == len(sample):
                break
            hits = self._hits(sample, way)
            if hits > most:
                best, most = way, hits
        return best

    def _hits(self, sample: Sequence[str], way: Way) -> int:
        return sum(self._one_way(text, way) != "" for text in sample)

    @cached_property
    def _endings(self) -> list[str]:
        return ["", *sorted({PurePosixPath(path).suffix for path in self.files})]

    def _ways(self, sample: Sequence[str]) -> Iterator[Way]:
        deepest = max((text.count("/") for text in sample), default=0)
        folders = ["", *(f"{folder}/" for folder in self._folders)]
        for bare in (False, True):
            for drop in range(min(deepest, MOST_DROPPED) + 1):
                for before, after in product(folders, self._endings[1:] if bare else self._endings):
                    yield Way(drop, before, after, bare)

    def _one_way(self, text: str, way: Way) -> str:
        if text.startswith("/") and not way.drop and not way.before:
            return ""
        return self._by_path.get(_key(way.of(text)), "")

    def _one(self, text: str, way: Way, *, loosely: bool, alone: bool) -> str:
        if not text:
            return ""
        found = self._one_way(text, way) or self._on_disk(text) or self._converted(text, way)
        anywhere = loosely or (alone and "/" not in text)
        return found or (self._by_unique_name(text) if anywhere else "")

    def _converted(self, text: str, way: Way) -> str:
        """The file of the same name with another ending."""
        every = (replace(way, after=ending, bare=True) for ending in self._endings[1:])
        return next((found for each in every if (found := self._one_way(text, each))), "")

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


def _sample(texts: Sequence[str]) -> Sequence[str]:
    return texts[:: max(1, len(texts) // SAMPLE)]


def _within(before: str, folder: str) -> bool:
    return before.startswith(f"{folder}/")


def _parents(path: str) -> Iterator[str]:
    folder = os.path.dirname(path)  # noqa: PTH120 - many thousands
    while folder:
        yield folder
        folder = os.path.dirname(folder)  # noqa: PTH120


def _key(path: str) -> str:
    """What two spellings of one path have in common: letter case and form of accents aside."""
    return unicodedata.normalize("NFC", path).casefold()
