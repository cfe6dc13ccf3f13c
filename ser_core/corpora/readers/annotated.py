"""Recordings with files of annotations beside them: RTTM, Praat's TextGrid, ELAN."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from ser_core.core import CorpusError
from ser_core.corpora.annotations import ENDINGS, Segment, read_segments
from ser_core.corpora.readers.base import CorpusSource, Listing, Reader, reader, table_of

ANNOTATIONS = "|".join(rf"[^/]+\{ending}" for ending in ENDINGS)


@reader("annotations")
class Annotated(Reader):
    """Recordings, and files that say who speaks or feels what from when to when.

    The recording of a file is the one that it names (RTTM, ELAN), or has its name (TextGrid).
    """

    title = "Annotated recordings"
    expects = "files .rttm, .TextGrid or .eaf that annotate recordings beside them"

    def detect(self, source: CorpusSource) -> float:
        """Fits where nothing else does: corpora of clips may have such files of phones, too."""
        return 0.05 if _files(source) else 0.0

    def read(self, source: CorpusSource, *, tier: str = "") -> Listing:
        """List nothing: recordings are not clips.

        Raises:
            CorpusError: Always; it says what to do.
        """
        self.segments(source, tier=tier)
        raise CorpusError(
            "the files annotate segments of recordings, which are not cut",
            subject=str(source.path),
            remedy="Write the segments as files of their own by corpus extract",
        )

    def segments(self, source: CorpusSource, *, tier: str = "") -> Listing:
        """List the segments of all files.

        Args:
            source: The folder, or one file of annotations.
            tier: Tier of the labels, where the guess is wrong.

        Raises:
            CorpusError: If there is no such file, one cannot be read, or its recording is not
                found.
        """
        chosen = _files(source)
        if not chosen:
            raise CorpusError(
                "there is no file .rttm, .TextGrid or .eaf", subject=str(source.path),
                remedy="Give the folder of the recordings and their annotations",
            )  # fmt: skip
        found = [(file, each) for file in chosen for each in read_segments(file, tier)]
        names = pd.Series([each.file or file.stem for file, each in found], dtype=object)
        folders = pd.Series([_folder(file, source.root) for file, _ in found], dtype=object)
        # The recording beside a file is meant where several folders have one of its name.
        places = pd.concat(
            source.index.find(own, [str(folder)] if folder else [], strict=True)
            for folder, own in names.groupby(folders)
        ).sort_index()
        rows = [
            _row(file, each, path, known=source.index.is_file(path))
            for (file, each), path in zip(found, places, strict=True)
        ]
        table = table_of(rows)
        empty = [name for name in ("label", "speaker") if name in table and not any(table[name])]
        return Listing(table.drop(columns=empty), source.root)


def _files(source: CorpusSource) -> list[Path]:
    if source.table:
        return [source.table] if source.table.suffix.lower() in (*ENDINGS, ".csv", ".tsv") else []
    return [source.root / name for name in source.named(ANNOTATIONS)]


def _folder(file: Path, root: Path) -> str:
    folder = file.parent.relative_to(root).as_posix() if file.is_relative_to(root) else "."
    return "" if folder == "." else folder


def _row(file: Path, segment: Segment, path: str, *, known: bool) -> dict[str, object]:
    if not known:
        raise CorpusError(
            f"its recording {segment.file or file.stem} is not in the folder", subject=str(file),
            remedy="Put the recording beside the annotations, under that name",
        )  # fmt: skip
    return {
        "path": path, "start": segment.start, "end": segment.end,
        "label": segment.label, "speaker": segment.speaker,
    }  # fmt: skip
