"""Archives of arrays (npz), read only when what they unpack to is bounded."""

from __future__ import annotations

import io
import math
import struct
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ser_core.core import files

UNPACKED = 2**29
"""Most bytes of all arrays together. Zeros take next to nothing in the archive."""

_HEADERS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}


def read_npz(path: str | Path) -> dict[str, npt.NDArray[Any]]:
    """Arrays by name, not to be written to; nothing is unpickled.

    `np.load` takes as much memory as the header of an array asks for, and tells damage by many
    kinds of errors.

    Raises:
        OSError: As `ser_core.core.files.regular`.
        ValueError: If it is no such archive, is damaged, or would become too large.
    """
    content = files.read_bytes(path, files.WEIGHTS)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            size = sum(member.file_size for member in archive.infolist())
            if size > UNPACKED:
                raise ValueError(f"it unpacks to {size:,} bytes; up to {UNPACKED:,} are read")
            return {
                member.filename.removesuffix(".npy"): _array(archive.read(member))
                for member in archive.infolist()
            }
    except (
        zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, struct.error
    ) as error:  # fmt: skip  # what zipfile makes of damage
        raise ValueError(f"it is no archive of arrays, or is damaged ({error})") from error


def _array(content: bytes) -> npt.NDArray[Any]:
    """One array, whose bytes must be as many as its header says."""
    stream = io.BytesIO(content)
    version = np.lib.format.read_magic(stream)
    if version not in _HEADERS:
        raise ValueError(f"it has an array of version {version}")
    shape, by_columns, kind = _HEADERS[version](stream)
    rest = content[stream.tell() :]
    if kind.hasobject or min(shape, default=0) < 0 or len(rest) != math.prod(shape) * kind.itemsize:
        raise ValueError(f"it has an array of shape {shape!r:.60} and kind {kind!r:.60}")
    return np.ndarray(shape, kind, rest, order="F" if by_columns else "C")
