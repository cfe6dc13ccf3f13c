"""A CSV or TSV table that names the files and their labels."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import pandas as pd

from ser_core.core import CorpusError, ParameterError, count, did_you_mean
from ser_core.corpora import clip_tables
from ser_core.corpora.clip_tables import SYNONYMS, TIMES, ClipTable, left_over, segments, times
from ser_core.corpora.emotions import normalise
from ser_core.corpora.file_index import FileIndex
from ser_core.corpora.readers.base import CorpusSource, Listing, Reader, reader
from ser_core.corpora.tables import header, read_table

OTHER_LABELS = 0.9
"""Share of the cells of a column that must name emotions for it to be taken for one of labels."""

LOOKED_AT = 1000
"""Rows by which that is found out."""

WHOLE = "whole"
"""Value of the option `segments`."""


@reader("manifest")
class Manifest(Reader):
    """One table with a row for every clip; the columns are guessed, or named by the user.

    Tables of the parts of one corpus (train.csv, dev.csv, test.csv, or a table in each folder of a
    part) are read together, and their parts are kept as the official split, as those of a column
    `split` or `fold` are. So are tables of one name in several folders, as one of each speaker.
    Clips with the same text have the same sentence when the table has no column for sentences.
    """

    title = "Table of clips"
    expects = "a .csv or .tsv table with a column of file names and a column of emotions"

    def detect(self, source: CorpusSource) -> float:
        """Fits when a table has both columns and some of its files exist.

        Tables of a smaller part of the sound give way to a layout that has all of it.
        """
        listed = {path for table in parts_of(source.tables) for path in table.files[table.here]}
        if not listed:
            return 0.0
        return 0.8 if 2 * len(listed) >= len(source.files) else 0.3

    def read(
        self,
        source: CorpusSource,
        *,
        table: str = "",
        columns: Mapping[str, str] | None = None,
        sound: str = "",
        encoding: str = "",
        segments: str = "",
    ) -> Listing:
        """List the rows of the table, or of the tables of all parts.

        Args:
            source: The table, or the folder it is in.
            table: Path of the table below the folder, when it has several.
            columns: Column of the table for each column of `Corpus.clips`, where the guess is
                wrong: `{"path": "wav", "label": "emo"}`.
            sound: Folder of the sound, when it is not the one of the table.
            encoding: Of the table's text, as cp1252; found out when empty.
            segments: "whole" gives whole files the labels of a table of segments.

        Raises:
            CorpusError: If there is no table, it cannot be read, or has no column of files or
                of emotions, or labels segments of files.
            ParameterError: If the folder of the sound is none.
        """
        root, chosen, every = self._chosen(source, table, columns, sound, encoding)
        for each in chosen:
            if segments != WHOLE:
                _refuse_segments(each)
        rows = _together(chosen, [each.rows() for each in chosen])
        others = [] if "label" in (columns or {}) else _other_labels(chosen)
        notes = [*_notes(chosen, every), *others, *_unlisted(source, root, rows)]
        return Listing(rows, root, notes=tuple(notes))

    def segments(
        self,
        source: CorpusSource,
        *,
        table: str = "",
        columns: Mapping[str, str] | None = None,
        sound: str = "",
        encoding: str = "",
    ) -> Listing:
        """List the segments of the table, or of the tables of all parts.

        Args:
            source: As in `read`, and so are the others.
            table: Path of the table.
            columns: Column of the table for each column of `Corpus.clips`.
            sound: Folder of the sound.
            encoding: Of the table's text.

        Raises:
            CorpusError: As `read`, or if a table has no columns of a start and an end.
            ParameterError: If the folder of the sound is none.
        """
        root, chosen, _ = self._chosen(source, table, columns, sound, encoding)
        return Listing(_together(chosen, [_segments(each) for each in chosen]), root)

    def _chosen(
        self,
        source: CorpusSource,
        table: str,
        columns: Mapping[str, str] | None,
        sound: str,
        encoding: str,
    ) -> tuple[Path, list[ClipTable], Sequence[ClipTable]]:
        """Folder of the sound, the tables to read, and all that there are."""
        root, index = sound_folder(source, sound)
        plain = not (sound or encoding or columns)
        every = (
            source.tables
            if plain
            else tuple(
                clip_tables.opened(each.path, root, index, columns, encoding)
                for each in source.tables
            )
        )
        chosen = _named(source, every, table, root, index, columns, encoding)
        for each in chosen:
            _require(each, columns or {}, encoding)
        return root, chosen, every


def _together(chosen: Sequence[ClipTable], rows: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Rows of all tables, with the part of each where there are several parts."""
    if len({each.part for each in chosen} - {""}) > 1:
        named = zip(rows, chosen, strict=True)
        rows = [found.assign(official=each.part) for found, each in named]
    return pd.concat(rows, ignore_index=True)


def _segments(each: ClipTable) -> pd.DataFrame:
    return each.rows().join(times(each))


def sound_folder(source: CorpusSource, sound: str) -> tuple[Path, FileIndex]:
    """Folder that the files lie in, and its files."""
    if not sound:
        return source.root, source.index
    folder = Path(sound).expanduser()
    folder = folder if folder.is_absolute() else source.root / folder
    if not folder.is_dir():
        raise ParameterError(
            "there is no such folder", subject=str(folder), remedy="Give --option sound=FOLDER"
        )
    return folder, CorpusSource(folder).index


