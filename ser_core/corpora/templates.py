"""The template of a submission: a table whose answers are to be filled in, and nothing else."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ser_core.core import CorpusError, files
from ser_core.corpora.tables import id_column, separator, unreadable

_MARK = "\ufeff"


@dataclass(frozen=True)
class Template:
    """A template, cell for cell as its file spells it.

    Attributes:
        path: Its file.
        header: Names of its columns.
        rows: Its cells, one tuple a row; every row has a cell for every column.
        separator: What separates cells.
        newline: What ends a line.
        marked: Whether the file begins with a byte order mark.
        quoted: Whether every cell stands in quotation marks.
    """

    path: Path
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    separator: str = ","
    newline: str = "\n"
    marked: bool = False
    quoted: bool = False

    @property
    def id_column(self) -> int:
        """Position of the column of ids."""
        return self.header.index(id_column(list(self.header)))

    @property
    def ids(self) -> list[str]:
        """Id of every row."""
        return [row[self.id_column].strip() for row in self.rows]

    def cells(self, column: int) -> list[str]:
        """Cells of a column, without blanks around them."""
        return [row[column].strip() for row in self.rows]

    def written(self, header: Sequence[str], rows: Sequence[Sequence[str]]) -> bytes:
        """A table in the form of this file: its separator, ends of lines, quotation marks."""
        text = io.StringIO()
        writer = csv.writer(
            text,
            delimiter=self.separator,
            lineterminator=self.newline,
            quoting=csv.QUOTE_ALL if self.quoted else csv.QUOTE_MINIMAL,
        )
        writer.writerow(header)
        writer.writerows(rows)
        return ((_MARK if self.marked else "") + text.getvalue()).encode()


def read_template(path: Path) -> Template:
    """Read a template.

    Raises:
        CorpusError: If the file is missing, not UTF-8, without rows, or has rows that do not fit
            its header.
    """
    try:
        text = files.read_bytes(path).decode("utf-8")
    except (OSError, UnicodeError) as error:
        raise unreadable(path, error) from error
    marked, text = text.startswith(_MARK), text.removeprefix(_MARK)
    own = separator(path)
    try:
        lines = [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=own) if row]
    except csv.Error as error:
        raise unreadable(path, error) from error
    if len(lines) < 2:
        raise CorpusError(
            "the template has no rows", subject=str(path), remedy="Give the competition's file"
        )
    header, *rows = (tuple(line) for line in lines)
    for number, row in enumerate(rows, start=2):
        if len(row) != len(header):
            raise CorpusError(
                f"row {number} has {len(row)} cells where the header has {len(header)}",
                subject=str(path),
                remedy="Repair the row",
            )
    newline = "\r\n" if "\r\n" in text else "\n"
    return Template(path, header, tuple(rows), own, newline, marked, text.startswith('"'))
