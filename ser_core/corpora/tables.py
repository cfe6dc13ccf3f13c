"""CSV and TSV tables as people save them: BOM, CRLF, blanks around values, any separator."""

from __future__ import annotations

import codecs
import csv
import re
import warnings
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from ser_core.core import CorpusError, did_you_mean, files
from ser_core.corpora.table_lines import SEPARATORS, Shape, bare, shape_of

_SEP = re.compile(r'"?sep=([\t,;|])"?', re.IGNORECASE)
_IDS = ("id", "fileid", "clipid", "sampleid", "audioid", "uid", "idx")


def read_table(path: Path, *, required: Iterable[str] = (), encoding: str = "") -> pd.DataFrame:
    """Table of stripped strings; an empty cell is an empty string.

    Args:
        path: The table.
        required: Columns it must have.
        encoding: Of its text, as Python names it; found out when empty (`encoding_of`).

    Raises:
        CorpusError: If the file is missing, in an unknown encoding, not a table, or lacks a
            required column.
    """
    try:
        way = _way(path, encoding)
        shape = _shape(path, way)
        if shape.fault:
            way, shape = _other_way(path, way, shape)
        table = _parse(path, way, numbered=shape.numbered)
    except (ValueError, OSError) as error:  # pandas' parser errors are ValueErrors
        raise unreadable(path, error) from error
    table.columns = table.columns.str.strip()
    table = table.loc[:, ~table.columns.duplicated()]
    stripped: pd.DataFrame = table.fillna("").apply(lambda column: column.str.strip())
    if not way.quoting:
        stripped = stripped.apply(lambda column: column.map(bare)).rename(columns=bare)
    _require(path, stripped.columns, required)
    return stripped


class _Way(NamedTuple):
    """How a table is read."""

    encoding: str
    sign: str
    quoting: bool
    skipped: int
    """Lines above the header: that of Excel, which names the separator."""


def _way(path: Path, encoding: str) -> _Way:
    """The likeliest way: tab-separated text is mostly written without quoting."""
    sign = separator(path, encoding)
    above = bool(_SEP.fullmatch(_first_line(path, encoding)))
    return _Way(encoding or encoding_of(path), sign, quoting=sign != "\t", skipped=int(above))


def _shape(path: Path, way: _Way) -> Shape:
    with files.regular(path, files.TABLE).open(encoding=way.encoding, newline="") as file:
        for _ in range(way.skipped):
            file.readline()
        return shape_of(file, way.sign, quoting=way.quoting, skipped=way.skipped)


def _other_way(path: Path, way: _Way, shape: Shape) -> tuple[_Way, Shape]:
    """With quoting in place of without, or the reverse, where each row is whole then.

    Raises:
        CorpusError: If it is not, with what is wrong with the first way.
    """
    other = way._replace(quoting=not way.quoting)
    found = _shape(path, other)
    if found.even:
        return other, found
    raise CorpusError(shape.fault, subject=str(path), remedy=shape.remedy)


def _parse(
    path: Path, way: _Way, rows: int | None = None, *, numbered: bool = False
) -> pd.DataFrame:
    files.regular(path, files.TABLE)
    with warnings.catch_warnings():
        # A warning about a separator at the end of every line, which loses nothing (`shape_of`).
        warnings.simplefilter("ignore", pd.errors.ParserWarning)
        table = pd.read_csv(
            path,
            sep=way.sign,
            dtype=str,
            keep_default_na=False,
            encoding=way.encoding,
            quoting=csv.QUOTE_MINIMAL if way.quoting else csv.QUOTE_NONE,
            index_col=None if numbered else False,
            nrows=rows,
            skiprows=way.skipped,
        )
    return table.reset_index(drop=True) if numbered else table


def header(path: Path, encoding: str = "") -> list[str]:
    """Names of the columns; empty when there is no readable table."""
    try:
        way = _way(path, encoding)
        try:
            found = _parse(path, way, rows=0)
        except ValueError:  # a quotation mark that is not closed
            found = _parse(path, way._replace(quoting=not way.quoting), rows=0)
        return [bare(str(name).strip()) for name in found.columns]
    except (CorpusError, ValueError, OSError):
        return []


