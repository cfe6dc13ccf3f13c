"""Corpora of a layout of their own, on small made-up folders of the same names."""

from __future__ import annotations

import json

import numpy as np
import pytest
import soundfile

from ser_core.core import CorpusError, ParameterError
from ser_core.corpora import audit_split, make_split, open_corpus
from ser_core.corpora.extracting import extract
from tests.corpora.synthetic import sound

LABELS = ("ang", "hap", "exc", "sad", "neu", "fru", "xxx")


def iemocap(root, sessions=5):
    """Each session: one dialogue in which both speakers have a turn of every label."""
    for session in range(1, sessions + 1):
        folder = root / f"Session{session}"
        dialogue = f"Ses0{session}F_impro01"
        evaluation = ["% [START_TIME - END_TIME] TURN_NAME EMOTION [V, A, D]", ""]
        words = []
        for number, label in enumerate(LABELS):
            for who in "FM":
                turn = f"{dialogue}_{who}{number:03}"
                sound(folder / "sentences/wav" / dialogue / f"{turn}.wav")
                evaluation += [
                    f"[{number}.2901 - {number}.9357]\t{turn}\t{label}\t[2.5000, 2.5000, 2.5000]",
                    "C-E2:\tNeutral;\t()", "A-E3:\tval 3; act 2; dom  2;\t()", "",
                ]  # fmt: skip
                words.append(f"{turn} [00{number}.2901-00{number}.9357]: Words {number} by {who}.")
        sound(folder / "dialog/wav" / f"{dialogue}.wav", seconds=1)
        texts = {"EmoEvaluation": evaluation, "transcriptions": words}
        for name, lines in texts.items():
            file = folder / "dialog" / name / f"{dialogue}.txt"
            file.parent.mkdir(parents=True)
            file.write_text("\n".join(lines) + "\n")
        rater = folder / "dialog/EmoEvaluation/Categorical" / f"{dialogue}_e2_cat.txt"
        rater.parent.mkdir()
        rater.write_text(f"[1.2901 - 1.9357]\t{dialogue}_F000\tsad\t[2.5000, 2.5000, 2.5000]\n")
    return root


def test_iemocap_has_four_classes_with_the_excited_as_happy(tmp_path):
    corpus = open_corpus(iemocap(tmp_path / "IEMOCAP_full_release"))
    assert (corpus.reader, corpus.name) == ("iemocap", "IEMOCAP")
    counts = corpus.usable["emotion"].value_counts()
    assert counts.to_dict() == {"happiness": 20, "anger": 10, "sadness": 10, "neutral": 10}
    assert len(corpus) == 50
    assert corpus.notes[0] == "10 turns labelled exc (excited) count as happiness"
    assert "fru 10, xxx 10" in corpus.notes[1]


def test_iemocap_says_who_speaks_by_the_end_of_the_name(tmp_path):
    corpus = open_corpus(iemocap(tmp_path))
    assert corpus.speakers == [f"Ses0{n}{who}" for n in range(1, 6) for who in "FM"]
    clip = corpus.usable.loc["Session2/sentences/wav/Ses02F_impro01/Ses02F_impro01_M003.wav"]
    assert clip[["speaker", "gender", "official", "label", "text", "sentence"]].to_list() == [
        "Ses02M", "male", "Session2", "sad", "Words 3 by M.", "words 3 by m.",
    ]  # fmt: skip


def test_iemocap_options(tmp_path):
    iemocap(tmp_path)
    own = open_corpus(tmp_path, "iemocap", classes="all", excited="own", own_labels=True)
    assert own.emotions == ["anger", "happiness", "sadness", "neutral", "exc", "fru"]
    out = open_corpus(tmp_path, "iemocap", excited="out")
    assert out.usable["emotion"].value_counts()["happiness"] == 10
    every = open_corpus(tmp_path, "iemocap", classes="all")
    assert set(every.clips.loc[every.clips["problem"] != "", "label"]) == {"fru"}
    with pytest.raises(ParameterError, match="four"):
        open_corpus(tmp_path, "iemocap", classes="for")


