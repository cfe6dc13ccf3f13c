"""Opening a corpus lists every row, keeps what is wrong with it, and never leaves its folder."""

import os
from pathlib import Path

import pandas as pd
import pytest

from ser_core.core import CorpusError, ParameterError, UnknownNameError, demo_corpus
from ser_core.corpora import COLUMNS, open_corpus
from tests.corpora.synthetic import nemo, row, sound


def test_the_bundled_clips_open_whole():
    corpus = open_corpus(demo_corpus())
    assert (len(corpus), len(corpus.usable), corpus.reader) == (53, 53, "nemo")
    assert corpus.emotions == ["anger", "fear", "happiness", "sadness", "surprise", "neutral"]
    assert len(corpus.speakers) == 9
    assert list(corpus.clips.columns) == list(COLUMNS)
    first = corpus.clips.loc["samples/EB0_surprised_82.flac"]
    assert (first["emotion"], first["label"]) == ("surprise", "surprised")
    assert (first["speaker"], first["sentence"], first["age"]) == ("EB0", "82", 27)
    assert first["text"].startswith("Czerwiec")
    assert (first["sample_rate"], first["channels"]) == (16000, 1)
    assert 1 < first["duration"] < 10


def test_what_a_corpus_does_not_say_stays_empty():
    clips = open_corpus(demo_corpus()).clips
    assert clips["intensity"].isna().all()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_tables_from_any_machine_read_alike(tmp_path, encoding, newline):
    root = nemo(
        tmp_path / "moje dane" / "próbki ż",
        [row(" AB0_anger_7.wav ", " anger ", " AB0 "), row("AB0_anger_8.wav")],
        encoding=encoding,
        newline=newline,
    )
    for number in (7, 8):
        sound(root / "samples" / f"AB0_anger_{number}.wav")
    corpus = open_corpus(root)
    assert list(corpus.usable.index) == ["samples/AB0_anger_7.wav", "samples/AB0_anger_8.wav"]
    assert corpus.usable["text"].iloc[0] == "Zażółć gęślą jaźń."
    assert corpus.usable["sentence"].to_list() == ["7", "8"]
    assert corpus.path("samples/AB0_anger_7.wav").is_file()


def test_every_row_is_kept_with_its_problem(tmp_path):
    names = [
        "AB0_anger_1.wav", "AB0_anger_2.wav", "../secret.wav", "AB0_anger_4.wav",
        "AB0_anger_5.wav", "AB0_wild_6.wav",
    ]  # fmt: skip
    rows = [row(name) for name in names]
    rows[-1] = row("AB0_wild_6.wav", "wild")
    root = nemo(tmp_path / "corpus", [*rows, row("AB0_anger_1.wav"), row("")])
    sound(root / "samples/AB0_anger_1.wav")
    sound(root / "samples/AB0_wild_6.wav")
    sound(root / "secret.wav")
    (root / "samples/AB0_anger_4.wav").touch()
    (root / "samples/AB0_anger_5.wav").write_text("this is no sound")
    clips = open_corpus(root).clips
    assert len(clips) == 8
    assert clips.index.is_unique
    assert clips["problem"].to_dict() == {
        "samples/AB0_anger_1.wav": "",
        "samples/AB0_anger_2.wav": "the file is missing",
        "samples/../secret.wav": "the path leaves the corpus folder",
        "samples/AB0_anger_4.wav": "the file is empty",
        "samples/AB0_anger_5.wav": "it is not a sound file that can be read",
        "samples/AB0_wild_6.wav": "unknown label wild",
        "samples/AB0_anger_1.wav#2": "listed more than once",
        "(row 8)": "the row names no file",
    }


def test_rows_that_contradict_each_other_are_all_set_aside(tmp_path):
    rows = [row("a_anger_1.wav"), row("a_anger_1.wav", "fear"), row("a_anger_2.wav")]
    root = nemo(tmp_path, rows)
    for number in (1, 2):
        sound(root / f"samples/a_anger_{number}.wav")
    assert list(open_corpus(root).usable.index) == ["samples/a_anger_2.wav"]


