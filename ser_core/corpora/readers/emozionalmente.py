"""Emozionalmente: Italian recordings of volunteers, with a table of clips and one of people."""

from __future__ import annotations

import pandas as pd

from ser_core.corpora.readers.base import CorpusSource, Listing, Reader, reader
from ser_core.corpora.tables import header, read_table

CLIPS, PEOPLE = r"samples\.csv", r"users\.csv"
COLUMNS = {
    "file_name": "file",
    "emotion_expressed": "label",
    "actor": "speaker",
    "sentence": "text",
}
ABOUT = {"username": "speaker", "gender": "gender", "age": "age"}


@reader("emozionalmente")
class Emozionalmente(Reader):
    """`metadata/samples.csv` and `metadata/users.csv` beside a folder `audio`.

    Catania (2022), Emozionalmente, zenodo.org/records/6569824: 6,902 clips of 431 people.
    """

    title = "Emozionalmente"
    expects = "a table samples.csv with file_name, actor, sentence and emotion_expressed"
    licence = "CC BY 4.0"
    language = "Italian"
    source = "zenodo.org/records/6569824"

    def detect(self, source: CorpusSource) -> float:
        """Certain when the table has these columns."""
        tables = [] if source.table else source.named(CLIPS)
        return 0.95 if any({*COLUMNS} <= {*header(source.root / name)} for name in tables) else 0.0

    def read(self, source: CorpusSource) -> Listing:
        """List the clips.

        Raises:
            CorpusError: If a table is missing, cannot be read or lacks a column.
        """
        name = next(iter(source.named(CLIPS)), "metadata/samples.csv")
        rows = read_table(source.root / name, required=COLUMNS)[list(COLUMNS)]
        rows = rows.rename(columns=COLUMNS)
        rows["path"] = source.index.find(rows.pop("file"))
        rows["sentence"] = rows["text"].str.casefold()
        return Listing(_with_people(rows, source), source.root, name=self.title)


def _with_people(rows: pd.DataFrame, source: CorpusSource) -> pd.DataFrame:
    """The rows with gender and age of each speaker, where the table of people is there."""
    for name in source.named(PEOPLE)[:1]:
        people = read_table(source.root / name, required=ABOUT)[list(ABOUT)]
        people = people.rename(columns=ABOUT).drop_duplicates("speaker")
        rows = rows.merge(people, how="left", on="speaker")
    return rows
