"""Corpora labelled by their file names: what a naming scheme is. The schemes are in `schemes`."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ser_core.corpora.emotion_folders import emotion_folders
from ser_core.corpora.emotions import normalise
from ser_core.corpora.readers.base import CorpusSource, Listing, Reader, table_of
from ser_core.corpora.tables import read_table

Codes = Mapping[str, str]
Meaning = Codes | Callable[[str], str]
"""Of a code: a table, or a function where it is worked out."""
NEARLY_ALL = 0.9
"""Share of the clips in folders of emotions from which on a scheme is held against these."""
MOST_OTHERWISE = 0.2
"""Share of these clips that a scheme may read otherwise: copies sort "calm" under neutral."""
UNKNOWN_NAME = "unknown name"
"""Beginning of the problem of a file that is named otherwise."""


@dataclass(frozen=True)
class NameCoded(Reader):
    r"""A naming scheme.

    Attributes:
        title: Name of the corpus.
        expects: What its files are called, with an example.
        pattern: Regular expression for the end of the path, without the file's ending. Its groups
            are columns of `Corpus.clips`, as the file spells them.
        labels: Emotion for each code.
        codes: Column to (group, meaning of its codes); a code without meaning leaves the column
            empty. Columns not named here are the group of their name, as spelled.
        speakers: Name of a CSV table of the speakers, if the corpus comes with one, and its
            columns for speaker, gender and age.
        licence: Terms of the corpus.
        language: What is spoken in it.
        source: Who described it, and where.
        own_split: What its own split is, where the names say one.
        note: What the user should know about every copy of this corpus.
    """

    title: str
    expects: str
    pattern: str
    labels: Codes
    codes: Mapping[str, tuple[str, Meaning]] = field(default_factory=dict)
    speakers: tuple[str, Codes] | None = None
    licence: str = ""
    language: str = ""
    source: str = ""
    own_split: str = ""
    note: str = ""

    def match(self, path: str) -> re.Match[str] | None:
        """The coded part at the end of a path, None where the name is not of this scheme."""
        return re.search(rf"(?:^|/)({self.pattern})\.\w+$", path)

    def detect(self, source: CorpusSource) -> float:
        """Share of the sound files with such a name, once they are the majority.

        Folders of emotions that say otherwise win: other corpora have such names, too.
        """
        if source.table or not source.files:
            return 0.0
        share = sum(map(bool, map(self.match, source.files))) / len(source.files)
        if share <= 0.5 or self._is_contradicted(source.files):
            return 0.0
        return 0.95 * share

    def _is_contradicted(self, files: Sequence[str]) -> bool:
        """Whether folders name emotions for nearly all clips, and other ones than the names do."""
        by_folder = emotion_folders(files)
        said = {path: by_folder[path.rpartition("/")[0]].emotion for path in files}
        kinds = set(filter(None, said.values()))
        if len(kinds) < 2 or sum(map(bool, said.values())) < NEARLY_ALL * len(files):
            return False
        both = [(said[path], own) for path in files if said[path] and (own := self._emotion(path))]
        otherwise = sum(folder != own for folder, own in both)
        return len({own for _, own in both}) < 2 or otherwise > MOST_OTHERWISE * len(both)

    def _emotion(self, path: str) -> str | None:
        label = self.fields(path).get("label", "")
        return self.labels.get(label) or normalise(label)

    def read(self, source: CorpusSource) -> Listing:
        """List the clips; of files with the same name and content length, the first alone.

        Archives of these corpora often hold every file twice, in a folder and again in a copy of
        that folder inside itself. The notes count the copies.
        """
        files = _without_copies(source, {path: self._identity(path) for path in source.files})
        people = self._people(source)
        rows = [self._row(path, people) for path in files]
        copies = len(source.files) - len(files)
        note = f"{copies} files are copies of others in another folder and are not listed twice"
        notes = (note if copies else "", self.note)
        return Listing(
            table_of(rows), source.root, self.labels, self.title, tuple(filter(None, notes))
        )

    def _identity(self, path: str) -> str:
        match = self.match(path)
        return match[1].replace("/", "_") if match else path  # SAVEE: DC/a01 is DC_a01

    def _row(self, path: str, people: Mapping[str, dict[str, str]]) -> dict[str, str]:
        row = self.fields(path)
        if not row:
            return {"path": path, "problem": f"{UNKNOWN_NAME}: it is none of the {self.expects}"}
        return {"path": path} | row | people.get(row.get("speaker", ""), {})

    def fields(self, path: str) -> dict[str, str]:
        """Columns that the name of a file says; none where it is not of this scheme."""
        match = self.match(path)
        if not match:
            return {}
        groups = {name: code for name, code in match.groupdict().items() if code}
        decoded = {
            column: _meant(meaning, groups.get(group, ""))
            for column, (group, meaning) in self.codes.items()
        }
        return groups | decoded

    def _people(self, source: CorpusSource) -> dict[str, dict[str, str]]:
        """Gender and age by speaker, from the corpus's own table when it is there."""
        if not self.speakers:
            return {}
        name, columns = self.speakers
        path = source.find(name)
        return _by_speaker(path, columns) if path else {}


def _meant(meaning: Meaning, code: str) -> str:
    if not code:
        return ""
    return meaning(code) if callable(meaning) else meaning.get(code, "")


def _by_speaker(path: Path, columns: Codes) -> dict[str, dict[str, str]]:
    table = read_table(path, required=columns)
    table = table[list(columns)].rename(columns=dict(columns))
    table["gender"] = table["gender"].str.lower()
    return {row.pop("speaker"): row for row in table.to_dict("records")}  # type: ignore[misc]


def _without_copies(source: CorpusSource, identities: Mapping[str, str]) -> list[str]:
    """Paths without nested copies: same identity and same size; the shallowest wins."""
    by_identity: dict[str, list[str]] = defaultdict(list)
    for path in sorted(identities, key=lambda path: (path.count("/"), path)):
        by_identity[identities[path]].append(path)
    unique = [
        path
        for paths in by_identity.values()
        for path in (paths if len(paths) == 1 else _by_size(source, paths))
    ]
    return sorted(unique)


def _by_size(source: CorpusSource, paths: list[str]) -> list[str]:
    sizes: dict[int, str] = {}
    for path in paths:
        sizes.setdefault((source.root / path).lstat().st_size, path)
    return list(sizes.values())
