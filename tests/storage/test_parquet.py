"""Parquet tables are read when what they become in memory is bounded."""

from __future__ import annotations

import json
import os

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import parquet as pq

from ser_core.storage import parquet
from ser_core.storage.parquet import read_parquet


def test_a_table_comes_back(tmp_path):
    table = pd.DataFrame({"a": [1, 2], "b": ["ż", None]})
    table.to_parquet(tmp_path / "t.parquet")
    pd.testing.assert_frame_equal(read_parquet(tmp_path / "t.parquet"), table)


def test_a_bomb_is_not_unpacked(tmp_path):
    path = tmp_path / "bomb.parquet"
    rows = parquet.ROWS + 1
    pd.DataFrame({"a": np.zeros(rows, np.int8)}).to_parquet(path, compression="zstd")
    assert path.stat().st_size < rows / 100
    with pytest.raises(ValueError, match="a table of 5,000,001 rows"):
        read_parquet(path)


@pytest.mark.parametrize(("name", "bound"), [("CELLS", 19), ("DECODED", 10)])
def test_cells_and_bytes_are_bounded_too(tmp_path, monkeypatch, name, bound):
    pd.DataFrame(np.random.default_rng(0).random((4, 5)), columns=list("abcde")).to_parquet(
        tmp_path / "t.parquet"
    )
    read_parquet(tmp_path / "t.parquet")
    monkeypatch.setattr(parquet, name, bound)
    with pytest.raises(ValueError, match="a table of 4 rows, 5 columns"):
        read_parquet(tmp_path / "t.parquet")


@pytest.mark.parametrize("content", [b"", b"PAR1", b"PAR1" + bytes(50) + b"PAR1", b"text"])
def test_what_is_no_parquet_is_a_value_error(tmp_path, content):
    (tmp_path / "t.parquet").write_bytes(content)
    with pytest.raises(ValueError):
        read_parquet(tmp_path / "t.parquet")


@pytest.mark.parametrize(
    "notes",
    [
        {"column_indexes": [{"pandas_type": "um)code", "name": None, "numpy_type": "object"}]},
        {"column_indexes": 3},
        {"index_columns": [{"kind": "range"}]},
        [],
    ],
)
def test_notes_of_pandas_that_make_no_sense_are_a_value_error(tmp_path, notes):
    """The first was found by fuzzing (tests/fuzz/with_atheris.py) as a `TypeError`."""
    table = pa.Table.from_pandas(pd.DataFrame({"a": [1, 2]}))
    own = json.loads(table.schema.metadata[b"pandas"])
    changed = {**own, **notes} if isinstance(notes, dict) else notes
    table = table.replace_schema_metadata({b"pandas": json.dumps(changed).encode()})
    pq.write_table(table, tmp_path / "t.parquet")
    with pytest.raises(ValueError):
        read_parquet(tmp_path / "t.parquet")


def test_a_pipe_is_refused(tmp_path):
    os.mkfifo(tmp_path / "t.parquet")
    with pytest.raises(OSError, match="a pipe"):
        read_parquet(tmp_path / "t.parquet")