def test_iemocap_in_five_folds_by_session(tmp_path):
    corpus = open_corpus(iemocap(tmp_path))
    split = make_split(corpus, "official")
    assert split.folds == [f"Session{n}" for n in range(1, 6)]
    parts = split.fold("Session4")
    assert set(corpus.clips.loc[parts["test"], "speaker"]) == {"Ses04F", "Ses04M"}
    assert set(corpus.clips.loc[parts["validation"], "speaker"]) == {"Ses05F", "Ses05M"}
    assert audit_split(split, corpus).grade == "B"  # the made-up sessions say the same words
    assert any("one session each" in note for note in split.notes)


def test_a_turn_of_iemocap_without_its_file_is_named(tmp_path):
    iemocap(tmp_path)
    gone = "Session1/sentences/wav/Ses01F_impro01/Ses01F_impro01_F000.wav"
    (tmp_path / gone).unlink()
    assert open_corpus(tmp_path).clips.loc[gone, "problem"] == "the file is missing"


HEADER = "Sr No.,Utterance,Speaker,Emotion,Sentiment,Dialogue_ID,Utterance_ID,Season,Episode"
FOLDERS = {
    "train": "train/train_splits", "dev": "dev/dev_splits_complete",
    "test": "test/output_repeated_splits_test",
}  # fmt: skip


def meld(root):
    """Three parts whose clips have the same names."""
    for part, folder in FOLDERS.items():
        rows = [
            f'1,"Oh, {part}!",Monica,joy,positive,0,0,8,21',
            f"2,No {part}.,Waiter {part},anger,negative,0,1,8,21",
            "3,Bye!,All,neutral,neutral,0,2,8,21",
        ]
        for number in range(3):
            sound(root / folder / f"dia0_utt{number}.wav")
        (root / f"{part}_sent_emo.csv").write_text("\n".join([HEADER, *rows]), encoding="utf-8")
    return root


def test_meld_finds_each_clip_in_the_folder_of_its_part(tmp_path):
    corpus = open_corpus(meld(tmp_path))
    assert (corpus.reader, len(corpus.usable)) == ("meld", 9)
    clip = corpus.usable.loc["test/output_repeated_splits_test/dia0_utt0.wav"]
    assert clip[["emotion", "label", "speaker", "text", "official"]].to_list() == [
        "happiness", "joy", "Monica", "Oh, test!", "test",
    ]  # fmt: skip
    together = corpus.usable[corpus.usable["text"] == "Bye!"]
    assert together["speaker"].isna().all()
    split = make_split(corpus, "official")
    sizes = {part: len(clips) for part, clips in split.fold().items()}
    assert sizes == {"train": 3, "validation": 3, "test": 3}
    assert audit_split(split, corpus).grade == "unknown"


def test_a_missing_clip_of_meld_is_named_by_its_part(tmp_path):
    meld(tmp_path)
    (tmp_path / FOLDERS["dev"] / "dia0_utt1.wav").unlink()
    problems = open_corpus(tmp_path).clips["problem"]
    assert problems[problems != ""].to_dict() == {"validation/dia0_utt1.mp4": "the file is missing"}


def test_the_encoding_of_meld_is_taken(tmp_path):
    file = meld(tmp_path) / "train_sent_emo.csv"
    file.write_text(file.read_text("utf-8").replace("Bye!", "It’s!"), encoding="cp1252")
    with pytest.raises(CorpusError, match=r"train_sent_emo.csv: the table is not UTF-8"):
        open_corpus(tmp_path)
    assert "It’s!" in set(open_corpus(tmp_path, encoding="cp1252").usable["text"])


def msp(root):
    """Two speakers and one without a name in each part."""
    rows = ["FileName,EmoClass,EmoAct,EmoVal,EmoDom,SpkrID,Gender,Split_Set"]
    for part in ("Train", "Development", "Test1", "Test2"):
        people = {1: "Male", 2: "Female", "Unknown": "Unknown"}
        for number, (who, gender) in enumerate(people.items()):
            for code in "AHXO":
                name = f"MSP-PODCAST_{part}_{number}{code}.wav"
                sound(root / "Audios" / name)
                speaker = who if who == "Unknown" else f"{part}{who}"
                rows.append(f"{name},{code},4.0,3.1,4.2,{speaker},{gender},{part}")
    (root / "Labels").mkdir()
    (root / "Labels/labels_consensus.csv").write_text("\n".join(rows))
    return root


