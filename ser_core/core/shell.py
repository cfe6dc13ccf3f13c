"""A command of the workbench as one pastes it into a terminal."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from ser_core.core import settings

if TYPE_CHECKING:
    from collections.abc import Sequence


def pasted(command: Sequence[str]) -> str:
    """One line that runs a command from any folder, on the runtime folder that is in use.

    >>> pasted(["python", "a file"]).endswith(" python 'a file'")
    True
    """
    return " ".join(_words(command))


def pasted_lines(command: Sequence[str], width: int = 84) -> str:
    """The same over several lines, for paper: they end in a backslash, so they paste as one.

    >>> print(pasted_lines(["python", "a file"], width=1).splitlines()[-1])
      'a file'
    """
    lines = [""]
    for word in _words(command):
        if lines[-1].strip() and len(lines[-1]) + len(word) + 3 > width:
            lines.append("  ")
        lines[-1] += f"{'' if lines[-1].endswith(' ') or not lines[-1] else ' '}{word}"
    return " \\\n".join(lines)


def _words(command: Sequence[str]) -> list[str]:
    home = f"SER_HOME={shlex.quote(str(settings.home().absolute()))}"
    place = shlex.quote(str(settings.REPOSITORY))
    return ["cd", place, "&&", home, *map(shlex.quote, command)]
