"""Reading segments: RTTM, Praat's TextGrid, ELAN's EAF, CSV."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from xml.etree import ElementTree

from ser_core.core import CorpusError, files
from ser_core.corpora.annotations.segment import Segment, Tier, segments_of
from ser_core.corpora.clip_tables import guess, times_in
from ser_core.corpora.tables import read_table

ENDINGS = (".rttm", ".textgrid", ".eaf")
"""Endings of files that annotate recordings and nothing else."""


def read_segments(path: Path, tier: str = "") -> list[Segment]:
    """Segments that a file of annotations holds, in the order of time.

    Args:
        path: An `.rttm`, `.TextGrid`, `.eaf`, `.csv` or `.tsv` file.
        tier: Tier of the labels of a TextGrid or an ELAN file, where the guess is wrong; see
            `segments_of`.

    Raises:
        CorpusError: If it cannot be read, is of another kind, or a segment has no length.
    """
    ending = path.suffix.lower()
    if ending in (".csv", ".tsv"):
        return sorted(_csv(path), key=lambda each: (each.start, each.end))
    if ending not in PARSERS:
        raise CorpusError(
            "is no file of segments", subject=str(path),
            remedy="Give an .rttm, .TextGrid, .eaf, .csv or .tsv file",
        )  # fmt: skip
    try:
        return PARSERS[ending](_text(path), tier, str(path))
    except (OSError, ValueError, LookupError, ElementTree.ParseError) as error:
        raise CorpusError(
            f"the segments cannot be read ({error})", subject=str(path),
            remedy="Export them again, as UTF-8",
        ) from error  # fmt: skip


def _text(path: Path) -> str:
    """Text in UTF-8, or in UTF-16 with its mark, as Praat writes names with accents."""
    content = files.read_bytes(path)
    coding = "utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    return content.decode(coding)


def rttm(text: str, _tier: str, subject: str) -> list[Segment]:
    """Lines SPEAKER of Rich Transcription Time Marked, by NIST (RT-09 evaluation plan, 2009).

    Type, file, channel, start, duration, orthography, subtype, speaker, ...: separated by spaces.
    The orthography is taken for the label, where it is not <NA>.
    """
    found = []
    for number, line in enumerate(text.splitlines(), start=1):
        fields = line.split()
        if not fields or fields[0] != "SPEAKER":
            continue
        if len(fields) < 8:
            raise CorpusError(
                f"line {number} has {len(fields)} fields, and a line SPEAKER has 9 or 10",
                subject=subject,
            )
        file, start, length, said, speaker = (fields[place] for place in (1, 3, 4, 5, 7))
        first = float(start)
        label, who = ("" if each == "<NA>" else each for each in (said, speaker))
        found.append(Segment(first, first + float(length), label, who, file))
    return sorted(found, key=lambda each: (each.start, each.end))


_TOKEN = re.compile(r'"((?:[^"]|"")*)"|(?<!\S)(-?\d+(?:\.\d*)?(?:[eE][-+]?\d+)?)(?!\S)')


def textgrid(text: str, tier: str, subject: str) -> list[Segment]:
    """Interval tiers of a TextGrid, long or short: points have no length and are left out.

    Both hold the same texts in quotation marks and free-standing numbers in one order; whatever
    else stands between them is for people. Format: https://www.fon.hum.uva.nl/praat/manual/
    TextGrid_file_formats.html
    """
    tokens = _tokens(text)
    head = [next(tokens, ""), next(tokens, "")]
    if head != ["ooTextFile", "TextGrid"]:
        raise ValueError("it is no text file of a TextGrid")
    try:
        next(tokens), next(tokens)  # begin and end of the recording
        tiers = [_tier(tokens) for _ in range(int(next(tokens)))]
    except StopIteration:
        raise ValueError("it ends in the middle") from None
    return segments_of([each for each in tiers if each.intervals], tier, subject)


def _tokens(text: str) -> Iterator[str]:
    for found in _TOKEN.finditer(text):
        yield found[2] or found[1].replace('""', '"')


def _tier(tokens: Iterator[str]) -> Tier:
    kind, name = next(tokens), next(tokens)
    next(tokens), next(tokens)
    size = int(next(tokens))
    if kind == "TextTier":
        for _ in range(2 * size):
            next(tokens)
        return Tier(name, ())
    rows = [(float(next(tokens)), float(next(tokens)), next(tokens).strip()) for _ in range(size)]
    return Tier(name, tuple(row for row in rows if row[2]))


def eaf(text: str, tier: str, subject: str) -> list[Segment]:
    """Tiers of an ELAN file; what refers to another annotation has the times of that.

    Format: https://www.mpi.nl/tools/elan/EAF_Annotation_Format_3.0_and_ELAN.pdf
    """
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise ValueError("it declares entities, which may open other files")
    root = ElementTree.fromstring(text)  # noqa: S314 - without declarations there is nothing to expand
    slots = {
        slot.get("TIME_SLOT_ID"): float(slot.get("TIME_VALUE", "nan")) / 1000
        for slot in root.iter("TIME_SLOT")
    }
    spans: dict[str | None, tuple[float, float]] = {
        each.get("ANNOTATION_ID"): (
            slots[each.get("TIME_SLOT_REF1")], slots[each.get("TIME_SLOT_REF2")]
        )
        for each in root.iter("ALIGNABLE_ANNOTATION")
    }  # fmt: skip
    refers = {
        each.get("ANNOTATION_ID"): each.get("ANNOTATION_REF")
        for each in root.iter("REF_ANNOTATION")
    }
    tiers = [
        Tier(
            str(each.get("TIER_ID")),
            tuple(_annotations(each, spans, refers)),
            each.get("PARTICIPANT", ""),
        )
        for each in root.iter("TIER")
    ]
    urls = [
        each.get("RELATIVE_MEDIA_URL") or each.get("MEDIA_URL") or ""
        for each in root.iter("MEDIA_DESCRIPTOR")
    ]
    file = PurePosixPath(urls[0].replace("\\", "/")).name if urls else ""
    found = segments_of([each for each in tiers if each.intervals], tier, subject)
    return [Segment(each.start, each.end, each.label, each.speaker, file) for each in found]


def _annotations(
    tier: ElementTree.Element,
    spans: dict[str | None, tuple[float, float]],
    refers: dict[str | None, str | None],
) -> Iterator[tuple[float, float, str]]:
    for each in tier.iter("ANNOTATION"):
        own = each[0]
        key = own.get("ANNOTATION_ID")
        text = (own.findtext("ANNOTATION_VALUE") or "").strip()
        span = _span(key, spans, refers)
        if span is None:
            raise ValueError(f"the annotation {key} has no time")
        if text:
            yield (*span, text)


def _span(
    key: str | None,
    spans: dict[str | None, tuple[float, float]],
    refers: dict[str | None, str | None],
) -> tuple[float, float] | None:
    """Times of an annotation or of what it refers to, however far; None where two refer in a ring.

    Each reference is followed once: what it leads to is kept in `spans`.
    """
    way = []
    while key not in spans:
        if key not in refers:
            return None
        way.append(key)
        key = refers.pop(key)
    spans.update(dict.fromkeys(way, spans[key]))
    return spans[key]


def _csv(path: Path) -> Iterator[Segment]:
    cells = read_table(path)
    times = times_in(cells, path)
    columns = guess(cells.columns)

    def text(field: str) -> list[str]:
        own = columns.get(field)
        return list(cells[own]) if own else [""] * len(cells)

    rows = zip(times["start"], times["end"], *map(text, ("label", "speaker", "path")), strict=True)
    for start, end, label, speaker, file in rows:
        yield Segment(float(start), float(end), label, speaker, file)


PARSERS: dict[str, Callable[[str, str, str], list[Segment]]] = {
    ".rttm": rttm,
    ".textgrid": textgrid,
    ".eaf": eaf,
}