def test_msp_podcast_tests_on_one_test_set(tmp_path):
    corpus = open_corpus(msp(tmp_path))
    assert corpus.reader == "msp-podcast"
    assert corpus.usable["emotion"].value_counts().to_dict() == {"anger": 12, "happiness": 12}
    split = make_split(corpus, "official")
    sizes = {part: len(clips) for part, clips in split.fold().items()}
    assert sizes == {"train": 6, "validation": 6, "test": 6, "unused": 6}
    assert all("Test1" in clip for clip in split.fold()["test"])
    other = make_split(open_corpus(tmp_path, test="Test2"), "official")
    assert all("Test2" in clip for clip in other.fold()["test"])
    with pytest.raises(ParameterError, match="Test1, Test2"):
        open_corpus(tmp_path, test="Test9")


def test_an_unknown_speaker_of_msp_podcast_is_no_person(tmp_path):
    corpus = open_corpus(msp(tmp_path))
    unknown = corpus.usable["speaker"].isna()
    assert (unknown.sum(), len(corpus.speakers)) == (8, 8)
    assert corpus.usable.loc[unknown, "gender"].isna().all()
    assert audit_split(make_split(corpus, "official"), corpus).grade == "unknown"


def test_emozionalmente_joins_clips_and_people(tmp_path):
    clips = ["file_name,actor,sentence,emotion_expressed"]
    for number, emotion in enumerate(("joy", "neutrality", "disgust")):
        sound(tmp_path / f"audio/161332318293{number}.wav")
        clips.append(f"161332318293{number}.wav,u{number % 2},Che bella giornata,{emotion}")
    (tmp_path / "metadata").mkdir()
    (tmp_path / "metadata/samples.csv").write_text("\n".join(clips))
    (tmp_path / "metadata/users.csv").write_text("username,age,gender\nu0,31,female\n")
    corpus = open_corpus(tmp_path)
    assert corpus.reader == "emozionalmente"
    assert corpus.emotions == ["disgust", "happiness", "neutral"]
    clip = corpus.usable.loc["audio/1613323182932.wav"]
    assert clip[["speaker", "gender", "age", "sentence"]].to_list() == [
        "u0", "female", 31, "che bella giornata",
    ]  # fmt: skip
    assert corpus.usable["gender"].isna().sum() == 1


def emobox(root, folds=3, *, dataset="ravdess"):
    """Manifests of three speakers, each tested once, or one fold that deals out clips."""
    lines = []
    for who in (1, 2, 3):
        for emotion in (3, 5):
            path = f"downloads/{dataset}/Actor_0{who}/03-01-0{emotion}-01-01-01-0{who}.wav"
            sound(root / path)
            lines.append((who, {"key": path, "dataset": dataset, "wav": path, "emo": str(emotion)}))
    data = root / "data" / dataset
    for fold in range(1, folds + 1):
        parts = {
            "train": [entry for who, entry in lines if who != fold],
            "test": [entry for who, entry in lines if who == fold],
        }
        for part, entries in parts.items():
            file = data / f"fold_{fold}/{dataset}_{part}_fold_{fold}.jsonl"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text("".join(json.dumps(entry) + "\n" for entry in entries))
    (data / "label_map.json").write_text(json.dumps({"3": "Happy", "5": "Angry"}))
    return root


