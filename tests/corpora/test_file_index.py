"""Names that several folders have alike: the table's own folder counts, or none does."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from ser_core.core import CorpusError
from ser_core.corpora import open_corpus
from ser_core.corpora.extracting import extract
from ser_core.corpora.file_index import FileIndex
from tests.corpora.synthetic import sound

EMOTIONS = ("anger", "fear", "sadness", "neutral")
TEXTGRID = """File type = "ooTextFile"
Object class = "TextGrid"
0
0.4
<exists>
1
"IntervalTier"
"emotion"
0
0.4
1
0
0.4
"{label}"
"""


@pytest.fixture
def two(tmp_path):
    """The same eight names in `train` and in `test`."""
    for folder in ("test", "train"):
        for number in range(8):
            sound(tmp_path / "corpus" / folder / f"{number:04}.wav")
    return tmp_path / "corpus"


def table(file, numbers=range(8), header="file,emotion", first=0, ending=".wav"):
    rows = [f"{number:04}{ending},{EMOTIONS[(first + number) % 4]}" for number in numbers]
    file.write_text("\n".join([header, *rows, ""]))


def emotions(corpus):
    return corpus.clips["emotion"].dropna().to_dict()


def expected(folder, numbers=range(8), first=0):
    return {f"{folder}/{number:04}.wav": EMOTIONS[(first + number) % 4] for number in numbers}


def test_a_table_means_the_files_of_its_own_folder_though_others_have_more(two):
    (two / "train/0001.wav").unlink()
    table(two / "train/labels.csv")
    corpus = open_corpus(two)
    assert list(corpus.clips.index[corpus.clips["problem"] != ""]) == ["0001.wav"]
    found = expected("train", [0, *range(2, 8)])
    assert corpus.usable["emotion"].to_dict() == found
    assert "8 sound files in no table that was read, as test/0000.wav" in corpus.notes


@pytest.mark.parametrize("name", ["train.csv", "train_labels.csv", "labels_train.csv"])
def test_a_table_means_the_folder_of_its_name(two, name):
    table(two / name)
    assert emotions(open_corpus(two)) == expected("train")


def test_tables_of_the_parts_are_read_together_wherever_they_lie(two):
    table(two / "train/metadata.csv")
    table(two / "test/metadata.csv", first=1)
    corpus = open_corpus(two)
    assert emotions(corpus) == expected("train") | expected("test", first=1)
    assert corpus.clips["official"].value_counts().to_dict() == {"train": 8, "test": 8}


def test_an_unlabelled_table_of_another_folder_takes_no_labels(two):
    table(two / "train/metadata.csv")
    (two / "test/metadata.csv").write_text("file\n" + "".join(f"{n:04}.wav\n" for n in range(8)))
    corpus = open_corpus(two)
    assert corpus.reader == "competition"
    assert emotions(corpus) == expected("train")
    assert list(corpus.unlabelled.index) == [f"test/{n:04}.wav" for n in range(8)]


def test_where_nothing_says_which_folder_is_meant_it_is_asked(two):
    table(two / "labels.csv")
    with pytest.raises(CorpusError, match=r"several folders alike, as 0000.wav in test, train.*so"):
        open_corpus(two)
    given = open_corpus(two, "manifest", table="labels.csv", sound="test")
    assert emotions(given) == {f"{n:04}.wav": EMOTIONS[n % 4] for n in range(8)}


def test_tables_of_one_name_in_several_folders_are_one_corpus(tmp_path):
    for place, speaker in enumerate(("anna", "bea", "carl")):
        for number in range(4):
            sound(tmp_path / speaker / f"{number:04}.wav")
        table(tmp_path / speaker / "labels.csv", range(4), first=place)
    corpus = open_corpus(tmp_path)
    together = [expected(s, range(4), first=i) for i, s in enumerate(("anna", "bea", "carl"))]
    assert emotions(corpus) == {**together[0], **together[1], **together[2]}
    assert not any(corpus.clips["official"].notna() & (corpus.clips["official"] != ""))


def test_a_small_table_does_not_hide_folders_of_emotions(tmp_path):
    for emotion in EMOTIONS:
        for number in range(3):
            sound(tmp_path / emotion / f"{number}.wav")
    (tmp_path / "examples.csv").write_text("file,emotion\nanger/0.wav,anger\nfear/1.wav,fear\n")
    corpus = open_corpus(tmp_path)
    assert (corpus.reader, len(corpus.usable)) == ("folders", 12)


def test_sound_that_was_converted_is_found_by_its_name(tmp_path):
    for number in range(8):
        sound(tmp_path / "clips" / f"{number:04}.wav")
    table(tmp_path / "meta.csv", ending=".mp3")
    assert emotions(open_corpus(tmp_path)) == expected("clips")


def test_a_second_column_of_names_is_tried_where_the_first_holds_no_files(tmp_path):
    for number in range(4):
        sound(tmp_path / f"{number}.wav")
    rows = [f"id-{number},{number}.wav,{EMOTIONS[number]}" for number in range(4)]
    (tmp_path / "meta.csv").write_text("\n".join(["file_id,wav_path,emotion", *rows]))
    assert emotions(open_corpus(tmp_path)) == {f"{n}.wav": EMOTIONS[n] for n in range(4)}


def test_a_missing_file_is_not_taken_from_another_folder():
    index = FileIndex(Path("/corpus"), ["a/0.wav", "a/1.wav", "b/0.wav", "b/2.wav"])
    found = index.find(pd.Series(["0.wav", "1.wav", "2.wav"]), ["a"], strict=True)
    assert found.to_list() == ["a/0.wav", "a/1.wav", "2.wav"]


def test_a_textgrid_means_the_recording_beside_it(tmp_path):
    for speaker, label in (("s1", "anger"), ("s2", "sadness")):
        sound(tmp_path / "talk" / speaker / "rec.wav", seconds=0.4)
        text = TEXTGRID.format(label=label)
        (tmp_path / "talk" / speaker / "rec.TextGrid").write_text(text)
    assert extract(tmp_path / "talk", tmp_path / "out") == 2
    cut = open_corpus(tmp_path / "out").clips["emotion"].to_dict()
    assert {path.split("/")[1]: emotion for path, emotion in cut.items()} == {
        "s1": "anger", "s2": "sadness",
    }  # fmt: skip
