"""A folder for every emotion, at any depth."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import PurePosixPath

from ser_core.corpora.clip_tables import left_over
from ser_core.corpora.emotions import normalise
from ser_core.corpora.parts import are_parts, part_in_name
from ser_core.corpora.patterns import compiled
from ser_core.corpora.readers.base import CorpusSource, Listing, Reader, reader, table_of

MOST_TABLES = 6
"""Tables that were not read, in the notes."""


@reader("folders")
class Folders(Reader):
    """The nearest folder above a clip that names an emotion is its label."""

    title = "Folder per emotion"
    expects = "folders named after emotions (anger/, happy/, ...) with sound files in them"

    def detect(self, source: CorpusSource) -> float:
        """Fits when most clips lie in a folder that names an emotion, and there are two or more."""
        sizes = Counter(path.rpartition("/")[0] for path in source.files)
        named = {folder: name for folder in sizes if (name := emotion_folder(f"{folder}/"))}
        emotions = {normalise(_core(name)) for name in named.values()}
        most = 2 * sum(sizes[folder] for folder in named) >= sizes.total()
        return 0.5 if len(emotions) >= 2 and most and not source.table else 0.0

    def read(self, source: CorpusSource, *, pattern: str = "") -> Listing:
        r"""List the clips.

        Args:
            source: Folder that holds them.
            pattern: Regular expression for the path below the root, with groups named after
                columns: `(?P<speaker>spk\d+)/` reads the speaker from a folder spk12.

        Raises:
            ParameterError: If the pattern is none, or names an unknown column.
        """
        expression = compiled(pattern)
        parts = _parts(source.files)
        rows = [
            {"path": path, "label": _label(path), "official": parts.get(path, "")}
            | _groups(expression, path)
            for path in source.files
        ]
        notes = left_over([each for each in source.tables if each.why_not], [])
        return Listing(table_of(rows), source.root, notes=tuple(notes[:MOST_TABLES]))


def _parts(files: list[str]) -> dict[str, str]:
    """Part of each file, where every file lies in a folder of a part: train/, dev/, test/."""
    found = {
        path: next((part for folder in path.split("/")[:-1] if (part := part_in_name(folder))), "")
        for path in files
    }
    return found if are_parts(found.values()) and all(found.values()) else {}


def emotion_folder(path: str) -> str | None:
    """Nearest folder above a clip whose name is, or contains, one emotion.

    >>> emotion_folder("spk1/angry/take 2/a.wav"), emotion_folder("1_Happy/a.wav")
    ('angry', '1_Happy')
    """
    folders = path.split("/")[:-1]
    return next((name for name in reversed(folders) if normalise(_core(name))), None)


def _core(folder: str) -> str:
    """The part of a folder's name that names an emotion: "03_angry" is "angry"."""
    if normalise(folder):
        return folder
    words = [word for word in re.split(r"[\W\d_]+", folder) if normalise(word)]
    return words[0] if len(words) == 1 else folder


def _label(path: str) -> str:
    folder = emotion_folder(path)
    return _core(folder) if folder else PurePosixPath(path).parent.name


def _groups(expression: re.Pattern[str] | None, path: str) -> dict[str, str]:
    match = expression.search(path) if expression else None
    return {name: value for name, value in match.groupdict().items() if value} if match else {}
