"""The template of a submission: a table whose answers are to be filled in, and nothing else."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ser_core.core import CorpusError, files
from ser_core.corpora.tables import encoding_of, id_column, separator, unreadable


@dataclass(frozen=True)
class Template:
    """A template, cell for cell as its file spells it.

    Attributes:
        path: Its file.
        header: Names of its columns.
        rows: Its cells, one tuple a row; every row has a cell for every column.
        separator: What separates cells.
        newline: What ends a line.
        quoted: Whether every cell stands in quotation marks.
        encoding: Of its text, as Python names it; one with a mark ("utf-8-sig") where it has one.
    """

    path: Path
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    separator: str = ","
    newline: str = "\n"
    quoted: bool = False
    encoding: str = "utf-8"

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
        """A table in the form of this file: encoding, separator, ends of lines, quotation marks.

        Raises:
            CorpusError: If the encoding of the file has no sign for what is to be written.
        """
        text = io.StringIO()
        writer = csv.writer(
            text,
            delimiter=self.separator,
            lineterminator=self.newline,
            quoting=csv.QUOTE_ALL if self.quoted else csv.QUOTE_MINIMAL,
        )
        writer.writerow(header)
        writer.writerows(rows)
        try:
            return text.getvalue().encode(self.encoding)
        except UnicodeEncodeError as error:
            raise CorpusError(
                f"{error.object[error.start : error.end]!r} cannot be written in the encoding of "
                f"the template, {self.encoding}",
                subject=str(self.path),
                remedy="Save the template as UTF-8",
            ) from error


def read_template(path: Path) -> Template:
    """Read a template, in any encoding in which a table is read (`tables.encoding_of`).

    Raises:
        CorpusError: If the file is missing, in an unknown encoding, without rows, or has rows that
            do not fit its header.
    """
    try:
        encoding = encoding_of(path)
        content = files.read_bytes(path)
        text = content.decode(encoding)  # which takes the mark away
    except (OSError, UnicodeError) as error:
        raise unreadable(path, error) from error
    # Python writes the mark of UTF-16 and UTF-32 by itself; of UTF-8 by this name alone.
    if encoding == "utf-8-sig" and not content.startswith(codecs.BOM_UTF8):
        encoding = "utf-8"
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
    quoted = text.startswith('"')
    return Template(path, header, tuple(rows), own, newline, quoted, encoding)
