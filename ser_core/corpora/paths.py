"""Paths that a corpus names: confined to its folder, and found as the disk spells them."""

from __future__ import annotations

import os
import unicodedata
from pathlib import Path, PureWindowsPath


class Fence:
    """Decides which paths a corpus may open.

    A table that someone else wrote must not make the workbench read `../../secret.wav`, so
    absolute paths, `..`, and symbolic links that end outside of the folder are refused. Folders are
    resolved once, so make a new fence for each pass over a corpus.
    """

    def __init__(self, root: Path) -> None:
        self.root = os.path.realpath(root)
        self._folders: dict[str, str] = {}

    def refusal(self, relative: str) -> str:
        """Why a path may not be opened; empty when it may."""
        if relative.startswith("/") or PureWindowsPath(relative).is_absolute():
            return "the path is absolute"
        if ".." in relative.split("/") or "\0" in relative:
            return "the path leaves the corpus folder"
        return "" if self._ends_inside(relative) else "a link leads out of the corpus folder"

    def _ends_inside(self, relative: str) -> bool:
        folder, name = os.path.split(relative)
        if folder not in self._folders:
            self._folders[folder] = os.path.realpath(f"{self.root}/{folder}")
        real = f"{self._folders[folder]}/{name}"
        if os.path.islink(real):  # noqa: PTH114 - thousands a call
            real = os.path.realpath(real)
        return real.startswith(self.root.rstrip("/") + "/")


def locate(root: Path, relative: str) -> str | None:
    """Relative path as the disk spells it, or None when there is no such file.

    The same accented letter is written as one or as two characters, depending on the machine that
    packed the corpus; both are tried.
    """
    spellings = (unicodedata.normalize(form, relative) for form in ("NFC", "NFD"))
    return next((path for path in (relative, *spellings) if _is_file(f"{root}/{path}")), None)


def _is_file(path: str) -> bool:
    return os.path.isfile(path)  # noqa: PTH113 - thousands a call
