"""Files that are either whole or absent, whoever reads them and whenever."""

from __future__ import annotations

import contextlib
import os
import uuid
from pathlib import Path

from ser_core.core.errors import SerError


def write(path: Path, content: bytes | str) -> None:
    """Write a file in one step: a reader sees the old content or the new, never a part.

    The folder is made when it is missing. Text is UTF-8.

    Raises:
        SerError: If it cannot be written (a full disk, no rights). What was there stays.
    """
    data = content.encode() if isinstance(content, str) else content
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}")
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