def test_emobox_keeps_its_folds_and_knows_speakers_by_the_names(tmp_path):
    corpus = open_corpus(emobox(tmp_path))
    assert (corpus.reader, corpus.name, len(corpus.usable)) == ("emobox", "EmoBox ravdess", 6)
    assert corpus.emotions == ["anger", "happiness"]
    clip = corpus.usable.loc["downloads/ravdess/Actor_02/03-01-05-01-01-01-02.wav"]
    assert clip[["speaker", "gender", "official", "label"]].to_list() == [
        "02", "female", "fold 2", "5",
    ]  # fmt: skip
    split = make_split(corpus, "official")
    assert split.folds == ["fold 1", "fold 2", "fold 3"]
    assert set(corpus.clips.loc[split.fold("fold 3")["test"], "speaker"]) == {"03"}
    assert audit_split(split, corpus).grade == "B"


def test_one_fold_of_emobox_is_a_split_into_parts(tmp_path):
    corpus = open_corpus(emobox(tmp_path, folds=1))
    split = make_split(corpus, "official")
    assert {part: len(clips) for part, clips in split.fold().items()}["test"] == 2


def test_manifests_apart_from_the_sound_and_of_several_corpora(tmp_path):
    emobox(tmp_path / "box")
    emobox(tmp_path / "box", dataset="savee")
    with pytest.raises(CorpusError, match="dataset=, one of ravdess, savee"):
        open_corpus(tmp_path / "box")
    corpus = open_corpus(tmp_path / "box/data", dataset="ravdess", sound=str(tmp_path / "box"))
    assert len(corpus.usable) == 6
    with pytest.raises(CorpusError, match="'ravdess'"):
        open_corpus(tmp_path / "box", dataset="ravdes")


@pytest.mark.parametrize(
    "keys", [("start", "end"), ("start_time", "end_time"), ("offset", "duration")]
)
def test_segments_of_emobox_are_cut_and_keep_their_folds(tmp_path, keys):
    emobox(tmp_path / "box", folds=3)
    first = "downloads/ravdess/Actor_01/03-01-03-01-01-01-01.wav"
    soundfile.write(tmp_path / "box" / first, np.arange(1600) / 3200, 16_000, subtype="PCM_24")
    for file in (tmp_path / "box").rglob("*.jsonl"):
        whole = [json.loads(line) for line in file.read_text().splitlines()]
        lines = [
            each | {keys[0]: start, keys[1]: 0.02 if keys[1] == "duration" else start + 0.02}
            for each in whole for start in (0.01, 0.05)
        ]  # fmt: skip
        file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    with pytest.raises(CorpusError, match=r"segments.*by corpus extract"):
        open_corpus(tmp_path / "box")
    assert extract(tmp_path / "box", tmp_path / "cut") == 12
    corpus = open_corpus(tmp_path / "cut")
    assert corpus.emotions == ["anger", "happiness"]
    assert corpus.usable["duration"].to_list() == pytest.approx([0.02] * 12)
    mine = corpus.usable[corpus.usable["speaker"].astype(float) == 1]
    assert set(mine["official"]) == {"fold 1"}
    clip = next(
        path for path in mine.index if "03-01-03-01-01-01-01" in path and "_0000050" in path
    )
    samples, _ = soundfile.read(tmp_path / "cut" / clip)
    np.testing.assert_allclose(samples, np.arange(800, 1120) / 3200, atol=1e-6)


def test_emobox_without_times_has_nothing_to_cut(tmp_path):
    with pytest.raises(CorpusError, match="nothing to cut"):
        extract(emobox(tmp_path / "box"), tmp_path / "cut")


@pytest.mark.parametrize("line", ["[1]", '{"wav": "a.wav"}', "no json"])
def test_a_damaged_line_of_emobox_is_named(tmp_path, line):
    emobox(tmp_path)
    (tmp_path / "data/ravdess/fold_2/ravdess_train_fold_2.jsonl").write_text(line)
    with pytest.raises(CorpusError, match="no JSON object with wav and emo"):
        open_corpus(tmp_path)


def test_a_clip_that_two_folds_test_is_refused(tmp_path):
    emobox(tmp_path)
    folder = tmp_path / "data/ravdess"
    twice = (folder / "fold_1/ravdess_test_fold_1.jsonl").read_text()
    (folder / "fold_2/ravdess_test_fold_2.jsonl").write_text(twice)
    with pytest.raises(CorpusError, match="2 clips are tested in several folds"):
        open_corpus(tmp_path)
