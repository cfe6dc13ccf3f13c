"""Splits that were saved: list those of a corpus, delete one, bring it back."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from ser_core.core import SplitError, settings
from ser_core.corpora.corpus import Corpus
from ser_core.corpora.leaks import audit_split
from ser_core.corpora.split import Split
from ser_core.storage import Trash

TRASH = Trash(stamped=False)
"""Of splits; the name of one has its hash, so equal names are equal splits."""


@dataclass(frozen=True)
class SavedSplit:
    """A saved split of a corpus.

    Attributes:
        path: Its file.
        split: What is in it.
        grade: Leak grade on the corpus; empty where the split has other clips than the corpus.
        saved: When, in seconds since 1970.
    """

    path: Path
    split: Split
    grade: str
    saved: float


def folder() -> Path:
    """Where splits are kept, and where training looks for them."""
    return settings.home() / "splits"


def file_name(split: Split) -> str:
    """Name that tells splits apart: corpus, policy, seed and the beginning of the hash."""
    return f"{split.corpus}-{split.policy}-{split.seed}-{split.hash[:8]}.json"


def save(split: Split) -> Path:
    """Keep a split among the saved ones.

    Raises:
        SerError: If it cannot be written.
    """
    return split.save(folder() / file_name(split))


def saved_splits(corpus: Corpus, scan: pd.DataFrame | None = None) -> list[SavedSplit]:
    """The saved splits of a corpus, the latest first; files that are no split are passed over.

    Args:
        corpus: Splits that were made of a corpus of this name are listed.
        scan: Result of `ser_core.corpora.scan`, for the grades.
    """
    found = [_read(path, corpus, scan) for path in folder().glob("*.json")]
    return sorted(filter(None, found), key=lambda each: each.saved, reverse=True)


def _read(path: Path, corpus: Corpus, scan: pd.DataFrame | None) -> SavedSplit | None:
    try:
        split, saved = Split.load(path), path.stat().st_mtime
    except (SplitError, OSError):  # not a split, or deleted meanwhile
        return None
    if split.corpus != corpus.name:
        return None
    return SavedSplit(path, split, _grade(split, corpus, scan), saved)


def _grade(split: Split, corpus: Corpus, scan: pd.DataFrame | None) -> str:
    try:
        return audit_split(split, corpus, scan).grade
    except SplitError:  # the corpus has changed since
        return ""


def delete(path: Path) -> Path:
    """Take a split off the list; `restore` brings it back within a week.

    Returns:
        Where it is kept until then.

    Raises:
        SerError: If it cannot be moved.
    """
    return TRASH.move(path)


def restore(kept: Path) -> Path:
    """Bring a deleted split back.

    Returns:
        Its file.

    Raises:
        SerError: If it is gone for good.
    """
    return TRASH.restore(kept)
