"""Archives of arrays: what is sound comes back; all else is refused before it takes memory."""

from __future__ import annotations

import io
import zipfile

import numpy as np
import pytest

from ser_core.storage import npz
from ser_core.storage.npz import read_npz

ARRAYS = {
    "a/b": np.arange(6, dtype=np.float32).reshape(2, 3),
    "columns": np.asfortranarray(np.arange(6).reshape(2, 3)),
    "text": np.array("é and more"),
    "none": np.zeros((0, 4)),
}


def packed(**arrays) -> bytes:
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)
    return file.getvalue()


def with_member(content: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("a.npy", content)
    return file.getvalue()


def header(shape, kind="<f4") -> bytes:
    file = io.BytesIO()
    about = {"descr": kind, "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(file, about)
    return file.getvalue()


def test_what_numpy_writes_comes_back(tmp_path):
    (tmp_path / "a.npz").write_bytes(packed(**ARRAYS))
    found = read_npz(tmp_path / "a.npz")
    assert found.keys() == ARRAYS.keys()
    for name, values in ARRAYS.items():
        np.testing.assert_array_equal(found[name], values)
        assert found[name].dtype == values.dtype


def flipped(after: bytes, place: int) -> bytes:
    """An archive with a byte turned, so far behind the last of these."""
    content = bytearray(packed(a=np.arange(500)))
    content[content.rindex(after) + place] ^= 0xFF
    return bytes(content)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"PK",
        packed(**ARRAYS)[:-30],
        flipped(b"PK\3\4", 60),  # of the deflated bytes
        flipped(b"PK\1\2", 10),  # of the method of compression
        with_member(b"no array"),
        with_member(b"\x93NUMPY\x09\x00" + bytes(40)),
        with_member(header((10**12,))),  # np.load would ask for 4 TB
        with_member(header((-1, -1)) + bytes(4)),
        with_member(header((1,), "|O") + bytes(8)),
        with_member(header((3,)) + bytes(11)),
    ],
)
def test_what_is_damaged_or_lies_about_its_size_is_refused(tmp_path, content):
    (tmp_path / "a.npz").write_bytes(content)
    with pytest.raises(ValueError):
        read_npz(tmp_path / "a.npz")


def test_an_archive_that_unpacks_to_much_is_refused_before_it_is_unpacked(tmp_path, monkeypatch):
    content = packed(a=np.zeros(300_000, np.int8))
    assert len(content) < 1_000
    (tmp_path / "a.npz").write_bytes(content)
    assert read_npz(tmp_path / "a.npz")["a"].size == 300_000
    monkeypatch.setattr(npz, "UNPACKED", 200_000)
    with pytest.raises(ValueError, match="unpacks to 300,128 bytes"):
        read_npz(tmp_path / "a.npz")
