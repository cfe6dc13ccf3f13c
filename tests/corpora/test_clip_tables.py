"""Tables as other people write them: each is taken, or it is said why it was not."""

from __future__ import annotations

import pandas as pd
import pytest

from ser_core.core import CorpusError, ParameterError
from ser_core.corpora import audit, audit_split, make_split, open_corpus, remember_labels
from ser_core.corpora.clip_tables import guess
from ser_core.corpora.file_index import FileIndex, Way
from tests.corpora.synthetic import sound

EMOTIONS = ("anger", "fear", "sadness", "neutral")


@pytest.fixture
def folder(tmp_path):
    """Twelve clips in mycorpus/audio."""
    for number in range(12):
        sound(tmp_path / "mycorpus/audio" / f"{number}.wav")
    return tmp_path / "mycorpus"


def table(file, name=str, header="path,emotion", encoding="utf-8", numbers=range(12), more=""):
    file.parent.mkdir(parents=True, exist_ok=True)
    rows = [f"{name(f'{n}.wav')},{EMOTIONS[n % 4]}{more}" for n in numbers]
    file.write_text("\n".join([header, *rows, ""]), encoding=encoding)
    return file


NAMINGS = {
    "below the table's folder": lambda name: f"audio/{name}",
    "bare names": str,
    "without ending": lambda name: f"audio/{name[:-4]}",
    "with the corpus in front": lambda name: f"mycorpus/audio/{name}",
    "from another computer": lambda name: f"/home/other/data/mycorpus/audio/{name}",
    "from another Windows": lambda name: f"D:\\data\\mycorpus\\audio\\{name}",
    "backslashes": lambda name: f".\\audio\\{name}",
    "other letter case": lambda name: f"Audio/{name.upper()}",
}


@pytest.mark.parametrize("naming", NAMINGS)
def test_paths_are_tried_loosely(folder, naming):
    table(folder / "meta.csv", NAMINGS[naming])
    corpus = open_corpus(folder)
    assert list(corpus.usable.index) == [f"audio/{n}.wav" for n in range(12)]
    assert (corpus.reader, corpus.root) == ("manifest", folder)


def test_absolute_paths_into_the_folder_are_taken_and_others_refused(folder, tmp_path):
    table(folder / "meta.csv", lambda name: str(folder / "audio" / name))
    assert len(open_corpus(folder).usable) == 12
    table(tmp_path / "elsewhere/meta.csv", lambda name: str(folder / "audio" / name))
    with pytest.raises(CorpusError, match="absolute and lead out of the folder, as /"):
        open_corpus(tmp_path / "elsewhere")
    given = open_corpus(tmp_path / "elsewhere", sound=str(folder), reader="manifest")
    assert (len(given.usable), given.root) == (12, folder)
    with pytest.raises(ParameterError, match="no such folder"):
        open_corpus(tmp_path / "elsewhere", sound="nowhere", reader="manifest")


def test_the_first_rows_may_be_missing(folder):
    rows = [f"gone/{n}.wav,anger" for n in range(40)]
    rows += [f"{n}.wav,{EMOTIONS[n % 4]}" for n in range(12)]
    (folder / "meta.csv").write_text("\n".join(["path,emotion", *rows]))
    corpus = open_corpus(folder)
    assert len(corpus.usable) == 12
    assert (corpus.clips["problem"] == "the file is missing").sum() == 40


def test_a_table_beside_the_folder_of_sound_opens_either_way(folder):
    table(folder / "metadata/samples.csv", header="file_name,emotion")
    for path in (folder, folder / "metadata/samples.csv"):
        corpus = open_corpus(path)
        assert (len(corpus.usable), corpus.root) == (12, folder)
    named = open_corpus(folder, "manifest", table="metadata/samples.csv")
    assert len(named.usable) == 12


def test_a_name_that_is_not_unique_is_not_guessed(tmp_path):
    for speaker in ("s1", "s2"):
        sound(tmp_path / speaker / "a.wav")
    sound(tmp_path / "s1/b.wav")
    index = FileIndex(tmp_path, ["s1/a.wav", "s1/b.wav", "s2/a.wav"])
    # All of one folder is a way to read the names; a name in two folders alone is none.
    assert index.find(pd.Series(["a", "b"])).to_list() == ["s1/a.wav", "s1/b.wav"]
    other = FileIndex(tmp_path, ["s1/x/a.wav", "s2/y/a.wav", "s1/b.wav"])
    assert other.find(pd.Series(["q/b.wav", "nowhere/a.wav"])).to_list()[0] == "s1/b.wav"


