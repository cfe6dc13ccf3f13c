"""Tables of pages."""

from __future__ import annotations

from typing import Literal


def height(rows: int, most: int) -> int | Literal["content"]:
    """Height of a table of so many rows that is at most so many pixels high."""
    return "content" if 35 * rows + 40 <= most else most
