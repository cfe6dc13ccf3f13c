"""Files of a corpus: missing, unreadable, outside its folder, of another format."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from ser_core.core import files
from ser_core.corpora.checks.problems import NO_EMOTION, REPEATED, with_problem
from ser_core.corpora.corpus import LEFT_OUT, UNLABELLED
from ser_core.corpora.issues import Evidence, Issue, check, listed, number, sentence

OUTSIDE = ("the path ", "a link ")
MISSING = ("the file is missing", "the row names no file")
POINTER = (files.LFS_PROBLEM,)
UNKNOWN_NAME = ("unknown name",)
_ELSEWHERE = (
    *(*OUTSIDE, *MISSING, *REPEATED, *NO_EMOTION, *UNKNOWN_NAME, *POINTER),
    *(UNLABELLED, LEFT_OUT),
)
"""Beginnings of problems that have a card of their own."""


@check("missing", "missing files")
def missing(evidence: Evidence) -> Issue | None:
    """Clips that the corpus lists and the disk does not have."""
    remedy = "Copy the missing files into the corpus folder; until then they are left out."
    return with_problem(evidence, MISSING, "without a file", remedy)


@check("outside", "files outside the folder")
def outside(evidence: Evidence) -> Issue | None:
    """Paths that leave the corpus folder."""
    remedy = "Move the files into the corpus folder and correct the table; they are not opened."
    return with_problem(evidence, OUTSIDE, "outside the corpus folder", remedy)


@check("unreadable", "unreadable files")
def unreadable(evidence: Evidence) -> Issue | None:
    """Files that are no sound, by their header or when decoded."""
    clips = evidence.clips
    problem = clips["scan_problem"].where(clips["scan_problem"] != "", clips["problem"])
    elsewhere = problem.str.startswith(_ELSEWHERE)
    found = problem[(problem != "") & ~elsewhere]
    if found.empty:
        return None
    detail = listed(f"{text} ({count:,})" for text, count in found.value_counts().items())
    return Issue(
        f"{number(len(found), 'clip')} cannot be read",
        "error",
        list(found.index),
        "Copy or convert them again; until then they fail when used.",
        sentence(detail),
    )


@check("unknown-names", "files with names that the reader does not know")
def unknown_names(evidence: Evidence) -> Issue | None:
    """Files whose names are not of the scheme of the corpus."""
    remedy = (
        "They may belong to another corpus, or be renamed: take a reader that reads them "
        "(--reader), or move them out of the folder."
    )
    return with_problem(evidence, UNKNOWN_NAME, "with a name that the reader does not know", remedy)


@check("pointers", "pointers of Git LFS in place of files")
def pointers(evidence: Evidence) -> Issue | None:
    """Files that were not fetched."""
    remedy = "Fetch the sound files in the folder of the corpus: git lfs pull."
    return with_problem(evidence, POINTER, "not fetched: Git LFS left a pointer to each", remedy)


@check("containers", "files named as another format")
def containers(evidence: Evidence) -> Issue | None:
    """Files whose content is of another format than their ending says."""
    clips = evidence.usable.index
    kinds = {str(clip): _unlike(evidence.corpus.root / str(clip)) for clip in clips}
    found = {clip: kind for clip, kind in kinds.items() if kind}
    if not found:
        return None
    counts = pd.Series(found).value_counts()
    return Issue(
        f"{number(len(found), 'file')} named as another format than the content",
        "info",
        list(found),
        "They are read by their content; other programs may need the right ending.",
        listed(f"{kind} ({many:,})" for kind, many in counts.items()) + ".",
    )


_MAGIC = {
    "WAV": ({".wav", ".rf64"}, (b"RIFF", b"RIFX", b"RF64")),
    "FLAC": ({".flac"}, (b"fLaC",)),
    "Ogg": ({".ogg", ".oga", ".opus", ".spx"}, (b"OggS",)),
    "AIFF": ({".aif", ".aiff", ".aifc"}, (b"FORM",)),
    "MP3": ({".mp3", ".mp2"}, (b"ID3", b"\xff\xfb", b"\xff\xf3", b"\xff\xf2")),
}


def _unlike(file: Path) -> str:
    """What a file is and what it is named, where both are known and differ."""
    named = next((kind for kind, (ends, _) in _MAGIC.items() if file.suffix.lower() in ends), "")
    if not named or not files.is_file(file):
        return ""
    with files.regular(file, files.WEIGHTS).open("rb") as opened:
        start = opened.read(4)
    real = next((kind for kind, (_, magic) in _MAGIC.items() if start.startswith(magic)), "")
    return f"{real} named {file.suffix}" if real and real != named else ""
