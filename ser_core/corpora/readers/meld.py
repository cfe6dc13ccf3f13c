"""MELD: utterances of a television series, in three tables and three folders of clips."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath

import pandas as pd

from ser_core.corpora.parts import part_in_name
from ser_core.corpora.readers.base import CorpusSource, Listing, Reader, reader
from ser_core.corpora.tables import read_table

TABLE = r"(?:train|dev|test)_sent_emo\.csv"
COLUMNS = {"Emotion": "label", "Speaker": "speaker", "Utterance": "text"}
NUMBERS = ("Dialogue_ID", "Utterance_ID")
_CLIP = re.compile(r"dia\d+_utt\d+")
SEVERAL = ("all", "both", "everyone", "together")
"""Names in the column of speakers that are no one person."""


@reader("meld")
class Meld(Reader):
    """Tables `train_sent_emo.csv`, `dev_sent_emo.csv` and `test_sent_emo.csv` beside the clips.

    Poria et al. (2019), MELD: a multimodal multi-party dataset for emotion recognition in
    conversations. A clip is `dia0_utt0.mp4`, or sound of that name, in a folder whose name says the
    part, since each part counts from 0 (`train_splits`, `dev_splits_complete`,
    `output_repeated_splits_test`).
    """

    title = "MELD"
    expects = (
        "tables train_sent_emo.csv, dev_sent_emo.csv and test_sent_emo.csv, and clips named like "
        "dia0_utt0.mp4 in a folder for each part"
    )
    licence = "GPL 3.0; the clips are of a television series"
    language = "English"
    source = "Poria et al. (2019)"
    own_split = (
        "train, dev and test; the six main characters speak in all of them, so most test speakers "
        "are known (Poria et al. 2019)"
    )

    def detect(self, source: CorpusSource) -> float:
        """Certain when a table and a clip have such names."""
        fits = not source.table and source.named(TABLE) and _clips(source.files)
        return 0.95 if fits else 0.0

    def read(self, source: CorpusSource, *, encoding: str = "") -> Listing:
        """List the utterances of all parts.

        Args:
            source: Folder that holds the tables and the clips.
            encoding: Of the tables, as cp1252; found out when empty.

        Raises:
            CorpusError: If a table cannot be read or lacks a column.
        """
        clips = _clips(source.files)
        found = [_rows(source, name, clips, encoding) for name in source.named(TABLE)]
        rows = pd.concat(found, ignore_index=True) if found else pd.DataFrame({"path": []})
        return Listing(rows, source.root, name=self.title)


def _clips(paths: Iterable[str]) -> dict[tuple[str, str], str]:
    """File of each part and name of a clip; of a clip in several formats the first."""
    found: dict[tuple[str, str], str] = {}
    for path in paths:
        name = PurePosixPath(path).stem
        if _CLIP.fullmatch(name):
            found.setdefault((_part(path), name), path)
    return found


def _part(path: str) -> str:
    """Part that the nearest folder that names one says."""
    folders = PurePosixPath(path).parent.parts
    return next((part for folder in reversed(folders) if (part := part_in_name(folder))), "")


def _rows(
    source: CorpusSource, name: str, clips: Mapping[tuple[str, str], str], encoding: str
) -> pd.DataFrame:
    table = read_table(source.root / name, required=(*COLUMNS, *NUMBERS), encoding=encoding)
    rows = table[list(COLUMNS)].rename(columns=COLUMNS)
    part = part_in_name(PurePosixPath(name).stem)
    names = [f"dia{dialogue}_utt{number}" for dialogue, number in table[list(NUMBERS)].to_numpy()]
    rows["path"] = [clips.get((part, clip), f"{part}/{clip}.mp4") for clip in names]
    rows["sentence"] = rows["text"].str.casefold()
    rows["speaker"] = rows["speaker"].mask(rows["speaker"].str.casefold().isin(SEVERAL), "")
    return rows.assign(official=part)
