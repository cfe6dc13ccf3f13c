"""The files of a competition as one corpus with a labelled and an unlabelled part."""

import pytest

from ser_core.core import CorpusError, ParameterError
from ser_core.corpora import (
    UNLABELLED,
    audit,
    known_sounds,
    make_split,
    open_corpus,
    remember_labels,
    remembered_labels,
    scan,
)
from tests.corpora.competition import CODES, competition, copy_sound
from tests.corpora.synthetic import sound


@pytest.fixture
def folder(tmp_path, ser_home):
    return competition(tmp_path / "dacon")


@pytest.fixture
def mapped(folder):
    remember_labels(folder, CODES)
    return folder


def test_both_parts_are_one_corpus(mapped):
    corpus = open_corpus(mapped)
    assert (corpus.reader, corpus.name, len(corpus)) == ("competition", "dacon", 9)
    assert corpus.usable["emotion"].to_list() == ["anger", "sadness", "neutral"] * 2
    assert list(corpus.unlabelled.index) == [f"test/TEST_{number}.wav" for number in range(3)]
    assert corpus.ids == {f"test/TEST_{number}.wav": f"TEST_{number}" for number in range(3)}
    assert corpus.template == mapped / "sample_submission.csv"
    assert corpus.faulty == 0
    assert corpus.unlabelled["duration"].to_list() == pytest.approx([0.2] * 3)
    assert "train.csv lists the labelled clips, test.csv the unlabelled ones" in corpus.notes


def test_unlabelled_clips_are_in_no_part_of_a_split(tmp_path):
    folder = competition(tmp_path / "contest", labelled=12)
    remember_labels(folder, CODES)
    corpus = open_corpus(folder)
    split = make_split(corpus, "random", fractions=(0.5, 0.25, 0.25))
    assert not set(split.table.index) & set(corpus.unlabelled.index)


def test_numbers_are_mapped_once_and_found_by_whoever_opens_the_corpus(folder):
    before = open_corpus(folder)
    assert before.usable.empty
    assert set(before.clips["problem"]) == {*(f"unknown label {n}" for n in CODES), UNLABELLED}
    remember_labels(folder, {"0": "angry", "1": "sad"})
    remember_labels(folder, {"2": "neutral"})
    assert open_corpus(folder).label_map == CODES
    assert "Labels as you mapped them before: 0 = anger, 1 = sadness, 2 = neutral" in (
        open_corpus(folder).notes
    )
    assert open_corpus(folder, label_map={"2": "calm"}).label_map["2"] == "calm"
    remember_labels(folder, {"2": ""})
    assert remembered_labels(folder) == {"0": "anger", "1": "sadness"}
    with pytest.raises(ParameterError, match="not an emotion"):
        remember_labels(folder, {"2": "hunger"})


def test_a_filled_submission_beside_the_template_is_left(mapped):
    (mapped / "a_submission.csv").write_text("id,label\nTEST_0,1\nTEST_1,1\nTEST_2,1\n")
    corpus = open_corpus(mapped)
    assert corpus.template == mapped / "sample_submission.csv"
    assert any(note.startswith("Not read: a_submission.csv, its name") for note in corpus.notes)


def test_a_template_is_known_by_its_ids(mapped):
    (mapped / "sample_submission.csv").rename(mapped / "form.csv")
    corpus = open_corpus(mapped)
    assert corpus.template == mapped / "form.csv"
    assert len(corpus.usable) == 6


def test_without_a_table_of_unlabelled_clips_the_template_lists_them(mapped):
    (mapped / "test.csv").unlink()
    corpus = open_corpus(mapped)
    assert len(corpus.usable) == 6
    assert corpus.ids == {f"test/TEST_{number}.wav": f"TEST_{number}" for number in range(3)}


def test_an_empty_column_of_labels_is_an_unlabelled_table(mapped):
    lines = (mapped / "test.csv").read_text().splitlines()
    text = "\n".join([f"{lines[0]},label", *(f"{line}," for line in lines[1:])])
    (mapped / "test.csv").write_text(text)
    assert len(open_corpus(mapped).unlabelled) == 3


def test_a_template_is_no_corpus(mapped):
    (mapped / "train.csv").unlink()
    with pytest.raises(CorpusError, match="no reader fits"):
        open_corpus(mapped)


def test_two_tables_with_labels_are_no_competition(mapped):
    text = (mapped / "test.csv").read_text().splitlines()
    rows = [f"{line},1" for line in text[1:]]
    assert len(rows) == 3
    (mapped / "test.csv").write_text("\n".join(["id,path,label", *rows]))
    (mapped / "sample_submission.csv").unlink()
    corpus = open_corpus(mapped)
    assert (corpus.reader, len(corpus), len(corpus.unlabelled)) == ("manifest", 9, 0)
    assert corpus.notes[0] == "Read test.csv (3 rows), train.csv (6 rows)"
    assert corpus.clips["official"].value_counts().to_dict() == {"train": 6, "test": 3}


def test_a_second_table_of_the_same_clips_is_no_unlabelled_part(mapped):
    (mapped / "test.csv").unlink()
    (mapped / "sample_submission.csv").unlink()
    rows = [f"train/TRAIN_{number}.wav,yes" for number in range(6)]
    (mapped / "texts.csv").write_text("\n".join(["path,text", *rows]))
    assert open_corpus(mapped).reader == "manifest"


def test_a_clip_in_both_tables_is_never_trained_on(mapped):
    with (mapped / "train.csv").open("a") as file:
        file.write("TEST_1,test/TEST_1.wav,2\n")
    corpus = open_corpus(mapped)
    assert len(corpus.usable) == 6
    assert "test/TEST_1.wav" in corpus.unlabelled.index
    assert any("1 clip of train.csv stand in test.csv" in note for note in corpus.notes)


def test_an_unlabelled_clip_without_a_file_is_a_fault(mapped):
    (mapped / "test/TEST_1.wav").unlink()
    corpus = open_corpus(mapped)
    assert corpus.clips.loc["test/TEST_1.wav", "problem"] == "the file is missing"
    assert (len(corpus.unlabelled), corpus.faulty) == (2, 1)


def test_the_same_sound_under_two_names_is_said(mapped):
    copy_sound(mapped, "train/TRAIN_4.wav", "test/TEST_2.wav")
    corpus = open_corpus(mapped)
    measures = scan(corpus)
    assert known_sounds(corpus, measures) == {"test/TEST_2.wav": ["train/TRAIN_4.wav"]}
    (card,) = [issue for issue in audit(corpus, measures) if issue.severity == "error"]
    assert card.title == "1 unlabelled clip with the sound of a labelled one"
    assert card.clips == ["test/TEST_2.wav", "train/TRAIN_4.wav"]


def test_the_audit_counts_unlabelled_clips_and_finds_no_fault(mapped):
    corpus = open_corpus(mapped)
    issues = audit(corpus, scan(corpus))
    assert "3 clips without a label, to be predicted" in [issue.title for issue in issues]
    assert not [issue for issue in issues if issue.severity == "error"]


def test_a_damaged_unlabelled_clip_is_an_error(mapped):
    sound(mapped / "test/TEST_0.wav").write_bytes(b"RIFF")
    corpus = open_corpus(mapped)
    (card,) = [issue for issue in audit(corpus) if issue.severity == "error"]
    assert card.clips == ["test/TEST_0.wav"]
