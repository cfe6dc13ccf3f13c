"""A segment of a recording, and the tiers of annotations that segments are made of."""

from __future__ import annotations

import bisect
import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

from ser_core.core import CorpusError, did_you_mean
from ser_core.corpora.clip_tables import guess

NO_SPEAKER = ("", "unknown", "none", "n/a", "<na>")


@dataclass(frozen=True)
class Segment:
    """A part of a recording, as the turn of a speaker.

    Attributes:
        start: In seconds.
        end: In seconds, after the start.
        label: What it is labelled as; empty where it is not.
        speaker: Who speaks; empty when unknown.
        file: The recording, as the annotation names it; empty where it names none.

    Raises:
        CorpusError: If it does not begin at 0 or later and end after that.
    """

    start: float
    end: float
    label: str = ""
    speaker: str = ""
    file: str = ""

    def __post_init__(self) -> None:
        if not (0 <= self.start < self.end and math.isfinite(self.end)):
            raise CorpusError(
                f"a segment cannot last from {self.start:g} s to {self.end:g} s",
                subject=self.file or "segments", remedy="Correct its times",
            )  # fmt: skip

    @property
    def duration(self) -> float:
        """Length in seconds."""
        return self.end - self.start


@dataclass(frozen=True)
class Tier:
    """One line of annotations along a recording, as Praat and ELAN have them.

    Attributes:
        name: What it is called.
        intervals: Start and end in seconds, and text; empty texts are left out.
        speaker: Whose it is, where the file says so.
    """

    name: str
    intervals: tuple[tuple[float, float, str], ...]
    speaker: str = ""


def segments_of(tiers: Sequence[Tier], tier: str, subject: str) -> list[Segment]:
    """Segments that tiers hold, in the order of time.

    The tier that is named, or one whose name means emotion or label, holds the labels; speakers are
    its own, or those of a tier whose name means speaker. Without such a tier each tier is that of
    the speaker it is named after.

    Raises:
        CorpusError: If there is no tier of that name, or a segment has no length.
    """
    names = [each.name for each in tiers]
    if tier and tier not in names:
        raise CorpusError(
            f"there is no tier {tier!r}", subject=subject, remedy=did_you_mean(tier, names)
        )
    meant = guess(names)
    label = tier or meant.get("label", "")
    whose = meant.get("speaker", "")
    voices = sorted(row for each in tiers if each.name == whose for row in each.intervals)
    reach = list(itertools.accumulate((last for _, last, _ in voices), max))
    found = [
        Segment(start, end, text, _known(each.speaker) or _voice(voices, reach, start, end))
        for each in tiers
        if each.name == label
        for start, end, text in each.intervals
    ]
    if not label:
        found = [
            Segment(start, end, text, _known(each.speaker or each.name))
            for each in tiers
            for start, end, text in each.intervals
        ]
    return sorted(found, key=lambda each: (each.start, each.end))


def _known(speaker: str) -> str:
    return "" if speaker.strip().casefold() in NO_SPEAKER else speaker.strip()


def _voice(
    voices: Sequence[tuple[float, float, str]], reach: Sequence[float], start: float, end: float
) -> str:
    """Text of the interval that most of a segment lies in; empty where there is none.

    Args:
        voices: Intervals, in the order of time.
        reach: Latest end of each and those before it.
        start: Of the segment.
        end: Of the segment.
    """
    most, text = 0.0, ""
    before = bisect.bisect_left(voices, end, key=lambda each: each[0])
    place = before - 1
    while place >= 0 and reach[place] > start:
        first, last, said = voices[place]
        most, text = max((most, text), (min(end, last) - max(start, first), said))
        place -= 1
    return _known(text)
