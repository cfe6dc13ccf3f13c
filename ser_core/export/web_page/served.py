"""Pages of models that the workbench serves: made once a model, and kept a while."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

from ser_core.core import files
from ser_core.export.web_page.page import ASSETS, ColorOf, write_web_page
from ser_core.export.web_page.runtime import VERSION

KEPT = 4
"""Pages that stay; one has 14 MB and its model, and is made again in a second or two."""


def served_page(file: Path, place: Path, color_of: ColorOf) -> Path:
    """Folder of the page of an exported file; made if it is missing.

    Its name is a hash of the file and of the page, so a changed one is another folder. Pages are
    deleted that `KEPT` others were used after.

    Args:
        file: An exported model.
        place: Folder of all these pages.
        color_of: Colour of an emotion.

    Raises:
        ModelError: If no browser can run it; see `obstacle`.
        SerError: If the page cannot be written.
    """
    found = hashlib.sha256(VERSION.encode())
    for path in sorted(each for each in ASSETS.iterdir() if each.is_file()):
        found.update(files.read_bytes(path, 1 << 20))
    with files.regular(file, files.WEIGHTS).open("rb") as content:
        found.update(hashlib.file_digest(content, "sha256").digest())
    folder = place / found.hexdigest()[:16]
    if not folder.is_dir():
        write_web_page(file, folder, color_of)
    folder.touch()  # used now
    _forget_old(folder)
    return folder


def _forget_old(mine: Path) -> None:
    others = [each for each in mine.parent.glob("[!.]*") if each != mine and each.is_dir()]
    for old in sorted(others, key=lambda each: each.stat().st_mtime, reverse=True)[KEPT - 1 :]:
        shutil.rmtree(old, ignore_errors=True)
