"""Feedback corpora: recordings saved with a label that a user corrected or confirmed."""

from __future__ import annotations

from ser_core.corpora.readers.base import CorpusSource, Listing, Reader, reader, table_of
from ser_core.storage import read_json

MARK = "feedback.json"
"""File by which the folder is known."""

CLIP, LABEL = ".flac", ".json"


@reader("feedback")
class Feedback(Reader):
    """A folder of FLAC files, each with a JSON file of the same name with its label."""

    title = "Feedback"
    expects = f"the folder of kept recordings, with {MARK} and a JSON file beside each FLAC file"
    licence = "Private recordings: share them only with the consent of who speaks in them"

    def detect(self, source: CorpusSource) -> float:
        """Fits when the folder bears the mark."""
        return 0.95 if not source.table and (source.root / MARK).is_file() else 0.0

    def read(self, source: CorpusSource) -> Listing:
        """List the clips by their JSON files."""
        rows = []
        for file in sorted(source.root.glob(f"*{LABEL}")):
            about = read_json(file)
            if file.name == MARK or about is None:
                continue
            row = {"path": f"{file.stem}{CLIP}", "label": about.get("emotion")}
            rows.append(row | {name: about.get(name) or "" for name in ("speaker", "text")})
        return Listing(table_of(rows), source.root, name=self.title)
