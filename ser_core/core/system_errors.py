"""What the system refuses, in words: a full disk, a quota, a read-only mount, missing rights.

Each place that writes says in its own words what could not be written. Beneath all of them lie
libraries that write by themselves (SQLite under MLflow, lock files, safetensors), and each hands
on the refusal of the system in its own way. `told` finds it, whatever it is wrapped in, so that the
outermost doors, the command line and the pages, can say what to do instead of showing a traceback.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator

from ser_core.core import settings
from ser_core.core.errors import SerError

_SPACE = "Free some space, or choose another disk"
_RIGHTS = "Choose a folder that you may write to, or change its rights"
_OTHER_HOME = "Choose a folder that can be written to; SER_HOME names that of the workbench"
_SHORTER = "Give a shorter path"

REMEDIES = {
    errno.ENOSPC: _SPACE,
    errno.EDQUOT: "Free some of your quota, or choose another disk",
    errno.EROFS: _OTHER_HOME,
    errno.EACCES: _RIGHTS,
    errno.EPERM: _RIGHTS,
    errno.EFBIG: "The file would become larger than is allowed here: choose another disk",
    errno.ENAMETOOLONG: _SHORTER,
    errno.ELOOP: "The path is a loop of links: give another",
    errno.ENOTDIR: "A part of the path is a file: give another",
    errno.ENOENT: "Check the path",
    errno.EISDIR: "Give a file, not a folder",
    errno.EIO: "The disk cannot be read or written: copy what is on it, and choose another",
    errno.EMFILE: "Too many files are open: close other programs, or raise `ulimit -n`",
    errno.ENFILE: "Too many files are open on this computer: close other programs",
}
"""What to do, by the number of the error."""

SAID = {
    "database or disk is full": (errno.ENOSPC, _SPACE),
    "No space left on device": (errno.ENOSPC, _SPACE),
    "os error 28": (errno.ENOSPC, _SPACE),
    "Disk quota exceeded": (errno.EDQUOT, REMEDIES[errno.EDQUOT]),
    "attempt to write a readonly database": (errno.EROFS, _OTHER_HOME),
    "Read-only file system": (errno.EROFS, _OTHER_HOME),
    "unable to open database file": (errno.EACCES, _OTHER_HOME),
    "disk I/O error": (errno.EIO, "Free some space; if there is enough, the disk is damaged"),
    "Permission denied": (errno.EACCES, _RIGHTS),
}
"""Number and remedy by what libraries say that keep no number: SQLite, safetensors."""


class SystemRefusedError(SerError):
    """The system refuses to read or write: what it says, on which path, and what to do."""


def told(error: BaseException) -> SerError | None:
    """The refusal of the system behind an error, in words; None where there is none.

    >>> found = told(OSError(errno.ENOSPC, "No space left on device", "a.csv"))
    >>> found.subject, found.problem
    ('a.csv', 'cannot be written or read (No space left on device)')
    >>> told(ValueError("a bug")) is None
    True
    """
    for each in _chain(error):
        if isinstance(each, SerError):
            return each
        if isinstance(each, OSError) and each.errno in REMEDIES:
            return _refusal(each.errno, REMEDIES[each.errno], str(each.filename or ""))
    for each in _chain(error):
        for words, (number, remedy) in SAID.items():
            if words in str(each):
                return _refusal(number, remedy, f"Below {settings.home()}")
    return None


def _chain(error: BaseException) -> Iterator[BaseException]:
    """An error, and those that it was made of."""
    seen: set[int] = set()
    pending: list[BaseException | None] = [error]
    while pending:
        each = pending.pop(0)
        if isinstance(each, BaseException) and id(each) not in seen:
            seen.add(id(each))
            yield each
            pending += [each.__cause__, getattr(each, "orig", None), each.__context__]


def _refusal(number: int, remedy: str, subject: str) -> SystemRefusedError:
    short = subject if len(subject) <= 300 else f"{subject[:300]} …"
    return SystemRefusedError(
        f"cannot be written or read ({os.strerror(number)})",
        subject=short or "A file of the workbench",
        remedy=remedy,
    )
