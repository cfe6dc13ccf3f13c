"""Rows of a table that is still being made: kept on disk until the whole table is written."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from ser_core.core import SerError

if TYPE_CHECKING:
    import pandas as pd

ENDING = ".partial"
"""Added to the name of a table for the file of the rows that are done."""


@contextlib.contextmanager
def kept_rows(place: Path | None) -> Iterator[Callable[[pd.DataFrame], None]]:
    """Keep rows beside the place of a table while it is made.

    Each call appends to `PLACE.partial`, so that what was done outlives a crash and a kill. When
    the block ends, the table itself has been written and the file is deleted; when it raises, the
    file stays. A file of an earlier attempt is replaced.

    Args:
        place: Of the table; None keeps nothing.

    Raises:
        SerError: If a row cannot be written.
    """
    if place is None:
        yield lambda _: None
        return
    partial = place.with_name(place.name + ENDING)
    first = True

    def keep(rows: pd.DataFrame) -> None:
        nonlocal first
        try:
            if first:
                partial.parent.mkdir(parents=True, exist_ok=True)
            rows.to_csv(partial, mode="w" if first else "a", header=first, index=False)
        except OSError as error:
            raise SerError(
                f"cannot be written ({error.strerror})",
                subject=str(partial),
                remedy="Free some space, or choose a folder that you may write to",
            ) from error
        first = False

    yield keep
    partial.unlink(missing_ok=True)
