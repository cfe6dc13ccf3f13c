"""The split that a corpus comes with: found, kept, made a policy, audited."""

from __future__ import annotations

import pandas as pd
import pytest

from ser_core.core import SplitError
from ser_core.corpora import audit, audit_split, make_split, open_corpus
from tests.corpora.synthetic import acted, corpus_of, sound


def with_split(values, speakers: int = 5):
    """Each speaker in every emotion; `values` says the part of each by number."""
    clips = acted(speakers, 4).clips
    own = clips["speaker"].str[1:].astype(int).map(values)
    return corpus_of(clips.assign(official=own.astype("string")))


def counts(split, fold=0):
    return {part: len(clips) for part, clips in split.fold(fold).items()}


def test_the_parts_are_those_of_the_corpus_whatever_they_are_called():
    corpus = with_split({0: "Train", 1: "train", 2: "training", 3: "Dev", 4: "Test1"})
    split = make_split(corpus, "official")
    speaker = corpus.clips["speaker"]
    assert dict(speaker.groupby(split.parts).unique().map(sorted)) == {
        "train": ["s0", "s1", "s2"], "validation": ["s3"], "test": ["s4"],
    }  # fmt: skip
    assert split.notes == (
        "The test part is of one speaker, s4: its figures are of that voice alone",
    )
    assert audit_split(split, corpus).grade == "B"


def test_without_a_validation_part_speakers_of_train_validate():
    corpus = with_split({0: "train", 1: "train", 2: "train", 3: "train", 4: "test"})
    split = make_split(corpus, "official")
    parts = corpus.clips["speaker"].groupby(split.parts).unique().map(set)
    assert parts["test"] == {"s4"}
    assert len(parts["validation"]) == 1
    assert not parts["validation"] & parts["train"]
    assert "Validation is speakers of the training part" in split.notes[0]
    hashes = {make_split(corpus, "official", seed=seed).hash for seed in range(8)}
    assert len(hashes) > 1
    none = make_split(corpus, "official", fractions=(0.9, 0, 0.1))
    assert counts(none) == {"train": 48, "validation": 0, "test": 12}


def test_without_a_test_part_the_validation_part_tests():
    corpus = with_split({0: "train", 1: "train", 2: "train", 3: "train", 4: "dev"})
    split = make_split(corpus, "official")
    assert set(corpus.clips["speaker"][split.parts == "test"]) == {"s4"}
    assert "its validation part is the test" in split.notes[0]


def test_clips_without_a_part_are_unused_and_said():
    corpus = with_split({0: "train", 1: "train", 2: "dev", 3: "test", 4: "extra"})
    split = make_split(corpus, "official")
    assert counts(split)["unused"] == 12
    assert split.notes[0].startswith("12 clips are unused")
    assert "extra" in split.notes[0]


def test_folds_test_in_turn():
    corpus = with_split({n: f"{n + 1}" for n in range(5)})
    split = make_split(corpus, "official")
    assert split.folds == ["1", "2", "3", "4", "5"]
    for number in range(5):
        parts = corpus.clips["speaker"].groupby(split.table.iloc[:, number]).unique().map(list)
        assert parts["test"] == [f"s{number}"]
        assert parts["validation"] == [f"s{(number + 1) % 5}"]
    assert audit_split(split, corpus).grade == "B"


def test_two_folds_leave_the_validation_to_train():
    corpus = with_split({0: "fold1", 1: "fold1", 2: "fold1", 3: "fold2", 4: "fold2"})
    split = make_split(corpus, "official", fractions=(0.6, 0.2, 0.2))
    for number in range(2):
        assert all(split.fold(number)[part] for part in ("train", "validation", "test"))


def test_a_leaking_official_split_is_graded_so():
    clips = acted(3, 3, takes=2).clips
    take = clips.index.str.extract(r"-(\d)\.wav$")[0].to_numpy()
    own = pd.Series(take, index=clips.index).map({"0": "train", "1": "test"}).astype("string")
    corpus = corpus_of(clips.assign(official=own))
    split = make_split(corpus, "official", fractions=(0.8, 0, 0.2))
    assert audit_split(split, corpus).grade == "E"


@pytest.mark.parametrize("values", [{}, {n: f"group {'abcde'[n]}" for n in range(5)}])
def test_a_corpus_without_one_says_how_to_name_it(values):
    with pytest.raises(SplitError, match=r"columns\.official=NAME"):
        make_split(with_split(values), "official")


def test_a_column_of_the_table_is_found(tmp_path):
    rows = ["file,emotion,speaker,Split_Set"]
    for number in range(12):
        sound(tmp_path / f"{number}.wav")
        part = ("Train", "Train", "Development", "Test1")[number % 4]
        rows.append(f"{number}.wav,{('anger', 'fear', 'sadness')[number % 3]},s{number % 4},{part}")
    (tmp_path / "meta.csv").write_text("\n".join(rows))
    corpus = open_corpus(tmp_path)
    assert set(corpus.clips["official"]) == {"Train", "Development", "Test1"}
    (card,) = [each for each in audit(corpus) if "split of its own" in each.title]
    assert "Train 6 clips" in card.detail
    assert counts(make_split(corpus, "official")) == {"train": 6, "validation": 3, "test": 3}


def test_tables_of_the_parts_are_read_together(tmp_path):
    emotions = ("anger", "fear", "sadness")
    for part, clips in (("train", 6), ("dev", 3), ("test", 3)):
        rows = ["file,emotion"]
        for number in range(clips):
            sound(tmp_path / part / f"{number}.wav")
            rows.append(f"{part}/{number}.wav,{emotions[number % 3]}")
        (tmp_path / f"{part}.csv").write_text("\n".join(rows))
    (tmp_path / "all_copies.csv").write_text((tmp_path / "train.csv").read_text())
    corpus = open_corpus(tmp_path)
    assert len(corpus.usable) == 12
    assert counts(make_split(corpus, "official")) == {"train": 6, "validation": 3, "test": 3}
    assert any("all_copies.csv, its clips are those of train.csv" in n for n in corpus.notes)


def test_folders_of_the_parts_are_the_official_split(tmp_path):
    for part, emotion, number in (
        (p, e, n) for p in ("train", "val", "test") for e in ("angry", "sad") for n in range(2)
    ):
        sound(tmp_path / part / emotion / f"{number}.wav")
    corpus = open_corpus(tmp_path)
    assert corpus.emotions == ["anger", "sadness"]
    assert counts(make_split(corpus, "official")) == {"train": 4, "validation": 4, "test": 4}
