"""The template of a submission: filled exactly, or refused in words."""

import numpy as np
import pandas as pd
import pytest

from ser_core.core import CorpusError, ParameterError
from ser_core.corpora import open_corpus, read_template, remember_labels
from ser_core.inference.submission import (
    UnlabelledPart,
    class_counts,
    part_of,
    submission,
    unlabelled_part,
)
from tests.corpora.competition import CODES, competition
from tests.corpora.synthetic import sound

CLASSES = ("anger", "sadness", "neutral")
ANSWERS = ("neutral", "anger", "sadness")
IDS = {f"test/TEST_{number}.wav": f"TEST_{number}" for number in range(3)}


@pytest.fixture
def part(tmp_path):
    return UnlabelledPart(tmp_path, IDS, CODES)


def template(folder, *lines, end="\n", name="sample_submission.csv"):
    path = folder / name
    path.write_bytes(end.join([*lines, ""]).encode())
    return path


def predicted(answers=ANSWERS):
    """A table as `classify` gives it, with a probability of 0.8 for each answer."""
    rows = [
        {f"p_{name}": (0.8 if name == answer else 0.1) if answer else np.nan for name in CLASSES}
        | {"answer": answer, "problem": "" if answer else "is silent"}
        for answer in answers
    ]
    return pd.DataFrame(rows)


def test_the_template_comes_back_with_the_labels_and_nothing_else(part, tmp_path):
    path = template(tmp_path, "id,label", "TEST_2,0", "TEST_0,0", "TEST_1,0")
    found = submission(part, CLASSES, path).filled(predicted())
    assert found == b"id,label\nTEST_2,1\nTEST_0,2\nTEST_1,0\n"


def test_the_form_of_the_file_is_kept(part, tmp_path):
    lines = ['"ID";"label"', '"TEST_0";"0"', '"TEST_1";"0"', '"TEST_2";"0"']
    path = template(tmp_path, "\ufeff" + lines[0], *lines[1:], end="\r\n")
    found = submission(part, CLASSES, path).filled(predicted()).decode()
    assert found == '\ufeff"ID";"label"\r\n"TEST_0";"2"\r\n"TEST_1";"0"\r\n"TEST_2";"1"\r\n'


@pytest.mark.parametrize("encoding", ["utf-16", "cp949"])
def test_the_encoding_of_the_file_is_kept(part, tmp_path, encoding):
    path = tmp_path / "sample_submission.csv"
    path.write_bytes("id,감정\nTEST_0,0\nTEST_1,0\nTEST_2,0\n".encode(encoding))
    found = submission(part, CLASSES, path).filled(predicted())
    assert found == "id,감정\nTEST_0,2\nTEST_1,0\nTEST_2,1\n".encode(encoding)


def test_what_the_encoding_of_the_file_cannot_say_is_refused(tmp_path):
    path = tmp_path / "t.csv"
    path.write_bytes("id,감정\na,기쁨\n".encode("cp949"))
    with pytest.raises(CorpusError, match="'ż' cannot be written"):
        read_template(path).written(["id", "감정"], [["a", "żal"]])


@pytest.mark.parametrize(
    "spelled",
    ["TEST_{}", "TEST_{}.wav", "test/TEST_{}", "./test/TEST_{}.wav", "audio\\TEST_{}.wav"],
)
def test_ids_with_and_without_folder_and_ending(part, tmp_path, spelled):
    rows = [f"{spelled.format(number)},0" for number in range(3)]
    path = template(tmp_path, "file,label", *rows)
    found = submission(part, CLASSES, path).filled(predicted()).decode().splitlines()
    assert found[1:] == [f"{spelled.format(n)},{code}" for n, code in enumerate("201")]


