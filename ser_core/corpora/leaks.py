"""Leak audit of a split: the speakers, sentences and recordings that its parts share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ser_core.corpora.confounding import ENROLMENT, confounding
from ser_core.corpora.corpus import Corpus
from ser_core.corpora.duplicates import UNKNOWN, recordings
from ser_core.corpora.people import alike
from ser_core.corpora.split import PARTS, UNUSED, Split

Codes = npt.NDArray[np.intp]

KINDS = ("speakers", "sentences", "pairs", "audio")
"""What may be shared: speakers, sentences, (speaker, sentence) pairs, and recordings: sound that is
identical, or nearly so."""

GRADES: dict[str, str] = {
    "A": "Neither test speakers nor test sentences are in training: the strictest test.",
    "B": "Test speakers are not in training, their sentences are: the scores hold for unseen "
    "speakers saying known sentences.",
    "C": "Test sentences are not in training, their speakers are: the scores hold for known "
    "speakers only.",
    "D": "Test speakers and test sentences are in training, though not together: the scores hold "
    "for known speakers only.",
    "confounded": "Test speakers are not in training, but speaker and emotion go together: a score "
    "may tell voices apart rather than emotions.",
    "E": "The same speakers with the same sentences are in training: expect far lower scores on "
    "unseen speakers.",
    "F": "The same recordings are in training and in the test: the scores are void.",
    "unknown": "The corpus does not name its speakers, so test speakers may be in training: read "
    "the scores as those of known speakers.",
}
"""Plain reading of every grade, best first."""

ORDER = ("A", "B", "C", "D", "unknown", "confounded", "E", "F")
"""Grades, best first, where several splits have one grade together: the worst."""

UNSEEN_GRADES = ("A", "B", "confounded")
"""Grades of tests whose speakers are not in training."""

_SEVERITY = {grade: rank for rank, grade in enumerate(ORDER)}


@dataclass(frozen=True)
class Leak:
    """What one part of one fold shares with another.

    Attributes:
        fold: Name of the fold.
        source: The part that the model sees: "train", or "validation" for choices made on it.
        target: The part that is scored.
        kind: One of `KINDS`.
        shared: Distinct speakers (sentences, ...) of the target that the source has too; None
            where the corpus has no such labels.
        total: Distinct ones in the target; None where the corpus has no such labels.
        clips: Share of the target's clips that are of a shared one, 0 to 1; None if unknown.
    """

    fold: str
    source: str
    target: str
    kind: str
    shared: int | None
    total: int | None
    clips: float | None

    @property
    def share(self) -> float | None:
        """Shared of total, 0 to 1."""
        return self.shared / self.total if self.total and self.shared is not None else None


@dataclass(frozen=True)
class LeakAudit:
    """What the parts of a split share, and what that means.

    Attributes:
        leaks: One for every fold, pair of parts and kind.
        grade: A to F, "confounded" or "unknown", of the test part: the worst over the folds.
        validation_grade: The same for the validation part against train.
        reading: One plain sentence on the grade, and what could not be checked.
        confounding: How much the speaker says of the emotion, a sentence without a full stop;
            empty where it is not much.
    """

    leaks: tuple[Leak, ...]
    grade: str
    validation_grade: str
    reading: str
    confounding: str = ""

    @classmethod
    def recorded(cls, content: Mapping[str, Any]) -> LeakAudit:
        """What `as_dict` gave; the worst leaks are all that is known then.

        What an older record lacks, or one of somebody else has otherwise, is unknown.
        """
        fields, worst = set(Leak.__dataclass_fields__), content.get("worst")
        rows = [
            row
            for row in (worst if isinstance(worst, list) else [])
            if isinstance(row, Mapping) and fields <= set(row)
        ]
        return cls(
            tuple(Leak(**{name: row[name] for name in fields}) for row in rows),
            str(content.get("grade", "unknown")),
            str(content.get("validation_grade", "unknown")),
            str(content.get("reading", "")),
            str(content.get("confounding", "")),
        )

    @property
    def enrolment_doubt(self) -> str:
        """Why scores with enrolled speakers are to be doubted; empty where they are not."""
        if not self.confounding and self.grade != "confounded":
            return ""
        return f"{self.confounding or 'Speaker and emotion go together'}. {ENROLMENT}."

    @property
    def speakers_shared(self) -> bool:
        """Whether test figures need the badge: test speakers are in training, or may be."""
        return self.grade not in UNSEEN_GRADES

    def table(self) -> pd.DataFrame:
        """A row for every leak, with the columns of `Leak` and `share`."""
        rows = [vars(leak) | {"share": leak.share} for leak in self.leaks]
        return pd.DataFrame(rows, columns=[*Leak.__dataclass_fields__, "share"])

    def worst(self) -> pd.DataFrame:
        """The fold with the largest share, for every pair of parts and kind, in order."""
        table = self.table().sort_values("share", ascending=False, kind="stable")
        worst = table.drop_duplicates(["source", "target", "kind"])
        return worst.sort_index().reset_index(drop=True)

    def as_dict(self) -> dict[str, Any]:
        """For JSON: the grades, the reading and the worst leaks."""
        rows = self.worst().astype(object)
        return {
            "grade": self.grade,
            "validation_grade": self.validation_grade,
            "reading": self.reading,
            "confounding": self.confounding,
            "worst": rows.where(rows.notna(), None).to_dict("records"),
        }


def audit_split(split: Split, corpus: Corpus, scan: pd.DataFrame | None = None) -> LeakAudit:
    """Count what the parts of every fold share.

    Args:
        split: What to audit.
        corpus: The corpus it splits.
        scan: Result of `ser_core.corpora.scan`; without it, copies are not looked for.

    Raises:
        SplitError: If the split is not one of this corpus.

    >>> import ser_core as ser
    >>> corpus = ser.open_corpus(ser.demo_corpus())
    >>> ser.audit_split(ser.split(corpus, "random"), corpus).grade
    'E'
    """
    split.require(corpus)
    things = _things(corpus.clips.loc[split.table.index], scan)
    leaks = tuple(
        leak for fold in split.folds for leak in _fold_leaks(str(fold), split.table[fold], things)
    )
    scored = "test" if split.table.isin(["test"]).to_numpy().any() else "validation"
    used = split.table.index[(split.table != UNUSED).any(axis=1)]
    found = confounding(corpus.clips.loc[used])
    strong = found is not None and found.is_strong
    grade = _grade([leak for leak in leaks if leak.target == scored], strong=strong)
    validation = [leak for leak in leaks if leak.target == "validation"]
    return LeakAudit(
        leaks=leaks,
        grade=grade,
        validation_grade=_grade(validation, strong=strong),
        reading=_reading(grade, things)
        + (f" {found.said}." if found and strong else "")
        + (_alike(split, corpus, scored) if grade in UNSEEN_GRADES else ""),
        confounding=found.said if found and found.is_notable else "",
    )


def _things(clips: pd.DataFrame, scan: pd.DataFrame | None) -> dict[str, Codes]:
    """What each clip has of every kind, as numbers; -1 where unknown."""
    pairs = clips["speaker"].str.cat(clips["sentence"], sep="\n")
    audio = pd.Series(pd.NA, index=clips.index, dtype="string")
    if scan is not None:
        of = recordings(scan).reindex(clips.index)
        audio = of.astype("string").mask(of == UNKNOWN)
    columns = (clips["speaker"], clips["sentence"], pairs, audio)
    return {kind: column.factorize()[0] for kind, column in zip(KINDS, columns, strict=True)}


def _fold_leaks(fold: str, parts: pd.Series[str], things: dict[str, Codes]) -> list[Leak]:
    of = {part: np.flatnonzero(parts == part) for part in PARTS}
    return [
        Leak(fold, source, target, kind, *_shared(codes[of[source]], codes[of[target]], kind))
        for source, target in (("train", "validation"), ("train", "test"), ("validation", "test"))
        if len(of[source]) and len(of[target])
        for kind, codes in things.items()
    ]


def _shared(seen: Codes, scored: Codes, kind: str) -> tuple[int | None, int | None, float | None]:
    """Distinct ones of the scored part that were seen, all of them, and the share of clips.

    Where one clip has no label, speakers and sentences count as unknown. Sound is
    compared as far as it was decoded.
    """
    partly = kind != "audio" and bool((seen < 0).any() or (scored < 0).any())
    if partly or (scored < 0).all():
        return None, None, None
    known = np.isin(scored, seen[seen >= 0])
    total = np.unique(scored[scored >= 0])
    return len(np.unique(scored[known])), len(total), float(known.mean())


CONFOUNDED = {"A": "confounded", "B": "confounded", "C": "E", "D": "E"}
"""Grade where the speaker says the emotion: known speakers then give the answers away."""


def _grade(leaks: list[Leak], *, strong: bool = False) -> str:
    """Worst grade over folds and over the parts that the scored part is held against."""
    by_pair: dict[tuple[str, str], dict[str, int | None]] = {}
    for leak in leaks:
        by_pair.setdefault((leak.fold, leak.source), {})[leak.kind] = leak.shared
    grades = [_grade_of(**shared) for shared in by_pair.values()]
    worst = max(grades, key=lambda grade: _SEVERITY[grade], default="unknown")
    return CONFOUNDED.get(worst, worst) if strong else worst


def _grade_of(
    speakers: int | None, sentences: int | None, pairs: int | None, audio: int | None
) -> str:
    """Grade of what is shared; what is unknown counts as shared, so it never gives a good grade."""
    if audio:
        return "F"
    if speakers is None:
        return "unknown"
    if speakers == 0:
        return "A" if sentences == 0 else "B"
    if sentences == 0:
        return "C"
    return "D" if pairs == 0 else "E"


def _alike(split: Split, corpus: Corpus, scored: str) -> str:
    """What to say of speakers, trained on and scored, whose names differ in spelling only."""
    speaker = corpus.clips["speaker"].reindex(split.table.index)
    for names in alike(speaker.dropna()):
        held = split.table[speaker.isin(names)]
        for fold in split.folds:
            if {"train", scored} <= set(held[fold]):
                return (
                    f" The speakers {' and '.join(names)} may be one person in training and in the "
                    "test: write each in one way."
                )
    return ""


def _reading(grade: str, things: dict[str, Codes]) -> str:
    unchecked = {
        "sentences": "The corpus does not name its sentences, so they count as shared.",
        "audio": "Copies of recordings were not checked; measure the clips to do so.",
    }
    unknown = [text for kind, text in unchecked.items() if (things[kind] < 0).all()]
    return " ".join([GRADES[grade], *unknown])
