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
    home = f"SER_HOME={shlex.quote(str(settings.home().absolute()))}"
    return f"cd {shlex.quote(str(settings.REPOSITORY))} && {home} {shlex.join(command)}"
