"""A folder for every emotion, at any depth."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ser_core.core import count
from ser_core.corpora.clip_tables import left_over
from ser_core.corpora.emotion_folders import EmotionFolder, emotion_folders
from ser_core.corpora.emotions import composed
from ser_core.corpora.parts import are_parts, part_in_name
from ser_core.corpora.patterns import compiled
from ser_core.corpora.readers.base import CorpusSource, Listing, Reader, reader, table_of

MOST_TABLES = 6
"""Tables that were not read, in the notes."""


@reader("folders")
class Folders(Reader):
    """The folder above a clip that names an emotion is its label, at one level of the tree."""

    title = "Folder per emotion"
    expects = "folders named after emotions (anger/, happy/, ...) with sound files in them"

    def detect(self, source: CorpusSource) -> float:
        """Fits when most clips lie in a folder that names an emotion, and there are two or more."""
        said = emotion_folders(source.files)
        named = [each for path in source.files if (each := said[_folder(path)].emotion)]
        most = 2 * len(named) >= len(source.files)
        return 0.5 if len(set(named)) >= 2 and most and not source.table else 0.0

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
        said = emotion_folders(source.files)
        rows = [
            {
                "path": path,
                "label": said[_folder(path)].name or source.root.resolve().name,
                "official": parts.get(path, ""),
            }
            | _groups(expression, path)
            for path in source.files
        ]
        note = (
            ""
            if expression and "label" in expression.groupindex
            else _contradicted(said, source.files)
        )
        notes = left_over([each for each in source.tables if each.why_not], [])
        notes = [note, *notes[:MOST_TABLES]] if note else notes[:MOST_TABLES]
        return Listing(table_of(rows), source.root, notes=tuple(notes))


def _parts(files: list[str]) -> dict[str, str]:
    """Part of each file, where every file lies in a folder of a part: train/, dev/, test/."""
    found = {
        path: next((part for folder in path.split("/")[:-1] if (part := part_in_name(folder))), "")
        for path in files
    }
    return found if are_parts(found.values()) and all(found.values()) else {}


def _contradicted(said: Mapping[str, EmotionFolder], files: list[str]) -> str:
    """Note on the clips that lie in folders of two emotions; empty where there are none."""
    twice = [path for path in files if said[_folder(path)].against]
    if not twice:
        return ""
    first = said[_folder(twice[0])]
    return (
        f"{count(len(twice), 'clip')} in folders of two emotions, the first {twice[0]}: it counts "
        f"as {first.name}, not {first.against}, since the folders of emotions are taken from one "
        "level of the tree; give the label by a pattern if another one is right"
    )


def _folder(path: str) -> str:
    return path.rpartition("/")[0]


def _groups(expression: re.Pattern[str] | None, path: str) -> dict[str, str]:
    match = expression.search(composed(path)) if expression else None
    return {name: value for name, value in match.groupdict().items() if value} if match else {}
