"""Files and folders that are either whole or absent, whoever reads them and whenever."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import shutil
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

from ser_core.core import SerError

STALE = 2 * 86_400.0
"""Seconds after which a file or folder that never took its place is one of a writer that died."""

MOVING = 60.0
"""Seconds within which a folder that was moved aside may still be replaced."""

_ASIDE = ".old"
_LEFT = re.compile(r"\.(?P<name>.+)\.[0-9a-f]{8}(?P<aside>\.old)?")


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
    old = _beside(place, _ASIDE)
    place.rename(old)
    try:
        new.rename(place)
    except OSError:
        old.rename(place)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _beside(path: Path, ending: str = "") -> Path:
    """A hidden name in the same folder, that nobody else has."""
    return path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}{ending}")


def sweep(root: Path) -> list[Path]:
    """Clear away what writers that were killed have left in a folder and all below it.

    A new file or folder that never took its place is deleted once it is `STALE` seconds old. An
    older folder that was moved aside for a new one which never came is moved back: it is all there
    is of it.

    Returns:
        The places that were given back, and what was deleted.
    """
    done: list[Path] = []
    for folder, below, names in os.walk(root):
        for name in (*below, *names):
            left = _LEFT.fullmatch(name)
            if left:
                path = Path(folder, name)
                with contextlib.suppress(OSError):  # another process sweeps too
                    done += _cleared(path, path.with_name(left["name"]), left["aside"] is not None)
        below[:] = [name for name in below if not _LEFT.fullmatch(name)]
    return done


def _cleared(path: Path, place: Path, aside: bool) -> list[Path]:
    """Move one leftover back or delete it, if it is old enough that nobody works on it."""
    age = time.time() - path.lstat().st_ctime  # set by renaming, too
    if aside and not os.path.lexists(place):
        if age < MOVING:
            return []
        path.rename(place)
        return [place]
    if age < STALE:
        return []
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()
    return [path]
