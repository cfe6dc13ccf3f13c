"""The store: a folder of entries that many processes read and fill."""

from __future__ import annotations

import contextlib
import errno
import os
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ser_core.core import StoreError, did_you_mean
from ser_core.core.settings import home
from ser_core.storage.feature_store.entry import (
    DTYPES,
    REPRESENTATION,
    NotAnEntryError,
    encode,
    open_map,
    to_array,
    to_dtype,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    import numpy.typing as npt

    from ser_core.storage.feature_store.entry import Array, Key

SUFFIX = ".features"
INCOMING = ".incoming"
STALE_SECONDS = 3600.0


@dataclass(frozen=True)
class Usage:
    """What is in the store, or in one representation of it.

    Attributes:
        entries: Number of arrays.
        bytes: Their size on disk.
        by_representation: The same for each, by the name of its folder; empty inside a part.
    """

    entries: int
    bytes: int
    by_representation: dict[str, Usage]


class FeatureStore:
    """Arrays by (sha256 of the samples, representation, dtype).

    Args:
        root: Folder of the store, made when something is put; `cache/features` in the runtime
            folder when not given.
    """

    def __init__(self, root: Path | None = None) -> None:
        self.root = Path(root or home() / "cache" / "features")
        self._swept = False

    def get(self, key: Key) -> Array | None:
        """The array, read-only and memory-mapped; None when it is absent, cut or damaged.

        Raises:
            StoreError: If the store may not be read.
        """
        try:
            mapped = open_map(self._name(key))
        except (FileNotFoundError, NotAnEntryError):
            return None
        except OSError as error:
            raise _store_error("cannot be read", self.root, error) from error
        return to_array(mapped, DTYPES[key.dtype])

    def put(self, key: Key, array: npt.ArrayLike) -> None:
        """Keep the array, replacing what is there.

        Raises:
            StoreError: If the disk is full or may not be written to, or a value is too large for
                the dtype. Nothing is left behind.
        """
        content = encode(array, key)
        try:
            self._write(content, self._path(key))
        except OSError as error:
            raise _store_error("cannot be written", self.root, error) from error

    def get_or_compute(self, key: Key, compute: Callable[[], npt.ArrayLike]) -> Array:
        """The array of the key; computed and kept when it is not there.

        Returns:
            What a later `get` gives: rounded to the dtype of the key.

        Raises:
            StoreError: As for `get` and `put`.
        """
        found = self.get(key)
        if found is not None:
            return found
        array = np.asarray(compute())
        self.put(key, array)
        return to_dtype(array, key)

    def size(self) -> Usage:
        """What is in the store now."""
        return _total(self._folders())

    def clear(self, representation: str | None = None) -> Usage:
        """Delete entries, all or those of one representation; return what was deleted.

        Args:
            representation: Name of a representation, with its hash or for all hashes.

        Raises:
            StoreError: If the store has no such representation or may not be changed.
        """
        chosen = self._chosen(representation)
        deleted = _total(chosen)
        try:
            for folder in chosen:
                _delete(folder)
        except OSError as error:
            raise _store_error("cannot be cleared", self.root, error) from error
        self._sweep()
        return deleted

    def forget(self, sha256: str) -> int:
        """Delete all that was computed from one sound; return how many entries that were.

        Args:
            sha256: Of its samples, as `ser_core.audio.sha256` gives it.

        Raises:
            StoreError: If the store may not be changed.
        """
        chosen = [path for each in self._folders() for path in each.glob(f"{sha256}.*{SUFFIX}")]
        try:
            for path in chosen:
                path.unlink(missing_ok=True)
        except OSError as error:
            raise _store_error("cannot be changed", self.root, error) from error
        return len(chosen)

    def _name(self, key: Key) -> str:
        """Path of an entry, as text: a Path would cost as much as reading it."""
        return f"{self.root}/{key.representation}/{key.sha256}.{key.dtype}{SUFFIX}"

    def _path(self, key: Key) -> Path:
        return Path(self._name(key))

    def _incoming(self) -> Path:
        """Folder of what is being written, on the same file system as the entries."""
        folder = self.root / INCOMING
        folder.mkdir(parents=True, exist_ok=True)
        if not self._swept:
            self._sweep()
            self._swept = True
        return folder

    def _sweep(self) -> None:
        """Delete what writers that died have left, long enough ago to be sure that they did."""
        oldest = time.time() - STALE_SECONDS
        with contextlib.suppress(OSError):  # another process sweeps too
            for entry in os.scandir(self.root / INCOMING):
                if entry.stat().st_mtime < oldest:
                    Path(entry.path).unlink()

    def _write(self, content: Iterable[bytes | memoryview], path: Path) -> None:
        temporary = self._incoming() / uuid.uuid4().hex
        try:
            with temporary.open("xb") as file:
                file.writelines(content)
            _move(temporary, path)
        except BaseException:  # a full disk, or the user's Ctrl-C
            temporary.unlink(missing_ok=True)
            raise

    def _folders(self) -> list[Path]:
        if not self.root.is_dir():
            return []
        return sorted(
            folder
            for folder in self.root.iterdir()
            if folder.is_dir() and REPRESENTATION.fullmatch(folder.name)
        )

    def _chosen(self, representation: str | None) -> list[Path]:
        folders = self._folders()
        if representation is None:
            return folders
        names = {folder: {folder.name, folder.name.rpartition("-")[0]} for folder in folders}
        chosen = [folder for folder in folders if representation in names[folder]]
        if not chosen:
            known = sorted(set().union(*names.values()) - {""})
            raise StoreError(
                "the store has nothing of this representation",
                subject=representation,
                remedy=did_you_mean(representation, known) if known else "The store is empty",
            )
        return chosen


def _move(source: Path, target: Path) -> None:
    try:
        source.replace(target)
    except FileNotFoundError:  # the first entry of its representation, or just cleared
        target.parent.mkdir(parents=True, exist_ok=True)
        source.replace(target)


def _entries(folder: Path) -> Iterator[os.DirEntry[str]]:
    with contextlib.suppress(FileNotFoundError), os.scandir(folder) as entries:
        yield from (entry for entry in entries if entry.name.endswith(SUFFIX))


def _usage(folder: Path) -> Usage:
    sizes = []
    for entry in _entries(folder):
        with contextlib.suppress(FileNotFoundError):  # cleared by another process
            sizes.append(entry.stat().st_size)
    return Usage(len(sizes), sum(sizes), {})


def _total(folders: list[Path]) -> Usage:
    parts = {folder.name: _usage(folder) for folder in folders}
    return Usage(
        sum(part.entries for part in parts.values()),
        sum(part.bytes for part in parts.values()),
        parts,
    )


def _delete(folder: Path) -> None:
    """Delete the entries, and the folder unless something else is in it."""
    for entry in _entries(folder):
        Path(entry.path).unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        folder.rmdir()


def _store_error(what: str, root: Path, error: OSError) -> StoreError:
    full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
    return StoreError(
        f"the feature store {what} ({error.strerror})",
        subject=str(root),
        remedy="Free space on the disk, or empty the store: python -m ser_core store clear"
        if full
        else "Check the rights of the folder, or choose another through SER_HOME",
    )
