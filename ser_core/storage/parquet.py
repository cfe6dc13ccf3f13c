"""Parquet tables, read only when what they would become in memory is bounded."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ser_core.core import files

if TYPE_CHECKING:
    import pandas as pd

ROWS = 5_000_000
"""Most rows; 100,000 clips in 10 folds with 5 seeds of training."""

CELLS = 100_000_000
"""Most rows times columns. A compressed column of equal values takes next to nothing on disk."""

DECODED = 2 * 2**30
"""Most bytes of all columns, as the table itself says, before they are compressed."""


def read_parquet(path: str | Path) -> pd.DataFrame:
    """A table from a Parquet file.

    Raises:
        OSError: As `ser_core.core.files.regular`.
        ValueError: If it is no Parquet, or would become too large.
    """
    import pandas as pd
    from pyarrow import parquet

    file = files.regular(path, files.TABLE)
    try:
        about = parquet.ParquetFile(file).metadata  # type: ignore[no-untyped-call]
        size = sum(
            about.row_group(number).total_byte_size for number in range(about.num_row_groups)
        )
        cells = about.num_rows * max(1, about.num_columns)
        if about.num_rows > ROWS or cells > CELLS or size > DECODED:
            raise ValueError(
                f"a table of {about.num_rows:,} rows, {about.num_columns:,} columns and {size:,} "
                f"bytes; up to {ROWS:,} rows, {CELLS:,} cells and {DECODED:,} bytes are read"
            )
        return pd.read_parquet(file)
    except Exception as error:  # damage, of which pyarrow and pandas make every kind of error
        raise ValueError(str(error) or type(error).__name__) from error