def test_a_path_never_leads_out(tmp_path):
    sound(tmp_path / "in/a.wav")
    sound(tmp_path / "secret.wav")
    index = FileIndex(tmp_path / "in", ["a.wav"])
    assert index.find(pd.Series(["../secret.wav", "a.wav"])).to_list() == [
        "../secret.wav", "a.wav",
    ]  # fmt: skip
    assert not index.is_file("../secret.wav")


def test_a_way_drops_and_adds():
    assert Way(1, "audio/", ".wav").of("mycorpus/1") == "audio/1.wav"
    assert Way(2).of("a/b") == ""


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig", "cp949"])
def test_tables_of_excel_and_of_korean_windows_are_read(folder, encoding):
    table(folder / "meta.csv", header="path,emotion,text", encoding=encoding, more=",안녕하세요")
    corpus = open_corpus(folder)
    assert len(corpus.usable) == 12
    assert set(corpus.usable["text"]) == {"안녕하세요"}


def test_another_encoding_is_named_and_taken(folder):
    table(folder / "meta.csv", header="path,emotion,text", encoding="cp1252", more=",Äpfel für Öl")
    with pytest.raises(CorpusError, match=r"meta.csv: the table is not UTF-8 text"):
        open_corpus(folder)
    corpus = open_corpus(folder, "manifest", encoding="cp1252")
    assert set(corpus.usable["text"]) == {"Äpfel für Öl"}
    with pytest.raises(CorpusError, match="no such encoding"):
        open_corpus(folder, "manifest", encoding="cp12520")


@pytest.mark.parametrize(
    ("encoding", "texts"),
    [
        ("cp1250", ("złość", "Łucja", "radość i smutek")),
        ("cp1252", ("Ärger", "Ännchen", "colère", "the person’s")),
        ("mac_roman", ("colère", "tristeza ñ ó")),
        ("mac_latin2", ("mówca", "złość")),
        ("cp1251", ("ГНЕВ", "гнев", "ИВАН")),
        ("cp1253", ("ΘΥΜΟΣ", "χαρά")),
        ("gb18030", ("愤怒", "高兴", "情感")),
        ("cp932", ("怒り", "感情")),
    ],
)
def test_no_other_encoding_is_taken_for_korean(folder, encoding, texts):
    for text in texts:
        more = f",{text}"
        table(folder / "meta.csv", header="path,emotion,text", encoding=encoding, more=more)
        with pytest.raises(CorpusError, match=r"not UTF-8 text.*encoding=cp1252.*mac_roman"):
            open_corpus(folder)
        opened = open_corpus(folder, "manifest", encoding=encoding)
        assert set(opened.usable["text"]) == {text}


@pytest.mark.parametrize(
    "text", ["기쁨", "분노", "홍길동", "밥 먹었어?", "그 사람은 왜 그렇게 말했을까?"]
)
def test_korean_words_are_taken_for_korean(folder, text):
    header = "path,emotion,감정"
    table(folder / "meta.csv", header=header, encoding="cp949", more=f",{text}")
    assert len(open_corpus(folder).usable) == 12


@pytest.mark.parametrize(
    ("columns", "found"),
    [
        (["Emotions", "Path"], {"label": "Emotions", "path": "Path"}),
        (["Datei", "Gefühl", "Sprecher"],
         {"path": "Datei", "label": "Gefühl", "speaker": "Sprecher"}),
        (["plik", "emocja", "płeć", "mówca"],
         {"path": "plik", "label": "emocja", "gender": "płeć", "speaker": "mówca"}),
        (["archivo", "Emoción"], {"path": "archivo", "label": "Emoción"}),
        (["파일명", "감정", "성별"], {"path": "파일명", "label": "감정", "gender": "성별"}),
        (["FileName", "EmoClass", "SpkrID"],
         {"path": "FileName", "label": "EmoClass", "speaker": "SpkrID"}),
    ],
)  # fmt: skip
def test_columns_are_guessed_in_plural_and_in_several_languages(columns, found):
    assert guess(columns) == found


def test_a_column_that_is_not_guessed_is_asked_for_as_an_option(folder):
    table(folder / "meta.csv", header="path,how")
    with pytest.raises(CorpusError, match=r"no column of emotions among path, how") as refused:
        open_corpus(folder)
    assert "--option columns.label=NAME" in refused.value.remedy
    assert len(open_corpus(folder, "manifest", columns={"label": "how"}).usable) == 12