def test_ids_of_the_table_that_are_not_the_names_of_files(tmp_path):
    part = UnlabelledPart(tmp_path, {"a.wav": "17", "b.wav": "16"}, CODES)
    path = template(tmp_path, "id,label", "16,0", "17,0")
    found = submission(part, CLASSES, path).filled(predicted(("neutral", "anger")))
    assert found == b"id,label\n16,0\n17,2\n"


def test_missing_and_surplus_ids_are_refused(part, tmp_path):
    path = template(tmp_path, "id,label", "TEST_0,0", "TEST_7,0", "TEST_8,0")
    with pytest.raises(ParameterError) as refused:
        submission(part, CLASSES, path)
    said = str(refused.value)
    assert "2 of 3 ids have no clip: TEST_7, TEST_8" in said
    assert "2 unlabelled clips have no id in the template: test/TEST_1.wav, test/TEST_2.wav" in said
    assert "Check that the template and the sound are of one competition" in said


def test_an_id_that_names_two_files_is_refused(tmp_path):
    part = UnlabelledPart(tmp_path, {"a/x.wav": "a/x.wav", "b/x.wav": "b/x.wav"}, CODES)
    with pytest.raises(ParameterError, match="1 of 1 ids has no clip: x"):
        submission(part, CLASSES, template(tmp_path, "id,label", "x,0"))


def test_an_id_of_a_labelled_clip_is_named_as_such(tmp_path, ser_home):
    folder = competition(tmp_path / "dacon")
    remember_labels(folder, CODES)
    path = template(tmp_path, "id,label", "TEST_0,0", "TEST_1,0", "TRAIN_2,0")
    with pytest.raises(ParameterError, match=r"TRAIN_2 \(1 of them labelled: TRAIN_2\)"):
        submission(part_of(open_corpus(folder)), CLASSES, path)


def test_labels_are_spelled_as_the_template_spells_them(part, tmp_path):
    words = {"0.0": "anger", "1.0": "sadness", "2.0": "neutral"} | {
        "angry": "anger", "sad": "sadness", "neu": "neutral",
    }  # fmt: skip
    part = UnlabelledPart(tmp_path, IDS, words)
    numbers = template(tmp_path, "id,label", *(f"TEST_{number},0" for number in range(3)))
    assert submission(part, CLASSES, numbers).codes == {
        "anger": "0",
        "sadness": "1",
        "neutral": "2",
    }
    names = template(tmp_path, "id,label", *(f"TEST_{number},neu" for number in range(3)))
    found = submission(part, CLASSES, names)
    assert found.codes == {"anger": "angry", "sadness": "sad", "neutral": "neu"}
    assert found.filled(predicted()).decode().splitlines()[1] == "TEST_0,neu"


def test_a_class_without_a_label_is_refused(part, tmp_path):
    path = template(tmp_path, "id,label", *(f"TEST_{number},0" for number in range(3)))
    with pytest.raises(ParameterError, match=r"no number is known for fear.*--label 0=fear"):
        submission(part, (*CLASSES, "fear"), path)


def test_two_labels_of_one_emotion_are_refused(tmp_path):
    part = UnlabelledPart(tmp_path, IDS, {**CODES, "3": "neutral"})
    path = template(tmp_path, "id,label", *(f"TEST_{number},0" for number in range(3)))
    with pytest.raises(ParameterError, match="2, 3 all mean neutral"):
        submission(part, CLASSES, path)


def test_a_clip_without_a_prediction_is_refused_or_filled(part, tmp_path):
    path = template(tmp_path, "id,label", *(f"TEST_{number},0" for number in range(3)))
    asked, table = submission(part, CLASSES, path), predicted(("neutral", "", "sadness"))
    with pytest.raises(ParameterError, match=r"1 clip cannot .*: test/TEST_1.wav \(is silent\)"):
        asked.filled(table)
    for fill in ("2", "neutral"):
        assert asked.filled(table, fill=fill).decode().splitlines()[2] == "TEST_1,2"
    assert asked.probabilities(table, fill="2").decode().splitlines()[2] == (
        "TEST_1,0.000000,0.000000,1.000000"
    )
    with pytest.raises(ParameterError, match="is no label of the submission"):
        asked.filled(table, fill="9")


