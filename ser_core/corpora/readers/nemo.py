"""nEMO, Polish acted emotions: a table `data.tsv` beside a folder `samples`."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from ser_core.corpora.readers.base import CorpusSource, Listing, Reader, reader
from ser_core.corpora.tables import header, read_table

COLUMNS = {
    "emotion": "label",
    "speaker_id": "speaker",
    "gender": "gender",
    "age": "age",
    "raw_text": "text",
}


@reader("nemo")
class Nemo(Reader):
    """The layout of the original (WAV, 24 kHz) and of its conversions to other formats.

    The sentence is the number in the file name, SPEAKER_emotion_SENTENCE. Christop (2024), nEMO:
    Dataset of Emotional Speech in Polish.
    """

    title = "nEMO"
    expects = "a table data.tsv with file_id, emotion and speaker_id, beside a folder samples/"
    licence = "CC BY-NC-SA 4.0"
    language = "Polish"
    source = "Christop (2024)"

    def detect(self, source: CorpusSource) -> float:
        """Certain when the table has the columns of nEMO."""
        table = _table(source)
        return float(table is not None and {"file_id", *COLUMNS} <= set(header(table)))

    def read(self, source: CorpusSource) -> Listing:
        """List the rows of the table.

        Raises:
            CorpusError: If there is no such table, or it cannot be read.
        """
        path = _table(source) or source.root / "data.tsv"
        table = read_table(path, required=("file_id", *COLUMNS))
        rows = table.rename(columns=COLUMNS)
        rows["path"] = ("samples/" + table["file_id"]).where(table["file_id"] != "", "")
        rows["sentence"] = table["file_id"].str.extract(r"_(\d+)\.\w+$", expand=False)
        return Listing(pd.DataFrame(rows), path.parent, name=self.title)


def _table(source: CorpusSource) -> Path | None:
    return source.table or source.find("data.tsv")
