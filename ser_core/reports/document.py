"""A report before it has a form: headings, text, tables, pictures and code, one after another.

Every text in a block is plain text: names of runs, speakers and corpora are other people's, and
whoever gives the report a form (`html`, `pdf`) escapes all of it.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field

from ser_core.plots.publication_results import Format

LONGEST = 600
"""Characters of a name or a cell; what is longer is cut."""

_DIRECTION = {*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F, 0x061C}
"""Signs that turn the direction of the text around them: a name with one could hide a number."""


@dataclass(frozen=True)
class Heading:
    """A heading; level 2 begins a section, 3 stands within one."""

    text: str
    level: int = 2


@dataclass(frozen=True)
class Text:
    """A paragraph. Its kind is "plain", "note" (small), "badge" or "warning"."""

    text: str
    kind: str = "plain"


@dataclass(frozen=True)
class Items:
    """A list of points."""

    items: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """A table.

    Attributes:
        columns: Titles.
        rows: Cells as text, as many in each row as there are columns.
        note: What the figures rest on: their badge and the method of the intervals.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""


@dataclass(frozen=True)
class Picture:
    """A figure, drawn in the format that is asked for.

    Attributes:
        draw: Gives the file of a format.
        alt: What it shows, for those who do not see it.
    """

    draw: Callable[[Format], bytes]
    alt: str


@dataclass(frozen=True)
class Code:
    """Lines to be copied as they are: a recipe, a command."""

    text: str


Block = Heading | Text | Items | Table | Picture | Code


@dataclass(frozen=True)
class Document:
    """A report.

    Attributes:
        title: Of the whole.
        blocks: Its content, in order.
        made: Who made it and when, for the foot of the page.
    """

    title: str
    blocks: tuple[Block, ...]
    made: str = field(default="")


def clean(text: object, longest: int = LONGEST) -> str:
    r"""One line of text that hides nothing: without control signs, not longer than `longest`.

    >>> clean("a\x00b\u202ec\nd"), clean("abcdef", longest=4)
    ('abc d', 'abc…')
    """
    one_line = " ".join(str(text).split())
    shown = "".join(sign for sign in one_line if _is_shown(sign))
    return shown if len(shown) <= longest else f"{shown[: longest - 1]}…"


def clean_lines(text: str) -> str:
    """Lines of code that hide nothing, line by line as they were."""
    return "\n".join(
        "".join(sign for sign in line.expandtabs(4) if _is_shown(sign))
        for line in text.rstrip().splitlines()
    )


def _is_shown(sign: str) -> bool:
    return unicodedata.category(sign) not in ("Cc", "Cs") and ord(sign) not in _DIRECTION
