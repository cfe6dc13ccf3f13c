"""MSP-Podcast: turns of podcasts, in one table of the labels that most raters gave."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from ser_core.core import CorpusError, ParameterError
from ser_core.corpora.readers.base import CorpusSource, Listing, Reader, reader
from ser_core.corpora.tables import read_table

TABLE = r"labels_con[sc]ensus\.csv"  # the name was misspelled in earlier releases
COLUMNS = {
    "FileName": "file", "EmoClass": "label", "SpkrID": "speaker", "Gender": "gender",
    "Split_Set": "official",
}  # fmt: skip
WORDS_OF_LABELS = {
    "A": "anger", "H": "happiness", "S": "sadness", "N": "neutral",
    "U": "surprise", "F": "fear", "D": "disgust", "C": "contempt",
}  # fmt: skip
UNDECIDED = {"X": "no agreement", "O": "other"}


@reader("msp-podcast")
class MspPodcast(Reader):
    """`Labels/labels_consensus.csv` beside a folder of sound, `Audios` or `Audio`.

    Lotfian & Busso (2019), Building naturalistic emotionally balanced speech corpus by retrieving
    emotional speech from existing podcast recordings. A speaker called Unknown is not a person:
    such clips have no speaker.
    """

    title = "MSP-Podcast"
    expects = "a table Labels/labels_consensus.csv with FileName, EmoClass, SpkrID and Split_Set"
    licence = "Licence agreement of UT Dallas"
    language = "English"
    source = "Lotfian & Busso (2019)"
    own_split = (
        "Train, Development and Test1, whose speakers the authors keep apart where they are known "
        "(Lotfian & Busso 2019)"
    )

    def detect(self, source: CorpusSource) -> float:
        """Certain when there is such a table."""
        return 0.95 if not source.table and source.named(TABLE) else 0.0

    def read(self, source: CorpusSource, *, test: str = "Test1") -> Listing:
        """List the turns on whose emotion the raters agree.

        Args:
            source: Folder of the release.
            test: Test set of the official split. Clips of other test sets are in no part of it, as
                figures on different test sets are different figures.

        Raises:
            CorpusError: If there is no such table, or it cannot be read.
            ParameterError: If the corpus has no such test set.
        """
        found = source.named(TABLE)
        if not found:
            raise CorpusError(
                "there is no table of labels", subject=str(source.path),
                remedy=f"Looked for {self.expects}",
            )  # fmt: skip
        table = read_table(source.root / found[0], required=COLUMNS)
        rows = table[list(COLUMNS)].rename(columns=COLUMNS)
        rows["gender"] = rows["gender"].str.lower()
        tests = sorted({part for part in rows["official"] if part.startswith("Test")})
        if tests and test not in tests:
            raise ParameterError(
                "the corpus has no such test set", subject=test,
                remedy=f"It has {', '.join(tests)}",
            )  # fmt: skip
        notes = [*_left_out(rows), *_other_tests(rows, test)]
        rows = rows[~rows["label"].isin(UNDECIDED)].reset_index(drop=True)
        rows["path"] = source.index.find(rows.pop("file"))
        others = rows["official"].isin(set(tests) - {test})
        rows["official"] = rows["official"].mask(others, "")
        return Listing(rows, source.root, WORDS_OF_LABELS, self.title, tuple(notes))


def _left_out(rows: pd.DataFrame) -> Iterator[str]:
    counts = rows["label"].value_counts()
    left = [f"{counts[code]:,} {said}" for code, said in UNDECIDED.items() if code in counts]
    if left:
        yield f"Not listed, since they have no emotion that most raters gave: {', '.join(left)}"


def _other_tests(rows: pd.DataFrame, test: str) -> Iterator[str]:
    others = rows.loc[rows["official"].str.startswith("Test"), "official"].value_counts()
    others = others.drop(test, errors="ignore")
    if len(others):
        shown = ", ".join(f"{name} {many:,}" for name, many in others.items())
        yield f"The official split tests on {test}; in none of its parts: {shown} (--option test=)"
