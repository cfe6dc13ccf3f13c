"""A split as a value: which clip belongs to which part, by which policy, under one hash."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from ser_core.core import SplitError, files
from ser_core.corpora.corpus import Corpus
from ser_core.storage import atomic

PARTS = ("train", "validation", "test")
UNUSED = "unused"
VERSION = 1

_REMEDY = "Make the split again, or choose another file"


@dataclass(frozen=True, eq=False)
class Split:
    """Parts of a corpus.

    Attributes:
        corpus: Name of the corpus.
        policy: Name in `POLICIES`.
        seed: Of the random choices.
        options: Further choices (`fractions`, `folds`, `group`), as numbers and text.
        table: A row for every usable clip, sorted by clip; a column for every fold, with "train",
            "validation", "test" or "unused" in it. A split without folds has the one column
            "split".
        notes: What the policy did that the user should know, as sentences.
    """

    corpus: str
    policy: str
    seed: int
    options: Mapping[str, Any]
    table: pd.DataFrame
    notes: tuple[str, ...] = ()

    @property
    def folds(self) -> list[str]:
        """Names of the folds."""
        return list(self.table.columns)

    @property
    def parts(self) -> pd.Series[str]:
        """Part of every clip, in a split without folds.

        Raises:
            SplitError: If the split has folds; `fold` and `table` give those.
        """
        if len(self.folds) > 1:
            raise SplitError(
                f"the split has {len(self.folds)} folds, so a clip has no single part",
                subject=self.policy,
                remedy="Choose a fold",
            )
        return self.table.iloc[:, 0]

    def fold(self, fold: int | str = 0) -> dict[str, list[str]]:
        """Clips of each part in one fold, by its number or name; "unused" where some are.

        Raises:
            SplitError: If there is no such fold.
        """
        parts = self.table[self._fold_name(fold)]
        lists = {part: list(parts.index[parts == part]) for part in (*PARTS, UNUSED)}
        return {part: clips for part, clips in lists.items() if clips or part in PARTS}

    def _fold_name(self, fold: int | str) -> str:
        if isinstance(fold, int) and 0 <= fold < len(self.folds):
            return self.folds[fold]
        if fold in self.folds:
            return str(fold)
        raise SplitError("no such fold", subject=str(fold), remedy=f"Choose of {self.folds}")

    @cached_property
    def hash(self) -> str:
        """Content address: the same parts of the same clips have the same hash, whatever made them.

        16 hexadecimal digits.
        """
        return _digest([self.folds, self._codes()])

    @cached_property
    def clips_hash(self) -> str:
        """Content address of the names of the clips alone."""
        return _digest(list(self.table.index))

    def _codes(self) -> dict[str, list[str]]:
        rows = self.table.itertuples(name=None)
        return {clip: parts for clip, *parts in rows}

    def require(self, corpus: Corpus) -> None:
        """Check that the split is one of this corpus.

        Raises:
            SplitError: If their clips differ, with how many on each side.
        """
        mine, theirs = set(self.table.index), set(corpus.usable.index)
        if mine != theirs:
            raise SplitError(
                f"the split does not fit the corpus {corpus.name}: {len(theirs - mine)} of its "
                f"clips are not in the split, {len(mine - theirs)} of the split's clips are not "
                "in the corpus",
                subject=f"{self.policy}, seed {self.seed}",
                remedy=_REMEDY,
            )

    def save(self, path: str | Path) -> Path:
        """Write as JSON; the file appears whole or not at all.

        Raises:
            SerError: If it cannot be written.
        """
        path = Path(path)
        atomic.write(path, json.dumps(self._document(), indent=0, ensure_ascii=False))
        return path

    def _document(self) -> dict[str, Any]:
        return {
            "version": VERSION,
            "corpus": self.corpus,
            "policy": self.policy,
            "seed": self.seed,
            "options": dict(self.options),
            "hash": self.hash,
            "clips_hash": self.clips_hash,
            "notes": list(self.notes),
            "folds": self.folds,
            "parts": self._codes(),
        }

    @classmethod
    def load(cls, path: str | Path) -> Split:
        """Read what `save` wrote.

        Raises:
            SplitError: If the file is missing, is no split, is of another version, or its parts
                were changed since it was saved.
        """
        document = _read(Path(path))
        try:
            split = cls._of(document)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise SplitError("not a split file", subject=str(path), remedy=_REMEDY) from error
        if split.hash != document["hash"]:
            raise SplitError(
                "its parts were changed after it was saved", subject=str(path), remedy=_REMEDY
            )
        return split

    @classmethod
    def _of(cls, document: dict[str, Any]) -> Split:
        parts = dict(document["parts"])
        table = pd.DataFrame(
            list(parts.values()), index=list(parts), columns=document["folds"], dtype="str"
        )
        if not table.isin([*PARTS, UNUSED]).to_numpy().all():
            raise ValueError("unknown part")
        return cls(
            corpus=str(document["corpus"]),
            policy=str(document["policy"]),
            seed=int(document["seed"]),
            options=dict(document["options"]),
            table=table.rename_axis("clip"),
            notes=tuple(map(str, document["notes"])),
        )


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value, ensure_ascii=False).encode()).hexdigest()[:16]


def _read(path: Path) -> dict[str, Any]:
    try:
        document = files.read_json(path)
    except FileNotFoundError as error:
        raise SplitError("there is no such file", subject=str(path), remedy=_REMEDY) from error
    except (OSError, ValueError) as error:  # JSON and UTF-8 errors are ValueErrors
        reason = getattr(error, "strerror", None)
        said = f"not a split file ({reason})" if reason else "not a split file"
        raise SplitError(said, subject=files.shortened(path), remedy=_REMEDY) from error
    if not isinstance(document, dict) or document.get("version") != VERSION:
        raise SplitError(
            f"not a split file of version {VERSION}", subject=str(path), remedy=_REMEDY
        )
    return document
