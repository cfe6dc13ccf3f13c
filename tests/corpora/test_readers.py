"""Each reader on a small copy of its corpus, made of real sound files."""

import unicodedata
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ser_core.core import REPOSITORY, CorpusError, ParameterError
from ser_core.corpora import READERS, audit, open_corpus
from ser_core.corpora.readers.manifest import guess
from ser_core.corpora.readers.schemes import SCHEMES
from tests.corpora.synthetic import sound

NAMED: dict[str, tuple[str, dict[str, object]]] = {
    "ravdess": (
        "03-01-05-02-01-02-12.wav",
        {"emotion": "anger", "label": "05", "speaker": "12", "gender": "female",
         "sentence": "01", "text": "Kids are talking by the door.", "intensity": "strong"},
    ),
    "crema-d": (
        "1040_ITH_SAD_X.wav",
        {"emotion": "sadness", "label": "SAD", "speaker": "1040", "sentence": "ITH",
         "text": "I think I have a doctor's appointment."},
    ),
    "tess": (
        "OA_bite_neutral.wav",
        {"emotion": "neutral", "speaker": "OAF", "sentence": "bite", "gender": "female",
         "age": 64},
    ),
    "savee": (
        "KL_su03.wav",
        {"emotion": "surprise", "label": "su", "speaker": "KL", "gender": "male"},
    ),
    "emo-db": (
        "16b03Lb.wav",
        {"emotion": "boredom", "label": "L", "speaker": "16", "gender": "female", "age": 31,
         "sentence": "b03", "text": "An den Wochenenden bin ich jetzt immer nach Hause gefahren"
         " und habe Agnes besucht."},
    ),
    "urdu": (
        "Angry/SM2_F1_A023.wav",
        {"emotion": "anger", "label": "A", "speaker": "SM2", "gender": "male"},
    ),
    "ased": (
        "02Fearful/f2-07-01-01-31.wav",
        {"emotion": "fear", "label": "f", "speaker": "31", "gender": "female", "sentence": "07"},
    ),
    "turev-db": (
        "Sound Source/Calm/1984_sk_eger.wav",
        {"emotion": "calm", "label": "Calm", "speaker": "1984", "sentence": "eger",
         "text": "eger"},
    ),
    "baved": (
        "1/12-M-21-3-1-105.wav",
        {"emotion": "neutral", "speaker": "12", "gender": "male", "age": 21, "sentence": "3",
         "text": "الفيلم"},
    ),
    "emovo": (
        "emovo/m1/sor-m1-d1.wav",
        {"emotion": "surprise", "label": "sor", "speaker": "m1", "gender": "male", "age": 30,
         "sentence": "d1", "text": "Sabato sera cosa farà?"},
    ),
    "jl-corpus": (
        "Raw JL corpus (unchecked and unannotated)/JL(wav+txt)/female2_angry_11a_2.wav",
        {"emotion": "anger", "label": "angry", "speaker": "female2", "gender": "female",
         "sentence": "11"},
    ),
    "shemo": (
        "female/F23H05.wav",
        {"emotion": "happiness", "label": "H", "speaker": "F23", "gender": "female"},
    ),
    "mesd": (
        "Mexican Emotional Speech Database (MESD)/Happiness_M_B_buenos_dias.wav",
        {"emotion": "happiness", "label": "Happiness", "gender": "male",
         "sentence": "buenos_dias", "text": "buenos dias"},
    ),
    "aesdd": (
        "disgust/d17 (5).wav",
        {"emotion": "disgust", "label": "d", "speaker": "5", "sentence": "17"},
    ),
    "esd": (
        "0011/Angry/evaluation/0011_000352.wav",
        {"emotion": "anger", "label": "Angry", "speaker": "0011", "sentence": "en-002",
         "official": "validation"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", NAMED)
def test_a_file_name_says_everything(tmp_path, name):
    file, expected = NAMED[name]
    sound(tmp_path / "mes données" / file)
    corpus = open_corpus(tmp_path)
    assert (corpus.reader, corpus.name) == (name, READERS[name].title)
    clip = corpus.usable.iloc[0].dropna().drop(["duration", "sample_rate", "channels", "problem"])
    assert clip.drop("label").to_dict() == {k: v for k, v in expected.items() if k != "label"}
    assert clip["label"] == expected.get("label", "neutral")


def test_ravdess_is_not_doubled_by_its_nested_copy(tmp_path):
    name = "03-01-0{}-01-01-01-0{}.wav"
    clips = [
        (f"Actor_0{actor}", name.format(emotion, actor)) for actor in (1, 2) for emotion in (3, 5)
    ]
    for folder, file in clips:
        sound(tmp_path / folder / file)
        sound(tmp_path / "audio_speech_actors_01-24" / folder / file)
        sound(tmp_path / "audio_speech_actors_01-24/audio_speech_actors_01-24" / folder / file)
    corpus = open_corpus(tmp_path)
    assert sorted(corpus.usable.index) == [f"{folder}/{file}" for folder, file in clips]
    assert corpus.notes[0].startswith("8 files are copies")


def test_sound_out_of_ravdess_films_is_read(tmp_path):
    sound(tmp_path / "Actor_01/01-01-05-01-02-01-01.wav")
    sound(tmp_path / "Actor_02/01-01-04-02-01-01-02.wav")
    corpus = open_corpus(tmp_path)
    assert (corpus.reader, corpus.usable["emotion"].to_list()) == ("ravdess", ["anger", "sadness"])


def test_ravdess_song_is_read_flat(tmp_path):
    sound(tmp_path / "03-02-02-01-02-01-24.wav")
    clips = open_corpus(tmp_path).usable
    assert (clips["emotion"].iloc[0], clips["speaker"].iloc[0]) == ("calm", "24")


def test_files_of_one_name_and_different_content_are_both_kept(tmp_path):
    sound(tmp_path / "a/1001_DFA_ANG_XX.wav")
    sound(tmp_path / "b/1001_DFA_ANG_XX.wav", seconds=0.3)
    assert len(open_corpus(tmp_path).usable) == 2


def test_a_folder_for_each_savee_speaker_keeps_its_clips_apart(tmp_path):
    for speaker in ("DC", "JE"):
        sound(tmp_path / "AudioData" / speaker / "a01.wav")
    corpus = open_corpus(tmp_path)
    assert corpus.speakers == ["DC", "JE"]
    assert corpus.usable["sentence"].isna().all()
    assert "sentences are unknown" in corpus.notes[-1]


def test_savee_in_one_folder_and_in_a_folder_a_speaker_is_read_once(tmp_path):
    for speaker in ("DC", "JE"):
        file = sound(tmp_path / "ALL" / f"{speaker}_a01.wav")
        copy = tmp_path / "AudioData" / speaker / "a01.wav"
        copy.parent.mkdir(parents=True)
        copy.write_bytes(file.read_bytes())
    corpus = open_corpus(tmp_path)
    assert list(corpus.usable.index) == ["ALL/DC_a01.wav", "ALL/JE_a01.wav"]
    assert corpus.notes[0].startswith("2 files are copies of others in another folder")


def test_crema_d_knows_its_people_from_its_table(tmp_path):
    sound(tmp_path / "AudioWAV/1001_DFA_ANG_XX.wav")
    sound(tmp_path / "AudioWAV/1002_DFA_ANG_XX.wav")
    table = "ActorID,Age,Sex,Race,Ethnicity\n1001,51,Male,Caucasian,Not Hispanic\n"
    (tmp_path / "VideoDemographics.csv").write_text(table)
    clips = open_corpus(tmp_path).usable.set_index("speaker")
    assert (clips.loc["1001", "gender"], clips.loc["1001", "age"]) == ("male", 51)
    assert clips.loc["1002", ["gender", "age"]].isna().all()


def test_a_foreign_name_among_coded_ones_is_a_problem_of_that_clip(tmp_path):
    for name in ("03a01Fa", "03a01Nc", "notes"):
        sound(tmp_path / f"{name}.wav")
    problem = open_corpus(tmp_path).clips.loc["notes.wav", "problem"]
    assert problem == "unknown name: it is none of the files named like 03a01Fa.wav"
    titles = [issue.title for issue in audit(open_corpus(tmp_path))]
    assert "1 clip with a name that the reader does not know" in titles
    assert not any("cannot be read" in title for title in titles)


def test_folders_named_after_emotions(tmp_path):
    for path in ("spk1/Angry/a.wav", "spk1/02_happy/b.wav", "spk2/Smutek/take 1/c.wav"):
        sound(tmp_path / path)
    (tmp_path / ".git").mkdir()
    sound(tmp_path / "__MACOSX/Angry/._a.wav")
    corpus = open_corpus(tmp_path, pattern=r"^(?P<speaker>spk\d)/")
    assert corpus.reader == "folders"
    assert corpus.usable[["emotion", "label", "speaker"]].to_numpy().tolist() == [
        ["happiness", "happy", "spk1"],
        ["anger", "Angry", "spk1"],
        ["sadness", "Smutek", "spk2"],
    ]
    with pytest.raises(ParameterError, match="Did you mean 'speaker'"):
        open_corpus(tmp_path, pattern="(?P<speakr>.)")


def test_a_folder_that_names_no_emotion_is_listed(tmp_path):
    for path in ("angry/a.wav", "happy/b.wav", "stuff/c.wav"):
        sound(tmp_path / path)
    assert open_corpus(tmp_path).clips.loc["stuff/c.wav", "problem"] == "unknown label stuff"


@pytest.mark.parametrize(
    "below", [("normal", "strong"), ("con ruido", "sin ruido"), ("Ira", "Jan"), ("PS", "AK")]
)
def test_folders_of_emotions_lie_at_one_level(tmp_path, below):
    for emotion in ("ira", "happiness", "sadness"):
        for name in below:
            sound(tmp_path / emotion / name / "a.wav")
            sound(tmp_path / "frustration" / name / "a.wav")
    corpus = open_corpus(tmp_path)
    assert corpus.reader == "folders"
    assert corpus.usable["emotion"].value_counts().to_dict() == {
        "anger": 2, "happiness": 2, "sadness": 2,
    }  # fmt: skip
    assert set(corpus.clips["problem"]) == {"", "unknown label frustration"}
    assert f"not {below[0].split()[0]}" in corpus.notes[0]


def test_speakers_above_may_be_called_as_emotions(tmp_path):
    for speaker in ("Ira", "Jan", "Joy"):
        for emotion in ("1_anger", "2_neutral", "3_fear"):
            sound(tmp_path / speaker / emotion / "a.wav")
    usable = open_corpus(tmp_path).usable
    assert usable["emotion"].value_counts().to_dict() == {"anger": 3, "neutral": 3, "fear": 3}


def test_folders_of_emotions_at_several_depths_are_read(tmp_path):
    paths = ["train/s1/angry/a.wav", "train/s1/happy/b.wav", "test/angry/c.wav", "sad/take 1/d.wav",
             "sad/take 2/e.wav", "train/s2/angry/f.wav"]  # fmt: skip
    for path in paths:
        sound(tmp_path / path)
    corpus = open_corpus(tmp_path)
    assert corpus.notes == ()
    assert corpus.usable["emotion"].to_dict() == {
        paths[0]: "anger", paths[1]: "happiness", paths[2]: "anger", paths[3]: "sadness",
        paths[4]: "sadness", paths[5]: "anger",
    }  # fmt: skip


def test_a_folder_that_denies_an_emotion_is_none(tmp_path):
    for folder in ("angry", "happy", "not_angry", "nicht wütend"):
        sound(tmp_path / folder / "a.wav")
    clips = open_corpus(tmp_path).clips
    assert clips.loc["not_angry/a.wav", "problem"] == "unknown label not_angry"
    assert (clips["problem"] == "").sum() == 2


def test_decomposed_folder_names_are_read(tmp_path):
    for name in ("1_Ärger", "2 złość i nic", "3_Überraschung", "4_radość"):
        sound(tmp_path / unicodedata.normalize("NFD", name) / "a.wav")
    clips = open_corpus(tmp_path).usable
    assert sorted(clips["label"]) == ["radość", "złość", "Ärger", "Überraschung"]


def test_a_table_with_guessed_columns(tmp_path):
    sound(tmp_path / "wavs/a b.wav")
    sound(tmp_path / "wavs/ć.wav")
    table = 'File Name;Emotion;Actor_ID;Text\n"a b";joy;7;"Yes; no"\nć;neutral;8; yes \n'
    (tmp_path / "labels.csv").write_text(table, encoding="utf-8-sig")
    (tmp_path / "other.csv").write_text("a,b\n1,2\n")
    for corpus in (open_corpus(tmp_path), open_corpus(tmp_path / "labels.csv")):
        assert corpus.reader == "manifest"
        assert corpus.usable[["emotion", "speaker", "text"]].to_dict("index") == {
            "wavs/a b.wav": {"emotion": "happiness", "speaker": "7", "text": "Yes; no"},
            "wavs/ć.wav": {"emotion": "neutral", "speaker": "8", "text": "yes"},
        }


def test_a_table_with_named_columns(tmp_path):
    sound(tmp_path / "a.wav")
    (tmp_path / "t.tsv").write_text('recorded\tfelt\tname\na.wav\tsad\tO"Neil\n')
    columns = {"path": "recorded", "label": "felt", "speaker": "name"}
    clips = open_corpus(tmp_path, "manifest", columns=columns).usable
    assert clips.loc["a.wav", ["emotion", "speaker"]].to_list() == ["sadness", 'O"Neil']
    with pytest.raises(CorpusError, match="Did you mean 'recorded'"):
        open_corpus(tmp_path, "manifest", columns={"path": "record"})
    with pytest.raises(CorpusError, match="looks like the label"):
        open_corpus(tmp_path, "manifest")


def test_clips_with_one_text_have_one_sentence(tmp_path):
    for name in "abc":
        sound(tmp_path / f"{name}.wav")
    rows = "a.wav,sad,Yes.\nb.wav,sad,yes.\nc.wav,sad,no\n"
    (tmp_path / "t.csv").write_text(f"file,emotion,transcript\n{rows}")
    assert open_corpus(tmp_path).usable["sentence"].nunique() == 2


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"path\xe9\xff,emotion\na.wav,sad\n", "not UTF-8.*encoding=cp1252"),
        (b'path,emotion\n"a.wav,sad\n', 'none of its 1 files .* the first is "a.wav'),
        (b"path,emotion\n", "finds no clips"),
        (b"", "cannot be read"),
        (b"a,b\n1,2\n", "looks like the path or the label"),
    ],
)
def test_a_broken_table_says_so(tmp_path, content, message):
    (tmp_path / "t.csv").write_bytes(content)
    with pytest.raises(CorpusError, match=message):
        open_corpus(tmp_path / "t.csv", "manifest")


