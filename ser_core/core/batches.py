"""Batches in which one bad item costs its own row and no other."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import TypeVar

from ser_core.core.system_errors import told

Item = TypeVar("Item")
Result = TypeVar("Result")

_LOG = logging.getLogger(__name__)


def spared(
    work: Callable[[Sequence[Item]], Iterable[Result]], items: Sequence[Item]
) -> tuple[dict[int, Result], dict[int, str]]:
    """Do the work on all items at once, and where that fails on each half, down to one item.

    Args:
        work: From items to one result each, in their order. It is repeated on items beside one
            that fails.
        items: To work on.

    Returns:
        Results by the number of the item, and by number why there is none, as `reason` says it.
    """
    found: dict[int, Result] = {}
    refused: dict[int, str] = {}
    pending = [range(len(items))] if items else []
    while pending:
        rows = pending.pop()
        half = len(rows) // 2
        results, error = _tried(partial(_listed, work, [items[row] for row in rows]))
        if error is None:
            found |= zip(rows, results or [], strict=True)
        elif half:
            pending += [rows[half:], rows[:half]]
        else:
            refused[rows[0]] = reason(error)
    return found, refused


def _listed(
    work: Callable[[Sequence[Item]], Iterable[Result]], items: Sequence[Item]
) -> list[Result]:
    return list(work(items))


def attempted(call: Callable[[], Result]) -> tuple[Result | None, str]:
    """What a call gives, or None and why it gave nothing, as `reason` says it."""
    result, error = _tried(call)
    return result, "" if error is None else reason(error)


def _tried(call: Callable[[], Result]) -> tuple[Result | None, Exception | None]:
    try:
        return call(), None
    except Exception as error:  # noqa: BLE001 - the row says which, and the log has a bug's traceback
        return None, error


def reason(error: Exception) -> str:
    """Why an item has no result, for its row: the name of the item is in the row already.

    What was not raised on purpose is a bug; the log then has the traceback.

    >>> from ser_core.core import SerError
    >>> reason(SerError("is silent", subject="a.wav", remedy="Check the microphone"))
    'is silent. Check the microphone'
    """
    known = told(error)
    if known is not None:
        return f"{known.problem}. {known.remedy}".strip(" .")
    _LOG.error("an item of a batch failed", exc_info=error)
    said = (str(error).splitlines() or [""])[0]
    return f"failed unexpectedly ({type(error).__name__}{': ' if said else ''}{said:.200})"
