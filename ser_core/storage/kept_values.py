"""Values made from small files, kept in one file for as long as those files stay as they are.

A list of very many runs is read from two small files each. Reading them takes seconds, looking
whether they changed a tenth of one. So what was made of them is kept: in memory, and for the next
process in one file of the runtime folder. That file is a copy alone: it may be deleted at any time,
and what is in it is used only where the state of the files is still the same.
"""

from __future__ import annotations

import contextlib
import gc
import json
import logging
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Generic, TypeVar

from ser_core.core import SerError, files
from ser_core.storage import atomic

FOLDER = "kept"
"""Of the files, in the runtime folder."""

VERSION = 1
"""Count up when values are made or packed in another way: older files are then left unread."""

FEWEST = 20
"""New values below which the file is not written again: making so few takes no time."""

MANY = 1000
"""Values from which on reading them makes so many objects that it is felt."""

_LOG = logging.getLogger(__name__)

T = TypeVar("T")
State = tuple[int | None, ...]
"""Changes with the content of files."""


def state_of(*paths: str) -> State:
    """Inode, time of change in nanoseconds and size of each file; None for those that are absent.

    A file that is written anew has another inode, one that is written into another time.
    """
    found: list[int | None] = []
    for path in paths:
        try:
            known = os.stat(path)  # noqa: PTH116  (a third of the time of Path's, for thousands)
        except (OSError, ValueError):
            found.append(None)
        else:
            found += [known.st_ino, known.st_mtime_ns, known.st_size]
    return tuple(found)


@contextlib.contextmanager
def _uncollected() -> Iterator[None]:
    """Without garbage collection, which would look at all new objects again and again.

    What is there afterwards stays as long as the process, so that it is exempt from then on too.
    """
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if was:
            gc.enable()


class KeptValues(Generic[T]):
    """Values by name, made again where the state of their files is another.

    Args:
        name: Of the file in the runtime folder.
        pack: Gives a value as JSON has it. What JSON does not give back equal is made again by
            each process.
        unpack: The value of that. It may raise KeyError, TypeError, ValueError, IndexError or
            AttributeError for what is not of that form.
    """

    def __init__(self, name: str, pack: Callable[[T], Any], unpack: Callable[[Any], T]) -> None:
        self._name, self._pack, self._unpack = name, pack, unpack
        self._known: dict[Path, dict[str, tuple[State, T]]] = {}
        self._unsaved: dict[Path, int] = {}

    def values(
        self, home: Path, wanted: Mapping[str, State], make: Callable[[str], T]
    ) -> dict[str, T]:
        """The values of names, in their order.

        Args:
            home: Runtime folder that the file is in.
            wanted: State of the files of each name; all names there are.
            make: Reads the files of a name.
        """
        file = home.absolute() / FOLDER / f"{self._name}.jsonl"
        if file not in self._known:
            with _uncollected() if len(wanted) > MANY else contextlib.nullcontext():
                self._known[file] = self._read(file, wanted)
        known, found, made = self._known[file], {}, 0
        for name, state in wanted.items():
            kept = known.get(name)
            if kept is None or kept[0] != state:
                kept = known[name] = state, make(name)
                made += 1
            found[name] = kept[1]
        if made:
            self._made(file, made, wanted)
        return found

    def _made(self, file: Path, made: int, wanted: Mapping[str, State]) -> None:
        """Write the file once so many values are new that the next process would feel it."""
        self._unsaved[file] = self._unsaved.get(file, 0) + made
        if self._unsaved[file] < max(FEWEST, len(wanted) // 20):
            return
        self._unsaved[file] = 0
        known = self._known[file] = {
            name: kept for name, kept in self._known[file].items() if name in wanted
        }
        lines = [json.dumps({"version": VERSION}), *self._lines(known)]
        try:
            atomic.write(file, "\n".join(lines))
        except SerError:
            _LOG.warning("the next start will read all files again", exc_info=True)

    def _lines(self, known: Mapping[str, tuple[State, T]]) -> Iterable[str]:
        for name, (state, value) in known.items():
            row = [name, list(state), self._pack(value)]
            try:
                line = json.dumps(row)
            except (TypeError, ValueError):  # holds what JSON has not, such as a date
                continue
            if json.loads(line) == row:
                yield line

    def _read(self, file: Path, wanted: Mapping[str, State]) -> dict[str, tuple[State, T]]:
        try:
            head, *lines = files.read_text(file, files.TABLE).split("\n")
            rows = json.loads(f"[{','.join(lines)}]")
            if json.loads(head) != {"version": VERSION}:
                return {}
            return {
                name: (known, self._unpack(packed))
                for name, state, packed in rows
                if (known := tuple(state)) == wanted.get(name)
            }
        except FileNotFoundError:
            return {}
        except (
            OSError, ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError,
        ) as error:  # fmt: skip
            _LOG.info("%s is not used (%s): the files themselves are read", file, error)
            return {}