def test_a_second_column_of_other_emotions_is_said(folder):
    rows = [f"audio/{n}.wav,sad,{EMOTIONS[n % 4]},{EMOTIONS[n % 4]} words" for n in range(12)]
    (folder / "meta.csv").write_text("\n".join(["path,label,final_emotion,remark", *rows]))
    said = "those of the column label of meta.csv; final_emotion has other ones"
    assert [note for note in open_corpus(folder).notes if said in note]
    chosen = open_corpus(folder, "manifest", columns={"label": "final_emotion"})
    assert set(chosen.usable["emotion"]) == set(EMOTIONS)
    assert not [note for note in chosen.notes if "has other" in note]


def test_of_several_tables_the_largest_is_read_and_each_other_has_its_reason(folder):
    table(folder / "all.csv")
    table(folder / "few.csv", numbers=range(3))
    table(folder / "my_submission.csv", header="id,label")
    (folder / "notes.csv").write_text("a,b\n1,2\n")
    (folder / "lost.csv").write_text("path,emotion\nx.wav,anger\n")
    (folder / "big.csv").write_text(
        "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12\n"
    )
    notes = " | ".join(open_corpus(folder, "manifest").notes)
    assert "Read all.csv (12 rows)" in notes
    for words in (
        "few.csv, its clips are those of all.csv",
        "my_submission.csv, its name says that its labels are placeholders",
        "notes.csv, no column of files among a, b",
        "lost.csv, none of its 1 files is in the folder, the first is x.wav",
        "big.csv, a pointer of Git LFS",
    ):
        assert words in notes


def test_a_table_of_segments_is_refused_unless_whole_files_are_wanted(folder):
    more = ",0 days 00:00:00,0 days 00:00:00.100"
    table(folder / "meta.csv", header="path,emotion,start,end", more=more)
    with pytest.raises(CorpusError, match="labels segments"):
        open_corpus(folder)
    assert len(open_corpus(folder, "manifest", segments="whole").usable) == 12
    table(folder / "meta.csv", header="path,emotion,start,end", more=",0 days 00:00:00,NaT")
    assert len(open_corpus(folder).usable) == 12


@pytest.mark.parametrize("unsaid", ["nan", "None", "?", "NULL", "n/a", ""])
def test_what_is_not_known_is_no_speaker_and_no_label(folder, unsaid):
    table(folder / "meta.csv", header="path,emotion,speaker", more=f",{unsaid}")
    corpus = open_corpus(folder)
    assert corpus.speakers == []
    assert corpus.usable["speaker"].isna().all()
    rows = [f"{n}.wav,{unsaid if n < 2 else EMOTIONS[n % 4]}" for n in range(12)]
    (folder / "meta.csv").write_text("\n".join(["path,emotion", *rows]))
    assert (open_corpus(folder).clips["problem"] == "it has no label").sum() == 2


def test_one_speaker_under_several_numbers_is_hinted_at(folder):
    rows = [f"{n}.wav,{EMOTIONS[n % 4]},{('1', '01', '1.0', '2')[n % 4]}" for n in range(12)]
    (folder / "meta.csv").write_text("\n".join(["path,emotion,speaker", *rows]))
    (card,) = [each for each in audit(open_corpus(folder)) if "several ways" in each.title]
    assert card.detail == "01 and 1."  # 1.0 is 1, since all are numbers
    assert len(card.clips) == 9


@pytest.mark.parametrize("nobody", ["NA", "N/A", "-", "--", "?", "(null)", "n.a."])
def test_what_says_that_nobody_is_known_is_no_speaker(folder, nobody):
    rows = [f"{n}.wav,{EMOTIONS[n % 4]},{nobody if n % 4 else 'NAD'}" for n in range(12)]
    (folder / "meta.csv").write_text("\n".join(["path,emotion,speaker", *rows]))
    corpus = open_corpus(folder)
    assert corpus.speakers == ["NAD"]
    (card,) = [each for each in audit(corpus) if each.title == "Speakers are unknown"]
    assert card.detail.startswith("9 clips of 12 name no speaker; NA")