def test_a_template_with_a_column_a_class_takes_probabilities(part, tmp_path):
    rows = [f"TEST_{number},0,0,0,x" for number in range(3)]
    with pytest.raises(ParameterError, match="these are no classes: note"):
        submission(part, CLASSES, template(tmp_path, "id,2,sad,0,note", *rows))
    path = template(tmp_path, "id,2,sad,0", *(row[:-2] for row in rows))
    asked = submission(part, CLASSES, path)
    lines = asked.filled(predicted()).decode().splitlines()
    assert lines[:2] == ["id,2,sad,0", "TEST_0,0.800000,0.100000,0.100000"]
    with pytest.raises(ParameterError, match="no column is for fear"):
        submission(part, (*CLASSES, "fear"), path)
    with pytest.raises(ParameterError, match="the model does not know anger"):
        submission(part, CLASSES[1:], path)


def test_probabilities_have_a_column_a_label_in_their_order(part, tmp_path):
    path = template(tmp_path, "id,label", *(f"TEST_{number},0" for number in range(3)))
    found = submission(part, ("neutral", "anger", "sadness"), path).probabilities(predicted())
    assert found.decode().splitlines()[:2] == ["id,0,1,2", "TEST_0,0.100000,0.100000,0.800000"]


def test_a_column_beside_the_labels_stays(part, tmp_path):
    rows = [f"TEST_{number},a{number},0" for number in range(3)]
    path = template(tmp_path, "id,group,label", *rows)
    found = submission(part, CLASSES, path).filled(predicted()).decode().splitlines()
    assert found[1] == "TEST_0,a0,2"


def test_a_folder_of_sound_alone_takes_labels_that_are_given(tmp_path, ser_home):
    for number in range(3):
        sound(tmp_path / f"test/TEST_{number}.wav")
    part = unlabelled_part(tmp_path / "test", labels=CODES)
    path = template(tmp_path, "id,label", *(f"TEST_{number},0" for number in range(3)))
    assert (
        submission(part, CLASSES, path).filled(predicted()).decode().splitlines()[1] == "TEST_0,2"
    )
    plain = unlabelled_part(tmp_path / "test")
    with pytest.raises(ParameterError, match="no number is known for anger"):
        submission(plain, CLASSES, path)
    names = template(tmp_path, "id,label", *(f"TEST_{number},happy" for number in range(3)))
    assert submission(plain, CLASSES, names).codes == {name: name for name in CLASSES}


def test_a_corpus_without_an_unlabelled_part_is_refused(tmp_path, ser_home):
    sound(tmp_path / "anger/a.wav")
    sound(tmp_path / "neutral/b.wav")
    with pytest.raises(CorpusError, match="has no unlabelled clips"):
        unlabelled_part(tmp_path)


def test_without_a_template_it_is_said(part):
    with pytest.raises(ParameterError, match="there is no template"):
        submission(part, CLASSES)


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"id,label\n", "has no rows"), (b"id,label\na\n", "row 2 has 1 cells"), (b"\xff", "UTF-8")],
)
def test_a_broken_template_says_so(tmp_path, content, message):
    (tmp_path / "t.csv").write_bytes(content)
    with pytest.raises(CorpusError, match=message):
        read_template(tmp_path / "t.csv")


def test_classes_are_counted_beside_those_of_training(tmp_path):
    part = UnlabelledPart(tmp_path, IDS, CODES, training=("anger", "anger", "neutral", "neutral"))
    table = class_counts(part, predicted(("neutral", "", "sadness"))["answer"])
    assert table["predicted"].to_dict() == {"anger": 0, "sadness": 1, "neutral": 1}
    assert table["training_share"].to_dict() == {"anger": 0.5, "sadness": 0.0, "neutral": 0.5}
