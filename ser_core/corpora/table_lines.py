"""Whether the lines of a table fall into cells as they were meant: commas and quotation marks."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

SEPARATORS = {"\t": "tab", ",": "comma", ";": "semicolon", "|": "bar"}
"""Signs between cells, with their names."""
_SWALLOWED = 0.7
"""Share of the lines of one row that each have as many cells as the header."""


@dataclass(frozen=True)
class Shape:
    """How the lines of a table fall into cells.

    Attributes:
        fault: Why they cannot be meant so, with the number of the line; empty where they can.
        remedy: What to do about it.
        even: Whether every row has as many cells as the header.
        numbered: Whether every row has its number in front, for which the header has no name.
    """

    fault: str = ""
    remedy: str = ""
    even: bool = False
    numbered: bool = False


def shape_of(lines: Iterable[str], sign: str, *, quoting: bool, skipped: int = 0) -> Shape:
    """Shape of the lines of a table, the header first, each with its line end.

    Rows that all end in one more separator lose nothing, and neither do rows without a cell. Rows
    with fewer cells than the header are those of programs that leave out empty cells at the end.

    Args:
        lines: Of the table.
        sign: Between its cells.
        quoting: Whether quotation marks hold cells together.
        skipped: Lines above these, which count in the numbers of lines.
    """
    width, rows, even = 0, 0, True
    longer: list[tuple[int, list[str]]] = []
    for number, own, cells in _rows(lines, sign, quoting=quoting):
        first = number + skipped
        if quoting and _is_swallowed(own, sign, width, cells):
            return _unclosed(first, first + len(own) - 1)
        if not width:
            width = len(cells)
            continue
        if not any(cell.strip() for cell in cells):
            continue
        rows += 1
        even = even and len(cells) == width
        if len(cells) > width:
            longer.append((first, cells))
    return _judged(longer, width, rows, sign) if longer else Shape(even=even)


def _judged(longer: list[tuple[int, list[str]]], width: int, rows: int, sign: str) -> Shape:
    """Shape of a table with rows that have more cells than its header."""
    if len(longer) == rows and len({len(cells) for _, cells in longer}) == 1:
        if not any(cell.strip() for _, cells in longer for cell in cells[width:]):
            return Shape()
        numbers = {cells[0].strip(' "') for _, cells in longer if len(cells) == width + 1}
        if len(numbers) == rows and all(number.isdecimal() for number in numbers):
            return Shape(numbered=True)
    line, cells = longer[0]
    name = SEPARATORS[sign]
    return Shape(
        f"line {line} has {len(cells)} cells where the header has {width}, so a {name} in one of "
        "its cells is taken for the end of it",
        f'Put the text with the {name} into quotation marks, as "a{sign} b"'
        if sign != "\t"
        else "Take the tab out of the text, or put the text into quotation marks",
    )


def _rows(
    lines: Iterable[str], sign: str, *, quoting: bool
) -> Iterator[tuple[int, list[str], list[str]]]:
    """Number of the first line, lines and cells of every row that is not empty."""
    own: list[str] = []

    def read() -> Iterator[str]:
        for line in lines:
            own.append(line)
            yield line

    rows = (
        csv.reader(read(), delimiter=sign)
        if quoting
        else csv.reader(read(), delimiter=sign, quoting=csv.QUOTE_NONE)
    )
    first = 1
    while True:
        try:
            cells = next(rows, None)
        except csv.Error:  # a cell of more than 128 kB
            cells = own
        if cells is None:
            return
        if cells:
            yield first, own, cells
        first += len(own)
        own.clear()


def _is_swallowed(own: list[str], sign: str, width: int, cells: list[str]) -> bool:
    """Whether the lines of one row are rows themselves, that a stray quotation mark joined."""
    if len(own) == 1 and own[0].count('"') % 2 == 0:
        return False
    if cells is own:
        return True
    if len(own) > 1 and width > 1:
        alike = sum(line.count(sign) == width - 1 for line in own)
        if alike > _SWALLOWED * len(own):
            return True
    try:
        list(csv.reader(own, delimiter=sign, strict=True))
    except csv.Error:  # what follows the closing mark is neither a separator nor the line's end
        return True
    return False


def _unclosed(first: int, last: int) -> Shape:
    if last > first:
        fault = f"a quotation mark in line {first} makes one row of it and of all up to line {last}"
    else:
        fault = f"a quotation mark in line {first} is not closed"
    return Shape(
        fault,
        "Take the mark away, or put the whole text into quotation marks and double those within it",
    )


def bare(cell: str) -> str:
    r"""A cell without the quotation marks around it, as in tables of R.

    >>> bare('"so"'), bare('"hi" or "ho"'), bare(r'"a \"b\" c"')
    ('so', '"hi" or "ho"', 'a "b" c')
    """
    if len(cell) < 2 or not (cell.startswith('"') and cell.endswith('"')):
        return cell
    inner = cell[1:-1]
    for doubled in ('""', r"\""):
        if '"' not in inner.replace(doubled, ""):
            return inner.replace(doubled, '"')
    return cell
