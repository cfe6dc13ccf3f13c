"""Writing segments: CSV, Praat's TextGrid, RTTM."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence

import pandas as pd

from ser_core.core import CorpusError
from ser_core.corpora.annotations.segment import Segment

LABELS = "emotion"
"""Tier of a TextGrid for segments without speakers."""

NOBODY = "unknown"
"""Speaker where others are known; read as none."""


def to_csv(segments: Sequence[Segment]) -> str:
    """Columns file, start, end, label, speaker."""
    names = ["file", "start", "end", "label", "speaker"]
    rows = [[getattr(each, name) for name in names] for each in segments]
    text = io.StringIO()
    pd.DataFrame(rows, columns=names).to_csv(text, index=False)
    return text.getvalue()


def to_rttm(segments: Sequence[Segment], file: str) -> str:
    """Lines SPEAKER, in milliseconds; the label stands where RTTM has the orthography.

    Args:
        segments: In any order.
        file: Name of the recording, for segments that name none.
    """
    lines = [
        f"SPEAKER {_word(each.file or file)} 1 {each.start:.3f} {each.duration:.3f} "
        f"{_word(each.label)} <NA> {_word(each.speaker)} <NA> <NA>\n"
        for each in sorted(segments, key=lambda each: each.start)
    ]
    return "".join(lines)


def _word(text: str) -> str:
    """A field of RTTM, which spaces separate."""
    return re.sub(r"\s+", "_", text.strip()) or "<NA>"


def to_textgrid(segments: Sequence[Segment], duration: float) -> str:
    """A TextGrid in the long format: a tier a speaker, or one tier where no speaker is known.

    Args:
        segments: Those of one speaker must not overlap: intervals of a tier follow each other.
        duration: Of the recording, in seconds.

    Raises:
        CorpusError: If segments of one speaker overlap.
    """
    named = any(each.speaker for each in segments)
    tiers: dict[str, list[Segment]] = {} if segments else {LABELS: []}
    for each in sorted(segments, key=lambda each: each.start):
        tiers.setdefault(each.speaker or (NOBODY if named else LABELS), []).append(each)
    end = max([duration, *(each.end for each in segments)])
    lines = [
        'File type = "ooTextFile"', 'Object class = "TextGrid"', "", "xmin = 0", f"xmax = {end!r}",
        "tiers? <exists>", f"size = {len(tiers)}", "item []:",
    ]  # fmt: skip
    for number, (name, own) in enumerate(tiers.items(), start=1):
        rows = _filled(name, own, end)
        lines += [
            f"    item [{number}]:", '        class = "IntervalTier"',
            f"        name = {_quoted(name)}", "        xmin = 0", f"        xmax = {end!r}",
            f"        intervals: size = {len(rows)}",
        ]  # fmt: skip
        for place, (start, stop, text) in enumerate(rows, start=1):
            lines += [
                f"        intervals [{place}]:", f"            xmin = {start!r}",
                f"            xmax = {stop!r}", f"            text = {_quoted(text)}",
            ]  # fmt: skip
    return "\n".join(lines) + "\n"


def _filled(name: str, segments: Sequence[Segment], end: float) -> list[tuple[float, float, str]]:
    """The segments as intervals without gaps: what is between them has an empty text."""
    rows: list[tuple[float, float, str]] = []
    last = 0.0
    for each in segments:
        if each.start < last:
            raise CorpusError(
                f"two segments overlap at {each.start:g} s, which a tier cannot hold",
                subject=name, remedy="Write CSV or RTTM",
            )  # fmt: skip
        if each.start > last:
            rows.append((last, float(each.start), ""))
        # A segment without a label is there all the same.
        rows.append((float(each.start), float(each.end), each.label or "speech"))
        last = float(each.end)
    if last < end or not rows:
        rows.append((last, end, ""))
    return rows


def _quoted(text: str) -> str:
    doubled = text.replace('"', '""')
    return f'"{doubled}"'
