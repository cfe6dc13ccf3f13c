"""Files and folders that are either whole or absent, whoever reads them and whenever."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

from ser_core.core import SerError


def write(path: Path, content: bytes | str) -> None:
    """Write a file in one step: a reader sees the old content or the new, never a part.

    The folder is made when it is missing. Text is UTF-8.

    Raises:
        SerError: If it cannot be written (a full disk, no rights). What was there stays.
    """
    data = content.encode() if isinstance(content, str) else content
    temporary = _beside(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_bytes(data)
        os.replace(temporary, path)  # noqa: PTH105  (the point of it all, by its POSIX name)
    except OSError as error:
        with contextlib.suppress(OSError):  # a folder that is a file has nothing to take away
            temporary.unlink(missing_ok=True)
        raise SerError(
            f"cannot be written ({error.strerror})",
            subject=str(path),
            remedy="Free some space, or choose a folder that you may write to",
        ) from error


@contextlib.contextmanager
def folder(path: Path, kind: type[SerError] = SerError) -> Iterator[Path]:
    """Write a folder in one step: it appears whole or not at all, and replaces an older one.

    Yields a new folder beside the place; it takes the place when the block ends. An older folder
    is moved aside before, deleted after, and moved back if the new one cannot take its place. If
    the block raises, the new folder is deleted and the older one is as it was.

    Args:
        path: The place. Missing folders above it are made.
        kind: Of the error.

    Raises:
        SerError: Of that kind, if the folder or something in it cannot be written. Errors of the
            block are raised as such, with the place for the name of the new folder.
    """
    place = path.resolve()  # what a link names is replaced, not the link
    temporary = _beside(place)
    try:
        if place.exists() and not place.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
        temporary.mkdir(parents=True)
        yield temporary
        _take_place(temporary, place)
    except (OSError, SerError) as error:
        problem, remedy = f"cannot be written ({error})", ""
        if isinstance(error, SerError):
            problem, remedy = error.problem, error.remedy
        elif error.strerror:
            problem = f"cannot be written ({error.strerror})"
        remedy = remedy or "Free some space, or choose another folder"
        raise kind(problem, subject=str(path), remedy=remedy) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)  # absent when it has taken the place


def _take_place(new: Path, place: Path) -> None:
    """Rename a folder to a place that may be taken; if that fails, the place is as it was."""
    if not place.exists():
        new.rename(place)
        return
    old = _beside(place)
    place.rename(old)
    try:
        new.rename(place)
    except OSError:
        old.rename(place)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _beside(path: Path) -> Path:
    """A hidden name in the same folder, that nobody else has."""
    return path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}")
