"""Opening files that somebody else may have made: regular ones of bounded size, and no others.

A pipe without a writer, a device such as `/dev/zero`, or a file without end would hold a program
up or fill its memory. Whatever is read from a path goes through `read_bytes`, `read_text`,
`read_json` or, where another library opens it, `regular`. All of them raise `OSError`, as opening a
file does, so that whoever reads says in its own words what could not be read.
"""

from __future__ import annotations

import errno
import json
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ser_core.core.errors import SerError

DESCRIPTION = 64 * 2**20
"""Bytes of the largest text that describes something: JSON, YAML, a card, a template."""

TABLE = 256 * 2**20
"""Bytes of the largest table: CSV or Parquet."""

WEIGHTS = 4 * 2**30
"""Bytes of the largest file of weights or arrays."""

LFS_POINTER = b"version https://git-lfs.github.com/spec/"
"""Beginning of the small text that Git LFS leaves in place of a file that was not fetched."""

LFS_PROBLEM = "a pointer of Git LFS, not the file itself"
LFS_REMEDY = "Fetch the files: git lfs pull"

MOST_FILES = 2_000_000
"""Files and folders below the largest folder that is looked through."""


def regular(path: str | Path, largest: int = DESCRIPTION) -> Path:
    """The path, once it is known to be a regular file of at most so many bytes.

    Args:
        path: What is to be opened; links are followed.
        largest: Bytes.

    Raises:
        OSError: If there is none, it is a folder, a pipe, a device or a socket, or it is larger.
            A path that no file can have is one, too: of too many letters, or with a null in it.
    """
    path = Path(path)
    try:
        _check(path.stat(), largest)
    except ValueError as error:
        raise OSError(errno.EINVAL, f"not a path: {error}") from error
    return path


def read_bytes(path: str | Path, largest: int = DESCRIPTION) -> bytes:
    """Content of a regular file of at most so many bytes.

    A file that is exchanged or grows meanwhile is noticed: what is read is what was opened, and no
    more than one byte beyond the bound.

    Raises:
        OSError: As `regular`.
    """
    regular(path, largest)
    # Without waiting: the path may have become a pipe since it was looked at.
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        _check(os.fstat(descriptor), largest)
        content = file.read(largest + 1)
    if len(content) > largest:
        raise _too_large(len(content), largest)
    return content


def read_text(path: str | Path, largest: int = DESCRIPTION) -> str:
    """Content of a regular file of UTF-8 text.

    Raises:
        OSError: As `regular`.
        UnicodeDecodeError: If it is not UTF-8.
    """
    text = read_bytes(path, largest).decode("utf-8")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def read_json(path: str | Path, largest: int = DESCRIPTION) -> Any:
    """What a file of JSON says.

    Raises:
        OSError: As `regular`.
        ValueError: If it is no JSON, or nested without end.
    """
    try:
        return json.loads(read_text(path, largest))
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def is_folder(path: str | Path) -> bool:
    r"""Whether there is a folder; False for what is no path at all, which `Path.is_dir` raises on.

    >>> is_folder("a" * 5_000), is_folder(Path("null\0"))
    (False, False)
    """
    return os.path.isdir(path)  # noqa: PTH112 - see above


def is_file(path: str | Path) -> bool:
    """Whether there is a regular file; False for what is no path at all."""
    return os.path.isfile(path)  # noqa: PTH113 - as `is_folder`


def walk(folder: str | Path) -> Iterator[tuple[str, list[str], list[str]]]:
    """As `os.walk`, through a folder of a bounded number of files; links are not followed.

    Raises:
        SerError: If there are more. A disk named by mistake is not read to its end.
    """
    seen = 0
    for place, folders, names in os.walk(folder):
        seen += len(folders) + len(names)
        if seen > MOST_FILES:
            raise SerError(
                f"holds more than {MOST_FILES:,} files",
                subject=shortened(folder),
                remedy="Choose the folder of the corpus or of the recordings itself",
            )
        yield place, folders, names


def shortened(path: str | Path, most: int = 300) -> str:
    """A path as an error names it: one of thousands of letters is cut."""
    text = str(path)
    return text if len(text) <= most else f"{text[:most]} …"


def _check(status: os.stat_result, largest: int) -> None:
    if stat.S_ISDIR(status.st_mode):
        raise IsADirectoryError(errno.EISDIR, "it is a folder, not a file")
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, "it is a pipe, a device or a socket, not a file")
    if status.st_size > largest:
        raise _too_large(status.st_size, largest)


def _too_large(size: int, largest: int) -> OSError:
    return OSError(errno.EFBIG, f"it has {size:,} bytes or more; up to {largest:,} are read")