def encoding_of(path: Path) -> str:
    """Encoding of a table: by its byte order mark, UTF-8, or Korean Windows (cp949).

    Of the encodings without a mark only Korean is guessed, and only where nearly all that is not
    ASCII reads as Hangul of KS X 1001, in runs, and mostly as common syllables: Chinese (gb18030)
    and western text reads as rare ones. Text in another encoding reads as something under any, and
    wrong labels are worse than none. The rest is left as UTF-8, so that reading it fails with the
    reason.
    """
    with files.regular(path, files.TABLE).open("rb") as file:
        start = file.read(_ENCODING_BYTES)
    for mark, name in _MARKS.items():
        if start.startswith(mark):
            return name
    whole = len(start) < _ENCODING_BYTES
    try:
        codecs.getincrementaldecoder("utf-8")().decode(start, final=whole)
    except UnicodeDecodeError:
        return "cp949" if _is_korean(start, whole=whole) else "utf-8-sig"
    return "utf-8-sig"


_ENCODING_BYTES = 1 << 18
_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_HANGUL = 0.9
"""Share of the signs beyond ASCII."""
_COMMON = 0.5
"""Share of the Hangul; of Korean sentences and words of emotions 75 % and more."""
_SYLLABLES = frozenset(
    "이다는가의에을를고하지은사한기아어로나도리자시인있그해서대거수스니보정들라부제요일과만게면장우오원"
    "전주상여러연세공구소안조비마말선생신경무동미방모치위때저야것없않같내네던데려와였했할분화중감남녀성"
    "별쁨행복슬픔노포혐놀람립평온발음문번호파름명령진짜랑계두려움년월르더너렇까잖습좋싫왜뭐알간국김박최홍영희철민준현었았겠먹밥"
)
_HANGUL_RUN = re.compile(r"[\uac00-\ud7a3]{2,}")


def _is_korean(start: bytes, *, whole: bool) -> bool:
    try:
        text = codecs.getincrementaldecoder("cp949")().decode(start, final=whole)
    except UnicodeError:
        return False
    foreign = sum(not sign.isascii() for sign in text)
    runs = _HANGUL_RUN.findall(text)
    hangul = [sign for sign in text if _is_hangul(sign)]
    common = sum(sign in _SYLLABLES for sign in hangul)
    return (
        len(hangul) >= _HANGUL * foreign
        and 2 * sum(map(len, runs)) >= len(hangul)
        and common >= _COMMON * len(hangul)
    )


def _is_hangul(sign: str) -> bool:
    """Whether it is a syllable of KS X 1001; those of Windows alone are half ASCII, and rare."""
    return "\uac00" <= sign <= "\ud7a3" and len(sign.encode("euc-kr")) == 2


def separator(path: Path, encoding: str = "") -> str:
    """What separates the cells of a table: the likeliest sign of its first line.

    Or the one that this line names, as Excel writes it: `sep=;`.
    """
    line = _first_line(path, encoding)
    said = _SEP.fullmatch(line)
    if said:
        return said[1]
    return max(SEPARATORS, key=line.count)


def _first_line(path: Path, encoding: str = "") -> str:
    try:
        files.regular(path, files.TABLE)
        with path.open(encoding=encoding or encoding_of(path), newline=None) as file:
            # A table with a first line of 64 kB is none; a binary file may have no line end at all.
            return file.readline(65_536).rstrip("\n")
    except (OSError, UnicodeError, LookupError) as error:
        raise unreadable(path, error) from error


def unreadable(path: Path, error: Exception) -> CorpusError:
    """The error for a table that could not be read, by what stood in the way."""
    if isinstance(error, FileNotFoundError):
        return CorpusError("there is no such table", subject=str(path), remedy="Check the path")
    if isinstance(error, LookupError):
        return CorpusError(
            f"there is no such encoding ({error})", subject=str(path), remedy="Try utf-16 or cp949"
        )
    if is_lfs_pointer(path):
        return lfs_pointer(path)
    if isinstance(error, UnicodeError):
        remedy = (
            "Save it as UTF-8, or name its encoding, as --option encoding=cp1252 "
            "(Western Europe; cp1250 Central Europe, cp1251 Cyrillic, mac_roman old Macs, cp949 "
            "Korean, gb18030 Chinese, cp932 Japanese)"
        )
        return CorpusError("the table is not UTF-8 text", subject=str(path), remedy=remedy)
    reason = getattr(error, "strerror", None) or str(error)
    problem = f"the table cannot be read ({' '.join(reason.split())})"
    return CorpusError(problem, subject=str(path), remedy="Repair the line, or save it again")


def is_lfs_pointer(path: Path) -> bool:
    """Whether a file is the small text that Git LFS leaves where the file was not fetched."""
    try:
        with files.regular(path, files.TABLE).open("rb") as file:
            return file.read(len(files.LFS_POINTER)) == files.LFS_POINTER
    except OSError:
        return False


def lfs_pointer(path: Path) -> CorpusError:
    """The error for such a file."""
    return CorpusError(files.LFS_PROBLEM, subject=str(path), remedy=files.LFS_REMEDY)


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
