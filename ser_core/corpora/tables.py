"""CSV and TSV tables as people save them: BOM, CRLF, blanks around values, any separator."""

from __future__ import annotations

import csv
import warnings
from collections.abc import Iterable, Sequence
from pathlib import Path

import pandas as pd

from ser_core.core import CorpusError, did_you_mean, files

_SEPARATORS = "\t,;|"
_IDS = ("id", "fileid", "clipid", "sampleid", "audioid", "uid", "idx")


def read_table(path: Path, *, required: Iterable[str] = ()) -> pd.DataFrame:
    """Table of stripped strings; an empty cell is an empty string.

    Raises:
        CorpusError: If the file is missing, not UTF-8, not a table, or lacks a required column.
    """
    try:
        table = _parse(path, separator(path))
    except (ValueError, OSError) as error:  # pandas' parser errors are ValueErrors
        raise unreadable(path, error) from error
    table.columns = table.columns.str.strip()
    table = table.loc[:, ~table.columns.duplicated()]
    stripped: pd.DataFrame = table.fillna("").apply(lambda column: column.str.strip())
    _require(path, stripped.columns, required)
    return stripped


def _parse(path: Path, sign: str, rows: int | None = None) -> pd.DataFrame:
    files.regular(path, files.TABLE)
    with warnings.catch_warnings():
        # A warning about a separator at the end of every line, which loses nothing.
        warnings.simplefilter("ignore", pd.errors.ParserWarning)
        return pd.read_csv(
            path,
            sep=sign,
            dtype=str,
            keep_default_na=False,
            encoding="utf-8-sig",
            # Tab-separated text is written without quoting, so a quotation mark is just that.
            quoting=csv.QUOTE_NONE if sign == "\t" else csv.QUOTE_MINIMAL,
            index_col=False,
            nrows=rows,
        )


def header(path: Path) -> list[str]:
    """Names of the columns; empty when there is no readable table."""
    try:
        return [str(name).strip() for name in _parse(path, separator(path), rows=0).columns]
    except (CorpusError, ValueError, OSError):
        return []


def separator(path: Path) -> str:
    """What separates the cells of a table: the likeliest sign of its first line."""
    line = _first_line(path)
    return max(_SEPARATORS, key=line.count)


def _first_line(path: Path) -> str:
    try:
        files.regular(path, files.TABLE)
        with path.open(encoding="utf-8-sig", newline=None) as file:
            # A table with a first line of 64 kB is none; a binary file may have no line end at all.
            return file.readline(65_536).rstrip("\n")
    except (OSError, UnicodeError) as error:
        raise unreadable(path, error) from error


def unreadable(path: Path, error: Exception) -> CorpusError:
    """The error for a table that could not be read, by what stood in the way."""
    if isinstance(error, FileNotFoundError):
        return CorpusError("there is no such table", subject=str(path), remedy="Check the path")
    if isinstance(error, UnicodeError):
        remedy = "Save it as UTF-8"
        return CorpusError("the table is not UTF-8 text", subject=str(path), remedy=remedy)
    reason = getattr(error, "strerror", None) or str(error)
    problem = f"the table cannot be read ({' '.join(reason.split())})"
    return CorpusError(problem, subject=str(path), remedy="Repair the line, or save it again")


def _require(path: Path, columns: Iterable[str], required: Iterable[str]) -> None:
    columns = list(columns)
    missing = next((name for name in required if name not in columns), None)
    if missing is not None:
        raise CorpusError(
            f"the table has no column {missing!r}",
            subject=str(path),
            remedy=did_you_mean(missing, columns),
        )


def id_column(columns: Sequence[str]) -> str:
    """The column of ids of a table that has one: by its usual names, else the first.

    >>> id_column(["path", "ID"]), id_column(["file", "label"])
    ('ID', 'file')
    """
    plain = {"".join(filter(str.isalnum, name.casefold())): name for name in reversed(columns)}
    return next((plain[name] for name in _IDS if name in plain), columns[0])
