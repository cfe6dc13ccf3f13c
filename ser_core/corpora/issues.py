"""What an audit is made of: cards, the input of checks, and the registry of checks."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Literal

import pandas as pd

from ser_core.core import Registry
from ser_core.corpora.corpus import Corpus
from ser_core.corpora.duplicates import UNKNOWN, recordings

Severity = Literal["error", "warning", "info"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "info")


@dataclass(frozen=True)
class Issue:
    """One card.

    Attributes:
        title: What was found, in a few words with the number.
        severity: "error" (the clips cannot or must not be used), "warning" (figures may mislead)
            or "info" (good to know).
        clips: The clips it is about.
        remedy: What to do, one sentence.
        detail: The numbers behind it, one or two sentences.
    """

    title: str
    severity: Severity
    clips: list[str] = field(default_factory=list)
    remedy: str = ""
    detail: str = ""

    def as_dict(self) -> dict[str, object]:
        """For JSON."""
        return asdict(self)


@dataclass(frozen=True)
class Evidence:
    """Input of checks.

    Attributes:
        corpus: The corpus.
        scan: Its measures, or an empty table when it was not scanned.
    """

    corpus: Corpus
    scan: pd.DataFrame

    @cached_property
    def clips(self) -> pd.DataFrame:
        """Every clip; `scan_problem` is empty, or why the scan could not measure it."""
        clips = self.corpus.clips.copy()
        problem = self.scan.get("problem", "")
        clips["scan_problem"] = pd.Series(problem, index=clips.index, dtype="string").fillna("")
        return clips

    @cached_property
    def usable(self) -> pd.DataFrame:
        """The clips without a problem, with the measures of the scan beside them."""
        columns = [name for name in self.scan if name not in self.corpus.clips]
        return self.corpus.usable.join(self.scan[columns])

    @cached_property
    def by_content(self) -> pd.DataFrame:
        """The usable clips whose sound another usable clip has too; `sha256` says which."""
        if "sha256" not in self.usable:
            return self.usable.iloc[:0].assign(sha256="")
        hashed = self.usable[self.usable["sha256"].fillna("") != ""]
        return hashed[hashed.duplicated("sha256", keep=False)].sort_values("sha256", kind="stable")

    @cached_property
    def by_recording(self) -> pd.DataFrame:
        """The usable clips whose recording another usable clip has too; `recording` says which.

        In the order of the corpus within a recording.
        """
        usable = self.usable.assign(recording=recordings(self.scan))
        known = usable[usable["recording"] != UNKNOWN]
        copied = known[known.duplicated("recording", keep=False)]
        return copied.sort_values("recording", kind="stable")


CheckFunction = Callable[[Evidence], Issue | None]


@dataclass(frozen=True)
class Check:
    """A check of a corpus for one kind of issue.

    Attributes:
        absent_text: The issue in a few words, to follow "not found: ..."; empty for a check that
            only reports what is known of the corpus.
        by_ear: Whether it needs the decoded sound.
        find: Returns the card if the issue is there, else None.
    """

    absent_text: str
    by_ear: bool
    find: CheckFunction


CHECKS: Registry[Check] = Registry("check")


def check(
    name: str, absent_text: str = "", *, by_ear: bool = False
) -> Callable[[CheckFunction], CheckFunction]:
    """Decorator that registers a function as a check."""

    def register(find: CheckFunction) -> CheckFunction:
        CHECKS.register(name)(Check(absent_text, by_ear, find))
        return find

    return register


def number(count: int, singular: str, plural: str = "") -> str:
    """Count with its noun.

    >>> number(1, "clip"), number(1234, "clip")
    ('1 clip', '1,234 clips')
    """
    return f"{count:,} {singular if count == 1 else plural or singular + 's'}"


def listed(items: Iterable[str], most: int = 6) -> str:
    """Items in a row, cut after a few.

    >>> listed("abcdefgh", most=3)
    'a, b, c and 5 more'
    """
    names = list(items)
    shown = ", ".join(names[:most])
    return f"{shown} and {len(names) - most} more" if len(names) > most else shown


def sentence(text: str) -> str:
    """Text as a sentence; empty text stays so.

    >>> sentence("missing (2)")
    'Missing (2).'
    """
    return text[:1].upper() + text[1:] + "." if text else ""