TABLE = b'path, path,emotion,text\r\na.wav,b.wav,anger,"yes, yes"\r\nb.wav,a.wav,sad,no\r\n'


BYTES = [b"", b"\0", b"\n", b'"', b",", b";", b"\t", b"\xff", b"/"]


@given(
    st.lists(
        st.tuples(st.integers(0, len(TABLE) - 1), st.sampled_from(BYTES)),
        max_size=6,
    )
)
def test_a_damaged_table_opens_or_is_refused(tmp_path_factory, changes):
    folder = tmp_path_factory.getbasetemp() / "damaged"
    if not folder.exists():
        sound(folder / "a.wav")
        sound(folder / "b.wav")
    data = [TABLE[source : source + 1] for source in range(len(TABLE))]
    for source, byte in changes:
        data[source] = byte
    (folder / "t.csv").write_bytes(b"".join(data))
    with suppress(CorpusError):
        corpus = open_corpus(folder)
        assert corpus.clips.index.is_unique
        assert set(corpus.usable.index) <= {"a.wav", "b.wav"}


def test_columns_are_guessed_by_their_usual_names():
    guessed = guess(["Filename", "speaker id", "Emotion", "transcription", "sex"])
    assert guessed == {
        "path": "Filename", "label": "Emotion", "speaker": "speaker id",
        "gender": "sex", "text": "transcription",
    }  # fmt: skip