def test_speakers_of_one_name_in_two_spellings_are_one_or_named(folder):
    names = ("Jo\u0301zef", "J\u00f3zef", "eb 0", "EB0")
    rows = [f"{n}.wav,{EMOTIONS[n % 3]},{names[n % 4]}" for n in range(12)]
    (folder / "meta.csv").write_text("\n".join(["path,emotion,speaker", *rows]), encoding="utf-8")
    corpus = open_corpus(folder)
    assert corpus.speakers == ["EB0", "J\u00f3zef", "eb 0"]
    (card,) = [each for each in audit(corpus) if "several ways" in each.title]
    assert (card.severity, card.detail) == ("warning", "EB0 and eb 0.")
    reading = audit_split(make_split(corpus, "leave-one-speaker-out"), corpus).reading
    assert "EB0 and eb 0 may be one person" in reading


def test_numbers_of_speakers_are_read_alike_where_all_are_numbers(folder):
    for others, found in (("2", ["1", "2"]), ("b", ["1", "1.0", "b"])):
        names = ("1", "1.0", others)
        rows = [f"{n}.wav,{EMOTIONS[n % 4]},{names[n % 3]}" for n in range(12)]
        (folder / "meta.csv").write_text("\n".join(["path,emotion,speaker", *rows]))
        assert open_corpus(folder).speakers == found


def test_labels_are_mapped_in_any_case_and_form(folder):
    names = ("EXCITED", "Excited", "ws\u0301ciekles\u0301c\u0301", "fear")
    rows = [f"{n}.wav,{names[n % 4]}" for n in range(12)]
    (folder / "meta.csv").write_text("\n".join(["path,emotion", *rows]), encoding="utf-8")
    given = {"Excited": "surprise", "excited": "happiness", "w\u015bciekles\u0301\u0107": "anger"}
    found = open_corpus(folder, label_map=given).usable["emotion"].value_counts().to_dict()
    assert found == {"happiness": 3, "surprise": 3, "anger": 3, "fear": 3}
    remember_labels(folder, {"W\u015aCIEKLE\u015a\u0106": "anger"})
    assert (open_corpus(folder).usable["emotion"] == "anger").sum() == 3


def test_genders_are_spelled_in_one_way(folder):
    names = ("F", "female", "w", "Woman")
    rows = [f"{n}.wav,{EMOTIONS[n % 3]},{names[n % 4]}" for n in range(12)]
    (folder / "meta.csv").write_text("\n".join(["path,emotion,gender", *rows]))
    assert set(open_corpus(folder).usable["gender"]) == {"female"}


def test_pointers_of_git_lfs_are_named(folder):
    table(folder / "meta.csv")
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12\n"
    (folder / "audio/3.wav").write_text(pointer)
    corpus = open_corpus(folder)
    assert corpus.clips.loc["audio/3.wav", "problem"].startswith("a pointer of Git LFS")
    assert "1 clip not fetched: Git LFS left a pointer to each" in [i.title for i in audit(corpus)]


def test_linked_folders_and_endings_that_are_not_read_are_said(tmp_path):
    for emotion in ("anger", "fear"):
        sound(tmp_path / "store" / emotion / "a.wav")
        sound(tmp_path / "corpus" / emotion / "b.wav")
        (tmp_path / "corpus" / f"more {emotion}").symlink_to(tmp_path / "store" / emotion)
        (tmp_path / "linked").mkdir(exist_ok=True)
        (tmp_path / "linked" / emotion).symlink_to(tmp_path / "store" / emotion)
    (tmp_path / "corpus/fear/c.sph").write_bytes(b"NIST_1A")
    notes = " | ".join(open_corpus(tmp_path / "corpus").notes)
    assert "2 linked folders not followed (more anger, more fear)" in notes
    assert "1 .sph" in notes
    with pytest.raises(CorpusError, match=r"2 linked folders not followed \(anger, fear\)"):
        open_corpus(tmp_path / "linked")


def test_w64_and_aifc_in_folders_are_clips(tmp_path):
    import soundfile

    for name, kind in (("anger/a.w64", "W64"), ("fear/b.aifc", "AIFF"), ("fear/c.W64", "W64")):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        soundfile.write(tmp_path / name, [0.1, -0.1] * 2000, 8000, format=kind)
    assert len(open_corpus(tmp_path).usable) == 3


def test_one_class_only_is_an_error(folder):
    rows = [f"{n}.wav,anger" for n in range(12)]
    (folder / "meta.csv").write_text("\n".join(["path,emotion", *rows]))
    (card,) = [each for each in audit(open_corpus(folder)) if each.severity == "error"]
    assert card.title == "One class only"


