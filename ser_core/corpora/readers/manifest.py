"""A CSV or TSV table that names the files and their labels."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import product
from pathlib import Path

import pandas as pd

from ser_core.core import CorpusError, did_you_mean
from ser_core.corpora.paths import Fence, locate
from ser_core.corpora.readers.base import SUFFIXES, CorpusSource, Listing, Reader, reader
from ser_core.corpora.tables import header, read_table

# Usual names of the columns, the most specific first.
SYNONYMS: dict[str, tuple[str, ...]] = {
    "path": (
        "path", "file", "filename", "filepath", "fileid", "wav", "wavpath", "wavfile", "audio",
        "audiopath", "audiofile", "clip", "recording", "name", "fname", "id",
    ),
    "label": (
        "emotion", "label", "emotionlabel", "emotionname", "class", "category", "target", "emo",
    ),
    "speaker": ("speaker", "speakerid", "spk", "spkid", "actor", "actorid", "subject",
                "subjectid", "participant", "participantid", "clientid"),
    "gender": ("gender", "sex"),
    "age": ("age",),
    "sentence": ("sentence", "sentenceid", "promptid", "statement", "textid"),
    "text": ("text", "transcript", "transcription", "rawtext", "normalizedtext", "utterance",
             "sentencetext", "prompt"),
    "intensity": ("intensity", "level", "strength"),
}  # fmt: skip
TABLES = (".csv", ".tsv")
SUBMISSION = "submission"
"""In the name of a table: its labels are placeholders, to be replaced by predictions."""
ROWS_CHECKED = 20


@reader("manifest")
class Manifest(Reader):
    """One table with a row for every clip; the columns are guessed, or named by the user.

    Clips with the same text have the same sentence when the table has no column for sentences.
    """

    title = "Table of clips"
    expects = "a .csv or .tsv table with a column of file names and a column of emotions"

    def detect(self, source: CorpusSource) -> float:
        """Fits when a table has both columns and its first files exist."""
        return 0.8 if _fitting(source) else 0.0

    def read(
        self, source: CorpusSource, *, table: str = "", columns: Mapping[str, str] | None = None
    ) -> Listing:
        """List the rows of the table.

        Args:
            source: The table, or the folder it is in.
            table: Name of the table when the folder has several.
            columns: Column of the table for each column of `Corpus.clips`, where the guess is
                wrong: `{"path": "wav", "label": "emo"}`.

        Raises:
            CorpusError: If there is no table, it cannot be read, or has no column of files or
                of emotions.
        """
        path = source.root / table if table else _best_table(source)
        cells = read_table(path)
        mapping = _mapping(path, list(cells.columns), columns or {})
        rows = pd.DataFrame({field: cells[column] for field, column in mapping.items()})
        rows["path"] = as_on_disk(path.parent, rows["path"])
        if "sentence" not in rows and "text" in rows:
            rows["sentence"] = rows["text"].str.casefold()
        left = [other.name for other in _fitting(source) if other != path]
        notes = (f"Read {path.name}; not read: {', '.join(left)}",) if left else ()
        return Listing(rows, path.parent, notes=notes)


def guess(columns: Iterable[str]) -> dict[str, str]:
    """Column for each field, by name.

    >>> guess(["File_Name", "emotion", "Speaker ID"])
    {'path': 'File_Name', 'label': 'emotion', 'speaker': 'Speaker ID'}
    """
    plain = {_plain(column): column for column in reversed(list(columns))}
    found = {
        field: next((plain[name] for name in names if name in plain), None)
        for field, names in SYNONYMS.items()
    }
    return {field: column for field, column in found.items() if column is not None}


def _plain(column: str) -> str:
    return "".join(letter for letter in column.casefold() if letter.isalnum())


def _mapping(path: Path, columns: list[str], given: Mapping[str, str]) -> dict[str, str]:
    for field, column in given.items():
        _known(path, field, SYNONYMS)
        _known(path, column, columns)
    mapping = guess(columns) | dict(given)
    missing = [field for field in ("path", "label") if field not in mapping]
    if missing:
        raise CorpusError(
            f"no column of the table looks like the {' or the '.join(missing)} of a clip",
            subject=str(path),
            remedy=f"Name it: columns={{'{missing[0]}': ...}}, one of {', '.join(columns)}",
        )
    return mapping


def _known(path: Path, name: str, names: Iterable[str]) -> None:
    if name not in names:
        raise CorpusError(
            f"there is no column {name!r}", subject=str(path), remedy=did_you_mean(name, names)
        )


def _tables(source: CorpusSource) -> list[Path]:
    if source.table:
        return [source.table] if source.table.suffix.lower() in TABLES else []
    return [path for path in tables_in(source.root) if SUBMISSION not in path.stem.casefold()]


def tables_in(folder: Path) -> list[Path]:
    """Tables directly in a folder, sorted."""
    return sorted(path for path in folder.iterdir() if path.suffix.lower() in TABLES)


def _best_table(source: CorpusSource) -> Path:
    tables = [source.table] if source.table else _tables(source)
    if not tables:
        raise CorpusError(
            "there is no .csv or .tsv table here", subject=str(source.root), remedy="Name the table"
        )
    return max(_fitting(source), key=_size, default=tables[0])


def _fitting(source: CorpusSource) -> list[Path]:
    """Tables with columns of files and emotions whose first files exist."""
    return [table for table in _tables(source) if _fits(table)]


def _size(table: Path) -> int:
    """Rows of a table; one that cannot be read has none."""
    try:
        return len(read_table(table))
    except CorpusError:
        return 0


def _fits(table: Path) -> bool:
    mapping = guess(header(table))
    if not {"path", "label"} <= set(mapping):
        return False
    try:
        paths = read_table(table)[mapping["path"]].head(ROWS_CHECKED)
    except CorpusError:
        return True  # reading it then says what is wrong, which helps more than "no reader fits"
    return any(exists(table.parent, path) for path in as_on_disk(table.parent, paths))


def as_on_disk(root: Path, paths: pd.Series[str]) -> pd.Series[str]:
    """Paths with the folder and ending that tables tend to leave out, where that finds files."""
    paths = paths.str.replace("\\", "/", regex=False)
    first = [path for path in paths.head(ROWS_CHECKED) if path]
    below = sorted(f"{entry.name}/" for entry in root.iterdir() if entry.is_dir())
    ways = product(["", *below], ["", *sorted(SUFFIXES)])
    before, after = max(
        ways, key=lambda way: sum(exists(root, f"{way[0]}{path}{way[1]}") for path in first)
    )
    return (before + paths + after).where(paths != "", "")


def exists(root: Path, path: str) -> bool:
    """Whether a corpus may open this path, and it is a file."""
    return not Fence(root).refusal(path) and locate(root, path) is not None