def _named(
    source: CorpusSource,
    every: Sequence[ClipTable],
    table: str,
    root: Path,
    index: FileIndex,
    columns: Mapping[str, str] | None,
    encoding: str,
) -> list[ClipTable]:
    """The table that was named, else the parts of the corpus, else the table with most clips."""
    if table:
        return [clip_tables.opened(source.root / table, root, index, columns, encoding)]
    if not every:
        raise CorpusError(
            "there is no .csv or .tsv table here", subject=str(source.root), remedy="Name the table"
        )
    return parts_of(every) or [every[0]]


def parts_of(every: Sequence[ClipTable]) -> list[ClipTable]:
    """The tables to read of those that list labelled clips.

    All parts of a corpus, known by the names of their tables or folders, where together they list
    as many clips as the largest table; else that, with those of its name in other folders. Of two
    tables of one part the larger counts, and a table whose clips are mostly those of another part
    is none.
    """
    fitting = [table for table in every if not table.why_not]
    if not fitting:
        return []
    by_size = sorted(fitting, key=_clips, reverse=True)  # of equal ones those further up come first
    chosen: dict[str, ClipTable] = {}
    for table in by_size:
        apart = all(table.is_apart_from(other) for other in chosen.values())
        if table.part and table.part not in chosen and apart:
            chosen[table.part] = table
    namesakes: list[ClipTable] = []
    for table in by_size:
        alike = table.path.name.casefold() == by_size[0].path.name.casefold()
        if alike and all(table.is_apart_from(other) for other in namesakes):
            namesakes.append(table)
    most = max([list(chosen.values()), namesakes], key=lambda tables: sum(map(_clips, tables)))
    return sorted(most, key=every.index)


def _clips(table: ClipTable) -> int:
    """Clips of a table that are there."""
    return int(table.here.sum())


def _notes(chosen: Sequence[ClipTable], every: Sequence[ClipTable]) -> list[str]:
    """Which tables were read, and of each other one why it was not."""
    names = {table.name for table in chosen}
    left = [table for table in every if table.name not in names]
    if not left and len(chosen) == 1:
        return []
    read = ", ".join(f"{table.name} ({count(len(table.cells), 'row')})" for table in chosen)
    return [f"Read {read}", *left_over(left, chosen)]


def _other_labels(chosen: Sequence[ClipTable]) -> list[str]:
    """That another column of a table says other emotions, as the votes beside a majority do."""
    notes = []
    for table in chosen:
        own, cells = table.columns["label"], table.cells.head(LOOKED_AT)
        labels = cells[own].map(normalise)
        for name in cells.columns.difference(list(table.columns.values())):
            given = cells[name].where(cells[name] != "").dropna().map(normalise)
            differs = (given.dropna() != labels[given.dropna().index]).any()
            if len(given) and given.notna().mean() > OTHER_LABELS and differs:
                notes.append(
                    f"The emotions are those of the column {own} of {table.name}; {name} has other "
                    f"ones (--option columns.label={name})"
                )
    return notes


def _unlisted(source: CorpusSource, root: Path, rows: pd.DataFrame) -> list[str]:
    """How many sound files are in no table that was read."""
    if root != source.root or source.table:
        return []
    left = sorted(set(source.files) - set(rows["path"]))
    more = f", as {left[0]}" if left else ""
    return [f"{count(len(left), 'sound file')} in no table that was read{more}"] if left else []


def guess(columns: Iterable[str]) -> dict[str, str]:
    """Column for each field, by name; see `clip_tables.guess`."""
    return clip_tables.guess(columns)


def _require(table: ClipTable, given: Mapping[str, str], encoding: str) -> None:
    """Refuse a table that lists no clips, by its reason and with an option that mends it."""
    path = table.path
    cells = read_table(path, encoding=encoding)  # which says what is wrong
    for field, column in given.items():
        _known(path, field, (*SYNONYMS, *TIMES))
        _known(path, column, cells.columns)
    missing = [field for field in ("path", "label") if field not in table.columns]
    if missing:
        raise CorpusError(
            f"no column of the table looks like the {' or the '.join(missing)} of a clip",
            subject=str(path),
            remedy=f"Name it, as --option columns.{missing[0]}=NAME (in Python "
            f"columns={{'{missing[0]}': ...}}), one of {', '.join(header(path, encoding))}",
        )
    if table.fault and len(cells):
        raise CorpusError(
            table.fault, subject=str(path),
            remedy="Open the folder that holds the sound, or name it by --option sound=FOLDER",
        )  # fmt: skip


def _refuse_segments(table: ClipTable) -> None:
    if segments(table):
        raise CorpusError(
            "the table labels segments of its files by a start and an end, which are not cut",
            subject=str(table.path),
            remedy="Write the segments as files of their own by corpus extract; --option "
            "segments=whole gives whole files their labels",
        )


def _known(path: Path, name: str, names: Iterable[str]) -> None:
    if name not in names:
        raise CorpusError(
            f"there is no column {name!r}", subject=str(path), remedy=did_you_mean(name, names)
        )