def test_every_row_has_a_name_of_its_own(tmp_path):
    sound(tmp_path / "a.wav")
    rows = ["a.wav,sad", "a.wav#2,sad", "a.wav,sad", "a.wav,sad", "a.wav#2,sad"]
    (tmp_path / "t.csv").write_text("\n".join(["path,emotion", *rows]))
    clips = open_corpus(tmp_path, "manifest").clips
    assert list(clips.index) == ["a.wav", "a.wav#2", "a.wav#3", "a.wav#4", "a.wav#2#2"]


def test_a_link_out_of_the_corpus_is_refused(tmp_path):
    outside = sound(tmp_path / "outside/x.wav")
    root = tmp_path / "corpus"
    sound(root / "anger/a.wav")
    sound(root / "sad/b.wav")
    (root / "anger/link.wav").symlink_to(outside)
    (root / "anger/fine.wav").symlink_to(root / "sad/b.wav")
    corpus = open_corpus(root)
    assert corpus.clips["problem"].to_dict() == {
        "anger/a.wav": "",
        "anger/fine.wav": "",
        "anger/link.wav": "a link leads out of the corpus folder",
        "sad/b.wav": "",
    }
    with pytest.raises(CorpusError, match="leads out of"):
        corpus.path("anger/link.wav")


def test_a_link_to_the_whole_corpus_is_followed(tmp_path):
    sound(tmp_path / "real/anger/a.wav")
    sound(tmp_path / "real/sad/b.wav")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert len(open_corpus(tmp_path / "link").usable) == 2


@pytest.mark.parametrize("path", ["/etc/passwd", "C:\\sounds\\a.wav", "../a.wav"])
def test_a_table_that_only_points_outside_is_refused(tmp_path, path):
    (tmp_path / "clips.csv").write_text(f"path,emotion\n{path},anger\n")
    with pytest.raises(CorpusError, match=r"lead out of the folder"):
        open_corpus(tmp_path, reader="manifest")


def test_names_are_found_in_either_spelling_of_accents(tmp_path):
    decomposed = "z\u0307uk.wav"  # as a Mac would pack it
    sound(tmp_path / "audio" / decomposed)
    (tmp_path / "clips.csv").write_text("path,emotion\naudio/żuk.wav,anger\n", encoding="utf-8")
    assert list(open_corpus(tmp_path, "manifest").usable.index) == [f"audio/{decomposed}"]


def test_labels_are_mapped_as_the_user_says(tmp_path):
    sound(tmp_path / "frustrated/a.wav")
    sound(tmp_path / "angry/b.wav")
    assert open_corpus(tmp_path, "folders").usable["label"].to_list() == ["angry"]
    corpus = open_corpus(tmp_path, "folders", label_map={"frustrated": "anger"})
    assert corpus.usable["emotion"].to_list() == ["anger", "anger"]
    assert corpus.label_map == {"angry": "anger", "frustrated": "anger"}
    with pytest.raises(ParameterError, match="Did you mean 'anger'"):
        open_corpus(tmp_path, "folders", label_map={"frustrated": "angr"})


def test_paths_can_be_narrowed_down():
    corpus = open_corpus(demo_corpus(), include=r"/EB0_")
    assert corpus.speakers == ["EB0"]
    with pytest.raises(CorpusError, match="none of 53 clips"):
        open_corpus(demo_corpus(), include="nobody")


def test_readers_are_named_where_nothing_is_recognised(tmp_path):
    sound(tmp_path / "a.wav")
    with pytest.raises(CorpusError) as caught:
        open_corpus(tmp_path)
    for word in ("1 sound files, the first a.wav", "pattern=", "--reader: ", "ravdess", "nemo"):
        assert word in str(caught.value)
    assert len(str(caught.value).replace(str(tmp_path), "")) < 600
    with pytest.raises(CorpusError, match="files named like 03-01-05"):
        open_corpus(tmp_path, "ravdess")


@pytest.mark.parametrize(
    ("arguments", "options", "error", "message"),
    [
        (("nowhere",), {}, CorpusError, "no such folder"),
        ((demo_corpus(), "nemoo"), {}, UnknownNameError, "Did you mean 'nemo'"),
        ((demo_corpus(),), {"pattern": "x"}, ParameterError, "no such option"),
        ((demo_corpus(),), {"include": "("}, ParameterError, "no regular expression"),
        ((demo_corpus(), "ravdess"), {}, CorpusError, "none of its 53 clips"),
    ],
)
def test_mistakes_are_named(arguments, options, error, message):
    with pytest.raises(error, match=message):
        open_corpus(*arguments, **options)


