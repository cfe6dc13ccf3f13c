"""The file that keeps one array, and its key."""

from __future__ import annotations

import math
import mmap
import os
import re
import struct
import zlib
from dataclasses import dataclass
from typing import Any
from weakref import WeakSet

import numpy as np
import numpy.typing as npt

from ser_core.core import ParameterError, StoreError

Array = npt.NDArray[Any]

DTYPES: dict[str, np.dtype[Any]] = {"float16": np.dtype("<f2"), "float32": np.dtype("<f4")}
REPRESENTATION = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}")
_SHA256 = re.compile(r"[0-9a-f]{64}")

# A map keeps a file descriptor, of which a process has 1024 by default. Whoever holds more arrays
# than this at once gets the others as copies in memory.
MAX_MAPPED = 256


# magic and version, dimensions, checksum of the array and of the shape, then up to six sizes; the
# array follows at a multiple of 64 bytes.
_HEADER = struct.Struct("<8sI I6Q")
_MAGIC = b"SERFEAT1"
_MAX_DIMENSIONS = 6


@dataclass(frozen=True)
class Key:
    """What an entry was computed from, and how it is kept.

    Attributes:
        sha256: Of the samples, as `ser_core.audio.sha256` gives it.
        representation: Name and hash of the representation, joined by a dash
            ("mfcc-0123456789abcdef"); the hash must change with its parameters and its code.
        dtype: "float16" or "float32".

    Raises:
        ParameterError: If a part cannot be one.
    """

    sha256: str
    representation: str
    dtype: str = "float16"

    def __post_init__(self) -> None:
        rules = (
            (_SHA256.fullmatch(self.sha256), "sha256", "64 lowercase hexadecimal digits"),
            (
                REPRESENTATION.fullmatch(self.representation),
                "representation",
                "letters, digits, '_', '-' and '.', at most 100",
            ),
            (self.dtype in DTYPES, "dtype", " or ".join(DTYPES)),
        )
        for holds, field, rule in rules:
            if not holds:
                raise ParameterError(
                    f"{getattr(self, field)!r} is not possible", subject=field, remedy=f"Use {rule}"
                )


class NotAnEntryError(Exception):
    """The file is cut, damaged or something else."""


def to_dtype(array: npt.ArrayLike, key: Key) -> Array:
    """The array as the key keeps it, contiguous.

    Raises:
        StoreError: If a value is too large for the dtype.
    """
    try:
        with np.errstate(over="raise"):
            rounded: Array = np.ascontiguousarray(array, dtype=DTYPES[key.dtype])
    except FloatingPointError:
        raise StoreError(
            f"a value is too large for {key.dtype}",
            subject=key.representation,
            remedy="Keep this representation in float32",
        ) from None
    return rounded


def encode(array: npt.ArrayLike, key: Key) -> tuple[bytes, memoryview]:
    """Header and body of the file that keeps the array.

    Raises:
        StoreError: If a value is too large for the dtype.
        ParameterError: If the array has too many dimensions.
    """
    rounded = to_dtype(array, key)
    if rounded.ndim > _MAX_DIMENSIONS:
        raise ParameterError(
            f"{rounded.ndim} dimensions are too many",
            subject=key.representation,
            remedy=f"Keep at most {_MAX_DIMENSIONS}",
        )
    sizes = rounded.shape + (0,) * (_MAX_DIMENSIONS - rounded.ndim)
    bytes_: Any = rounded.reshape(-1).view(np.uint8)
    payload = memoryview(bytes_)
    checksum = _checksum(payload, rounded.ndim, sizes)
    return _HEADER.pack(_MAGIC, rounded.ndim, checksum, *sizes), payload


def _checksum(payload: memoryview, dimensions: int, sizes: tuple[int, ...]) -> int:
    return zlib.crc32(payload, zlib.crc32(struct.pack("<7Q", dimensions, *sizes)))


_mapped: WeakSet[mmap.mmap] = WeakSet()


def open_map(path: str) -> mmap.mmap:
    """The file, mapped for reading.

    Raises:
        NotAnEntryError: If it is empty.
        OSError: If it is absent or cannot be opened.
    """
    descriptor = os.open(path, os.O_RDONLY)
    try:
        return mmap.mmap(descriptor, 0, access=mmap.ACCESS_READ)
    except ValueError:  # an empty file cannot be mapped
        raise NotAnEntryError from None
    finally:
        os.close(descriptor)


def to_array(mapped: mmap.mmap, dtype: np.dtype[Any]) -> Array | None:
    """The array in the map if it is whole and unchanged."""
    if len(mapped) < _HEADER.size:
        return None
    magic, dimensions, checksum, *sizes = _HEADER.unpack_from(mapped)
    if magic != _MAGIC or dimensions > _MAX_DIMENSIONS:
        return None
    payload = memoryview(mapped)[_HEADER.size :]
    shape = tuple(sizes[:dimensions])
    if len(payload) != math.prod(shape) * dtype.itemsize:
        return None
    if _checksum(payload, dimensions, tuple(sizes)) != checksum:
        return None
    array = np.frombuffer(payload, dtype).reshape(shape)
    if len(_mapped) < MAX_MAPPED:
        _mapped.add(mapped)
        return array
    copy = array.copy()
    copy.flags.writeable = False
    return copy
