"""Databases of audformat, made by the library; without it the error names the extra."""

from __future__ import annotations

import sys

import pandas as pd
import pytest
import soundfile

from ser_core.core import CorpusError, MissingPartError
from ser_core.corpora import make_split, open_corpus
from ser_core.corpora.extracting import extract
from tests.corpora.synthetic import sound

HEADER = "name: toy\nusage: research\nlanguages: [deu]\n"


def test_without_the_library_the_error_names_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "audformat", None)
    (tmp_path / "db.yaml").write_text(HEADER)
    with pytest.raises(MissingPartError, match=r"ser-workbench\[audformat\]"):
        open_corpus(tmp_path)


def test_nothing_that_may_run_code_reaches_the_library(tmp_path):
    mark = tmp_path / "ran"
    (tmp_path / "db.yaml").write_text(f"x: !!python/object/apply:os.mkdir ['{mark}']\n")
    with pytest.raises(CorpusError, match="no plain YAML"):
        open_corpus(tmp_path)
    assert not mark.exists()
    (tmp_path / "db.yaml").write_text(HEADER)
    (tmp_path / "db.files.pkl").write_bytes(b"")
    with pytest.raises(CorpusError, match="may run code"):
        open_corpus(tmp_path)


def database(root, *, segmented=False, stated=True):
    """Four files of two speakers in two parts; speakers in a table of files of their own."""
    audformat = pytest.importorskip("audformat")
    named = [f"audio/{number}.wav" for number in range(4)]
    for name in named:
        sound(root / name, seconds=0.5)
    db = audformat.Database("toy", languages=["deu"], license="CC0-1.0")
    db.schemes["emotion"] = audformat.Scheme(labels=["anger", "happiness"])
    people = {"s1": {"gender": "female", "age": 31}, "s2": {"gender": "male", "age": 40}}
    db.schemes["speaker"] = audformat.Scheme(labels=people)
    db["files"] = audformat.Table(audformat.filewise_index(named))
    db["files"]["speaker"] = audformat.Column(scheme_id="speaker")
    db["files"]["speaker"].set(["s1", "s1", "s2", "s2"])
    for part, own in (("train", named[:2]), ("test", named[2:])):
        db.splits[part] = audformat.Split(part)
        index = (
            audformat.segmented_index(own, ["0s", "0.1s"], ["0.2s", pd.NaT])
            if segmented
            else audformat.filewise_index(own)
        )
        table = db[f"emotion.{part}"] = audformat.Table(index, split_id=part if stated else None)
        table["emotion"] = audformat.Column(scheme_id="emotion")
        table["emotion"].set(["anger", "happiness"])
    db.save(str(root))
    return root


def test_emotions_speakers_and_parts_come_from_their_tables(tmp_path):
    corpus = open_corpus(database(tmp_path))
    assert (corpus.reader, corpus.name, corpus.licence) == ("audformat", "toy", "CC0-1.0")
    clip = corpus.usable.loc["audio/3.wav"]
    assert clip[["emotion", "speaker", "gender", "age", "official"]].to_list() == [
        "happiness", "s2", "male", 40, "test",
    ]  # fmt: skip
    assert len(corpus.usable) == 4
    assert set(make_split(corpus, "official", fractions=(0.8, 0, 0.2)).fold()["test"]) == {
        "audio/2.wav", "audio/3.wav",
    }  # fmt: skip
    assert len(open_corpus(tmp_path, table="emotion.train").usable) == 2
    with pytest.raises(CorpusError, match="Did you mean 'emotion'"):
        open_corpus(tmp_path, emotion="emotoin")


def test_parts_that_only_the_names_of_tables_say_are_read_together(tmp_path):
    corpus = open_corpus(database(tmp_path, stated=False))
    assert corpus.usable["official"].value_counts().to_dict() == {"train": 2, "test": 2}


def test_segments_are_extracted_and_keep_what_is_known_of_their_speaker(tmp_path):
    root = database(tmp_path / "db", segmented=True)
    with pytest.raises(CorpusError, match="corpus extract"):
        open_corpus(root)
    assert extract(root, tmp_path / "out") == 4
    clips = open_corpus(tmp_path / "out").usable.sort_index()
    assert clips["gender"].to_list() == ["female", "female", "male", "male"]
    lengths = [soundfile.info(tmp_path / "out" / clip).duration for clip in clips.index]
    assert lengths == pytest.approx([0.2, 0.4, 0.2, 0.4], abs=1e-3)
    assert len(open_corpus(root, segments="whole").usable) == 4