def written(folder, *texts, header="path,text,emotion", sign=",", name="meta.csv"):
    """A table of the first clips with these texts; the emotions are those of `table`."""
    rows = [sign.join((f"audio/{n}.wav", text, EMOTIONS[n % 4])) for n, text in enumerate(texts)]
    (folder / name).write_text("\n".join([header.replace(",", sign), *rows, ""]), "utf-8")


@pytest.mark.parametrize(("sign", "name"), [(",", "comma"), ("\t", "tab"), (";", "semicolon")])
def test_a_separator_in_a_text_is_an_error_that_names_the_line(folder, sign, name):
    written(folder, "so", f"well{sign} sad", "so", sign=sign)
    with pytest.raises(CorpusError, match=f"line 3 has 4 cells .* {name} .*quotation marks"):
        open_corpus(folder)
    with pytest.raises(CorpusError, match="line 3 has 4 cells"):
        open_corpus(folder, "manifest")
    written(folder, "so", f'"well{sign} sad"', "so", sign=sign)
    assert open_corpus(folder).usable["text"].iloc[1].startswith("well")


def test_a_separator_at_the_end_of_every_row_is_no_cell(folder):
    table(folder / "meta.csv", more=",")
    assert len(open_corpus(folder).usable) == 12
    # Of one row it is as likely the comma of a text before an empty cell.
    table(folder / "meta.csv", header="path,emotion,speaker\naudio/0.wav,so,anger,", more=",X")
    with pytest.raises(CorpusError, match="line 2 has 4 cells"):
        open_corpus(folder)


def test_empty_rows_of_a_spreadsheet_are_passed_over(folder):
    table(folder / "meta.csv", header="path,emotion\n,,,,,", numbers=range(4))
    assert len(open_corpus(folder).usable) == 4


def test_numbers_of_rows_without_a_name_are_passed_over(folder):
    rows = [f'"{n + 1}"\t"audio/{n}.wav"\t"{EMOTIONS[n % 4]}"' for n in range(12)]
    (folder / "meta.tsv").write_text("\n".join(['"path"\t"emotion"', *rows, ""]))
    assert list(open_corpus(folder).usable["label"][:2]) == ["anger", "fear"]


def test_stray_quotation_marks_swallow_no_rows(folder):
    written(folder, "a", '"so', "b", "c", '"so', "d")
    assert list(open_corpus(folder).usable["text"]) == ["a", '"so', "b", "c", '"so', "d"]
    written(folder, "a", '"so', "b", "c", "so")
    assert len(open_corpus(folder).usable) == 5
    written(folder, "a", '"so', "b", "c", 'so"', '"well, yes"')
    with pytest.raises(CorpusError, match=r"quotation mark in line 3 .* up to line 6"):
        open_corpus(folder)


def test_a_quoted_text_of_several_lines_is_one_cell(folder):
    written(folder, "a", '"well,\nso, yes\n\nno"', '"say ""hi"""')
    texts = list(open_corpus(folder).usable["text"])
    assert texts == ["a", "well,\nso, yes\n\nno", 'say "hi"']


def test_tab_separated_cells_may_be_quoted(folder):
    rows = [f'"audio/{n}.wav"\t"{EMOTIONS[n % 4]}"\t"say ""hi"""' for n in range(12)]
    (folder / "meta.tsv").write_text("\n".join(['"path"\t"emotion"\t"text"', *rows, ""]))
    assert set(open_corpus(folder).usable["text"]) == {'say "hi"'}
    written(folder, '"so', 'so"', '"a\tb"', sign="\t", name="meta.tsv")
    with pytest.raises(CorpusError, match="line 4 has 4 cells"):
        open_corpus(folder)
    written(folder, '"a\tb"', "so", sign="\t", name="meta.tsv")
    assert list(open_corpus(folder).usable["text"]) == ["a\tb", "so"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_the_line_of_excel_that_names_the_separator_is_passed_over(folder, encoding):
    rows = [f"audio/{n}.wav;{EMOTIONS[n % 4]};a, b, c" for n in range(12)]
    file = folder / "meta.csv"
    file.write_text("\n".join(["sep=;", "path;emotion;text", *rows]), encoding=encoding)
    assert set(open_corpus(folder).usable["text"]) == {"a, b, c"}
    file.write_text("\n".join(["sep=;", "path;emotion;text", *rows, "a;b;c;d"]), encoding=encoding)
    with pytest.raises(CorpusError, match="line 15 has 4 cells"):
        open_corpus(folder)