def test_every_reader_introduces_itself():
    laid_out = {"iemocap", "meld", "msp-podcast", "emozionalmente", "emobox"}
    others = {"nemo", "competition", "folders", "manifest", "feedback", "joined", "audformat"}
    others |= {"annotations"}
    assert {*laid_out, *others, *NAMED} == set(READERS)
    assert all(READERS[name].title and READERS[name].expects for name in READERS)
    assert all(READERS[name].language and READERS[name].source for name in NAMED)


def test_no_name_is_of_two_schemes():
    for name, (file, _) in NAMED.items():
        assert [other for other, scheme in SCHEMES.items() if scheme.match(file)] == [name]


def test_a_small_copy_of_each_corpus_is_counted(tmp_path):
    """Every corpus by four files in the names of the release: two speakers, two emotions."""
    copies = {
        "urdu": ["Angry/SM1_F1_A01.wav", "Happy/SM1_F2_H01.wav", "Angry/SF5_F1_A02.wav",
                 "Sad/SF5_F4_S02.wav"],
        "turev-db": [f"Sound Source/{emotion}/{who}_{emotion[:2].lower()}_dil.wav"
                     for emotion in ("Happy", "Sad") for who in (1157, 7895)],
        "shemo": ["female/F01A01.wav", "female/F01W02.wav", "male/M01A01.wav", "male/M01W02.wav"],
        "aesdd": ["anger/a01 (1).wav", "sadness/s01 (1).wav", "anger/a01 (2).wav",
                  "sadness/s01 (2b).wav"],
        "esd": ["0001/Happy/0001_000701.wav", "0001/Neutral/0001_000001.wav",
                "0020/Happy/0020_000701.wav", "0020/Neutral/0020_000001.wav"],
    }  # fmt: skip
    sentences = {"turev-db": 1, "aesdd": 1, "esd": 2}
    for name, paths in copies.items():
        for path in paths:
            sound(tmp_path / name / path)
        corpus = open_corpus(tmp_path / name)
        assert corpus.reader == name
        assert (len(corpus.usable), len(corpus.speakers)) == (4, 2), name
        assert len(corpus.emotions) in (2, 3), name
        assert corpus.usable["sentence"].nunique() == sentences.get(name, 0), name