def test_a_packed_corpus_asks_to_be_unpacked(tmp_path):
    (tmp_path / "corpus.zip").touch()
    with pytest.raises(CorpusError, match="Unpack it"):
        open_corpus(tmp_path / "corpus.zip")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_rights_is_a_problem_of_its_clip(tmp_path):
    sound(tmp_path / "anger/a.wav").chmod(0)
    sound(tmp_path / "sad/b.wav")
    assert "cannot be read" in open_corpus(tmp_path).clips.loc["anger/a.wav", "problem"]


def test_an_age_that_is_no_number_is_no_age(tmp_path):
    sound(tmp_path / "a.wav")
    sound(tmp_path / "b.wav")
    (tmp_path / "t.csv").write_text("path,emotion,age\na.wav,anger,twenties\nb.wav,anger,31\n")
    ages = open_corpus(tmp_path).clips["age"]
    assert ages.isna().to_list() == [True, False]
    assert ages["b.wav"] == 31


@pytest.mark.corpus
def test_the_real_corpus_opens_whole(real_corpus: Path):
    clips = open_corpus(real_corpus).clips
    assert (clips["problem"] == "").all()
    assert isinstance(clips, pd.DataFrame)


UNREAD = {
    "data/train-0.parquet": "corpus extract PATH --out FOLDER",
    "train/data-0.arrow": r"save_to_disk .*dataset.to_parquet",
    "labels.xlsx": r"save it as CSV \(UTF-8\)",
    "wav.scp": r"Kaldi.* path, emotion and speaker",
    "train.jsonl": r"JSON lines.* path, emotion and speaker",
    "train.json": r"SpeechBrain.* path, emotion and speaker",
    "labels.csv": r"Write a line with the names of the columns.* above .*labels.csv",
}


@pytest.mark.parametrize("name", UNREAD)
def test_what_is_recognised_and_not_read_is_said_in_one_sentence(tmp_path, name):
    sound(tmp_path / "wav" / "0.wav")
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text(
        '{"wav": "a.wav"}' if "csv" not in name else "a.wav,anger\nb.wav,fear\n"
    )
    with pytest.raises(CorpusError, match=UNREAD[name]) as refused:
        open_corpus(tmp_path)
    assert "ravdess" not in str(refused.value)


@pytest.mark.parametrize("above", ["My corpus;;\npath;emotion\n", '"path" "emotion"\n'])
def test_a_table_without_names_or_separators_of_columns_is_told_so(tmp_path, above):
    sound(tmp_path / "wav" / "0_anger.wav")
    (tmp_path / "m.csv").write_text(f'{above}"wav/0_anger.wav" "anger"\n')
    with pytest.raises(CorpusError, match=r"names of the columns.*first line of m.csv, and commas"):
        open_corpus(tmp_path)


def test_a_table_that_is_not_utf_8_gets_its_remedy_whatever_lies_beside(tmp_path):
    sound(tmp_path / "wav" / "0_anger.wav")
    (tmp_path / "notes.csv").write_text("who,emotion\nme,sad\n")
    (tmp_path / "z.csv").write_text("path,emotion,who\nwav/0.wav,anger,Łucja\n", encoding="cp1250")
    with pytest.raises(CorpusError, match=r"encoding=cp1252 .*, beside --reader manifest\.$"):
        open_corpus(tmp_path)


@pytest.mark.parametrize("name", ["A{}_{}_x.wav", "{1}-{0}.wav", "wav_a/A{}_b_{}.wav"])
def test_names_of_files_that_say_the_emotion_get_a_pattern_that_reads_them(tmp_path, name):
    emotions = ("anger", "happiness", "sadness")
    for number, emotion in enumerate(emotions):
        sound(tmp_path / name.format(number, emotion))
    with pytest.raises(CorpusError, match="--reader folders") as refused:
        open_corpus(tmp_path)
    pattern = refused.value.remedy.split("'pattern=")[1].split("'")[0]
    corpus = open_corpus(tmp_path, "folders", pattern=pattern)
    assert sorted(corpus.usable["label"]) == sorted(emotions)
