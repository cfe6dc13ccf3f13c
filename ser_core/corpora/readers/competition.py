"""A competition: a table of labelled clips, one of unlabelled clips, a template to fill."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath

import pandas as pd

from ser_core.core import CorpusError, count
from ser_core.corpora.readers.base import CorpusSource, Listing, Reader, reader
from ser_core.corpora.readers.manifest import (
    ROWS_CHECKED,
    SUBMISSION,
    as_on_disk,
    exists,
    guess,
    tables_in,
)
from ser_core.corpora.tables import header, id_column, read_table

ORIGINAL = ("sample", "template", "example", "baseline")
"""In the names of templates, where a filled submission may lie beside them."""


@dataclass(frozen=True, eq=False)
class _Table:
    """A table that names clips.

    Attributes:
        path: Its file.
        cells: Its cells, as strings.
        columns: Its column for each field of a clip.
    """

    path: Path
    cells: pd.DataFrame
    columns: dict[str, str]

    @cached_property
    def paths(self) -> pd.Series[str]:
        """Path of each clip, below the folder of the table, with what the table leaves out."""
        found = as_on_disk(self.path.parent, self.cells[self.columns["path"]])
        return found.map(lambda path: PurePosixPath(path).as_posix() if path else "")

    @cached_property
    def has_files(self) -> bool:
        """Whether one of its first clips exists."""
        return any(exists(self.path.parent, path) for path in self.paths.head(ROWS_CHECKED) if path)

    @property
    def has_labels(self) -> bool:
        """Whether a column of labels has something in it."""
        return "label" in self.columns and bool((self.cells[self.columns["label"]] != "").any())

    @cached_property
    def ids(self) -> pd.Series[str]:
        """Id of each clip."""
        return self.cells[id_column(list(self.cells.columns))]

    def is_apart_from(self, other: _Table) -> bool:
        """Whether most of its clips are not in the other table."""
        return 2 * int(self.paths.isin(set(other.paths)).sum()) < len(self.paths)


@dataclass(frozen=True)
class _Tables:
    """What each table of a competition is."""

    labelled: _Table
    unlabelled: _Table
    template: _Table | None
    left: tuple[Path, ...]


@reader("competition")
class Competition(Reader):
    """Clips with labels and clips to predict, each part in a table of its own.

    A table with "submission" in its name is the template of the submission: its labels are
    placeholders. So is a table with the very ids of the unlabelled clips. Without a table of
    unlabelled clips the template lists them.
    """

    title = "Competition"
    expects = (
        "a table of labelled clips (train.csv) beside a table of unlabelled clips (test.csv) or a "
        "template of the submission (sample_submission.csv)"
    )

    def detect(self, source: CorpusSource) -> float:
        """Fits when both parts are there and their files exist."""
        return 0.85 if _tables(source) else 0.0

    def read(self, source: CorpusSource) -> Listing:
        """List the clips of both parts, the labelled ones first.

        Raises:
            CorpusError: If one of the two parts is missing.
        """
        found = _tables(source)
        if found is None:
            raise CorpusError(
                "there are no two tables of labelled and of unlabelled clips",
                subject=str(source.path),
                remedy=f"Looked for {self.expects}",
            )
        labelled, unlabelled = _rows(found.labelled), _rows(found.unlabelled, labelled=False)
        both = labelled["path"].isin(set(unlabelled["path"]))
        rows = pd.concat([labelled[~both], unlabelled], ignore_index=True)
        notes = tuple(_notes(found, int(both.sum())))
        template = found.template.path if found.template else None
        return Listing(rows, source.root, notes=notes, template=template)


def _rows(table: _Table, *, labelled: bool = True) -> pd.DataFrame:
    rows = pd.DataFrame({name: table.cells[own] for name, own in table.columns.items()})
    if not labelled:
        rows["label"] = ""
    if "sentence" not in rows and "text" in rows:
        rows["sentence"] = rows["text"].str.casefold()
    return rows.assign(path=table.paths, id=table.ids, unlabelled=not labelled)


def _notes(found: _Tables, shared: int) -> list[str]:
    labelled, unlabelled = found.labelled.path.name, found.unlabelled.path.name
    notes = [f"{labelled} lists the labelled clips, {unlabelled} the unlabelled ones"]
    if found.template:
        notes.append(f"{found.template.path.name} is the template of the submission")
    if shared:
        notes.append(
            f"{count(shared, 'clip')} of {labelled} stand in {unlabelled}, too, and are taken as "
            "unlabelled only"
        )
    if found.left:
        notes.append(f"Not read: {', '.join(path.name for path in found.left)}")
    return notes


def _tables(source: CorpusSource) -> _Tables | None:
    """The tables of a competition; None where a part is missing."""
    if source.table:
        return None
    files = tables_in(source.root)
    tables = [table for path in files if (table := _opened(path))] if len(files) > 1 else []
    named = [table for table in tables if SUBMISSION in table.path.stem.casefold()]
    rest = [table for table in tables if table not in named and table.has_files]
    with_labels = [table for table in rest if table.has_labels]
    if not with_labels:
        return None
    labelled = max(with_labels, key=lambda table: len(table.cells))
    without = [table for table in rest if not table.has_labels and table.is_apart_from(labelled)]
    unlabelled = max(without, key=lambda table: len(table.cells), default=None)
    template = _template(named, [t for t in tables if t not in (labelled, unlabelled)], unlabelled)
    if unlabelled is None and template and template.has_files and template.is_apart_from(labelled):
        unlabelled = template
    if unlabelled is None:
        return None
    read = {labelled.path, unlabelled.path, template.path if template else None}
    return _Tables(labelled, unlabelled, template, tuple(f for f in files if f not in read))


def _template(
    named: list[_Table], others: list[_Table], unlabelled: _Table | None
) -> _Table | None:
    """The template: by its name, or by the ids of the unlabelled clips."""
    if named:
        originals = [t for t in named if any(word in t.path.stem.casefold() for word in ORIGINAL)]
        return (originals or named)[0]
    ids = set(unlabelled.ids) if unlabelled else set()
    return next((table for table in others if ids and set(table.ids) == ids), None)


def _opened(path: Path) -> _Table | None:
    """A table with a column of files; None for any other, or one that cannot be read."""
    columns = guess(header(path))
    if "path" not in columns:
        return None
    try:
        return _Table(path, read_table(path), columns)
    except CorpusError:
        return None  # the reader of single tables says what is wrong with it
