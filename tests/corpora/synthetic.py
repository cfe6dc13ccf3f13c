"""Small corpora made of real sound files, for the tests of this folder."""

from itertools import product
from pathlib import Path
from zlib import crc32

import numpy as np
import pandas as pd
import soundfile

from ser_core.corpora import COLUMNS, EMOTIONS, Corpus

HEADER = "file_id\temotion\traw_text\tnormalized_text\tspeaker_id\tgender\tage"


def sound(path: Path, seconds: float = 0.2, sample_rate: int = 8000, channels: int = 1) -> Path:
    """Write a quiet tone, different for every name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    time = np.arange(round(seconds * sample_rate)) / sample_rate
    pitch = 100 + crc32(path.as_posix().encode()) % 30_000 / 100
    tone = 0.1 * np.sin(2 * np.pi * pitch * time)
    soundfile.write(path, np.tile(tone[:, None], channels), sample_rate)
    return path


def nemo(root: Path, rows: list[str], *, encoding: str = "utf-8", newline: str = "\n") -> Path:
    """Write the table of nEMO; its sounds are written by `sound`."""
    root.mkdir(parents=True, exist_ok=True)
    text = newline.join([HEADER, *rows, ""])
    (root / "data.tsv").write_text(text, encoding=encoding, newline="")
    return root


def row(file: str, emotion: str = "anger", speaker: str = "AB0") -> str:
    """One row of that table."""
    return f"{file}\t{emotion}\tZażółć gęślą jaźń.\tzażółć gęślą jaźń\t{speaker}\tfemale\t27"


def corpus_of(clips: pd.DataFrame) -> Corpus:
    """A corpus without files, of a table with any of the columns."""
    table = pd.DataFrame(dict.fromkeys(COLUMNS, pd.NA), index=clips.index)
    for column in clips:
        table[column] = clips[column]
    text = ["emotion", "speaker", "sentence"]
    table[text] = table[text].astype("string")
    table["problem"] = table["problem"].fillna("").astype("string")
    return Corpus("synthetic", Path(), table.rename_axis("clip"))


def acted(speakers: int, sentences: int, emotions: int = 3, takes: int = 1) -> Corpus:
    """Every speaker says every sentence in every emotion, as actors do."""
    ranges = range(speakers), range(sentences), range(emotions), range(takes)
    rows = [
        (f"{who}-{what}-{how}-{take}.wav", f"s{who}", f"t{what}", EMOTIONS[how])
        for who, what, how, take in product(*ranges)
    ]
    table = pd.DataFrame(rows, columns=["clip", "speaker", "sentence", "emotion"])
    return corpus_of(table.set_index("clip"))