@pytest.mark.parametrize(
    "name", ["{who}S0{n}.wav", "a0{n} ({n}).wav", "03-01-04-01-01-01-0{n}.wav"]
)
def test_folders_of_emotions_win_over_names_that_contradict_them(tmp_path, name):
    for emotion in ("anger", "happiness", "sadness", "neutral"):
        for n, who in enumerate(("M01", "F01"), start=1):
            sound(tmp_path / emotion / name.format(n=n, who=who))
    corpus = open_corpus(tmp_path)
    assert corpus.reader == "folders"
    assert len(corpus.emotions) == 4


def test_copies_sorted_by_emotion_are_read_by_their_names(tmp_path):
    folders = ("neutral", "neutral", "happy", "sad", "angry", "fearful", "disgust", "surprised")
    for code, folder in enumerate(folders, start=1):  # calm lies under neutral
        sound(tmp_path / "ravdess" / folder / f"03-01-0{code}-01-01-01-01.wav")
    for folder, code in {"Fear": "fear", "Pleasant_surprise": "ps", "angry": "angry"}.items():
        sound(tmp_path / "tess" / f"OAF_{folder}" / f"OAF_back_{code}.wav")
    for name, emotions in (("ravdess", 8), ("tess", 3)):
        corpus = open_corpus(tmp_path / name)
        assert (corpus.reader, len(corpus.emotions)) == (name, emotions)


def test_levels_of_emotion_are_classes_where_own_labels_are_wanted(tmp_path):
    for level in range(3):
        sound(tmp_path / f"{level}/7-f-20-0-{level}-1.wav")
    assert open_corpus(tmp_path).emotions == ["neutral"]
    corpus = open_corpus(tmp_path, own_labels=True)
    assert corpus.emotions == ["neutral", "high", "low"]
    assert "levels (low, neutral, high), not emotions" in corpus.notes[0]


def test_the_documentation_lists_every_reader_with_its_language():
    page = (REPOSITORY / "docs/corpora.md").read_text(encoding="utf-8")
    rows = [[cell.strip(" `") for cell in line.split("|")[1:-1]] for line in page.splitlines()
            if line.startswith("| `")]  # fmt: skip
    listed = {row[0]: row for row in rows if row[0] in READERS}
    assert listed.keys() == set(READERS)
    known = {name: READERS[name] for name in READERS if READERS[name].language}
    assert {name: listed[name][2] for name in known} == {
        name: reader.language for name, reader in known.items()
    }
