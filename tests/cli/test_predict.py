from __future__ import annotations

import json
import shutil

import numpy as np
import pandas as pd
import pytest
import soundfile
import torch
from typer.testing import CliRunner

from ser_core.audio import Waveform, load, to_wav
from ser_core.cli import app
from ser_core.core import ModelError, SerError, demo_corpus
from ser_core.corpora.annotations import read_segments
from ser_core.features.representations import make
from ser_core.models.bundle import Bundle, architecture
from ser_core.models.classifier import EmotionClassifier
from ser_core.models.networks.resnet import ResNetSpec
from tests.corpora.competition import competition, copy_sound

CLASSES = ("anger", "sadness", "neutral")
VOICE = demo_corpus() / "samples" / "EB0_fear_82.flac"


def run(*arguments) -> str:
    result = CliRunner().invoke(app, ["predict", *map(str, arguments)])
    if result.exception:
        raise result.exception
    return result.stdout


def _saved(folder, normalise: str):
    torch.manual_seed(0)
    rep = make("melspectrogram", n_mels=16, hop_length=320)
    network = EmotionClassifier(
        rep, normalise, ResNetSpec(depth="resnet10", width=4, classes=3), CLASSES
    )
    torch.nn.init.normal_(network.network.fc.weight, std=5.0)
    about = {**architecture(network), "name": "a network"}
    return Bundle(network.eval(), about).save(folder)


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return _saved(tmp_path_factory.mktemp("m") / "one", "speaker")


@pytest.fixture
def clips(tmp_path):
    """Two clips and a file that is none."""
    folder = tmp_path / "nagrania ż"
    folder.mkdir()
    for path in sorted((demo_corpus() / "samples").glob("EB0*"))[:2]:
        shutil.copy(path, folder)
    (folder / "broken.wav").write_bytes(b"RIFF")
    return folder


def test_a_folder_becomes_a_table(model, clips, tmp_path):
    said = run(clips, "--model", model, "--csv", tmp_path / "out.csv")
    assert "2 classified, 1 not" in said
    table = pd.read_csv(tmp_path / "out.csv", keep_default_na=False)
    columns = ["file", "seconds", "p_anger", "p_sadness", "p_neutral", "answer", "confidence"]
    signed = ["threshold", "model", "voice_clips", "other_voice"]
    assert list(table) == [*columns, "uncertain", *signed, "problem"]
    assert set(table["model"]) == {"a network"}
    assert set(table["voice_clips"]) == {0}
    assert [name.rpartition("/")[2] for name in table["file"]] == [
        "EB0_anger_82.flac", "EB0_fear_82.flac", "broken.wav",
    ]  # fmt: skip
    assert table["problem"].astype(bool).tolist() == [False, False, True]
    sums = table.loc[:1, ["p_anger", "p_sadness", "p_neutral"]].astype(float).sum(axis=1)
    assert sums.tolist() == pytest.approx([1, 1], abs=1e-5)


def test_rows_that_are_done_outlive_a_crash(model, clips, tmp_path, monkeypatch):
    """Also one that no `except` sees, as a kill: the rows are on disk after each batch."""
    out = tmp_path / "new folder" / "out.csv"
    monkeypatch.setattr("ser_core.inference.classify.AT_ONCE", 1)
    seen = []

    def kill(_self, recording):
        seen.append(recording)
        if len(seen) == 2:
            raise KeyboardInterrupt
        return load(recording.source)

    with monkeypatch.context() as during:
        during.setattr("ser_core.inference.classify.InferenceModel.waveform", kill)
        with pytest.raises((KeyboardInterrupt, SystemExit)):
            run(clips, "--model", model, "--csv", out)
    partial = out.with_name("out.csv.partial")
    assert not out.exists()
    assert len(pd.read_csv(partial)) == 1
    run(clips, "--model", model, "--csv", out)
    assert len(pd.read_csv(out)) == 3
    assert not partial.exists()


@pytest.mark.parametrize("more", [[], ["--timeline"]])
def test_one_bad_file_of_many_loses_no_row(model, clips, tmp_path, monkeypatch, more):
    def fail(_self, waveforms, speaker=None, *, seen=False):
        if any(len(wave.samples) == 16_000 for wave in waveforms):
            raise RuntimeError("a bug")
        return np.full((len(waveforms), 3), 1 / 3)

    (clips / "one second.wav").write_bytes(
        to_wav(Waveform(np.sin(np.arange(16_000) / 9).astype(np.float32)))
    )
    monkeypatch.setattr("ser_core.models.bundle.Bundle.predict", fail)
    run(clips, "--model", model, "--csv", tmp_path / "out.csv", *more)
    table = pd.read_csv(tmp_path / "out.csv", keep_default_na=False).set_index("file")
    assert table.loc[str(clips / "one second.wav"), "problem"] == (
        "failed unexpectedly (RuntimeError: a bug)"
    )
    assert set(table.loc[[str(clips / "EB0_anger_82.flac")], "problem"]) == {""}


def test_a_speaker_changes_answers(model, clips):
    alone = json.loads(run(clips, "--model", model, "--json"))
    voice = clips / "EB0_fear_82.flac"
    known = json.loads(run(clips, "--model", model, "--json", "--enrol", voice))
    assert alone[0]["p_anger"] != known[0]["p_anger"]
    assert known[2]["p_anger"] is None
    assert {row["voice_clips"] for row in known} == {1}
    assert not any(row["other_voice"] for row in known)


def test_a_clip_of_another_speaker_is_doubted(model, clips):
    man = next((demo_corpus() / "samples").glob("KS0*"))
    arguments = ("--model", model, "--enrol", clips / "EB0_anger_82.flac")
    rows = json.loads(run(man, clips / "EB0_fear_82.flac", *arguments, "--json"))
    assert [row["other_voice"] for row in rows] == [True, False]
    assert "1 of the files may be of another speaker" in run(man, *arguments)
    (first, *_rest) = json.loads(run(man, *arguments, "--timeline", "--json"))
    assert first["other_voice"]


def test_a_timeline_has_a_row_a_window(model, clips):
    rows = json.loads(run(clips, "--model", model, "--timeline", "--window", 1, "--json"))
    assert {row["file"].rpartition("/")[2] for row in rows} == {
        "EB0_anger_82.flac", "EB0_fear_82.flac", "broken.wav",
    }  # fmt: skip
    assert [(row["start"], row["end"]) for row in rows[:2]] == [(0, 1), (1, 2)]


def test_a_timeline_goes_on_after_ten_minutes(model, tmp_path):
    """Where one prediction for the whole recording is refused."""
    speech = load(demo_corpus() / "samples" / "EB0_anger_82.flac").samples
    with soundfile.SoundFile(tmp_path / "long.flac", "w", 16_000, 1) as file:
        for _ in range(11):
            file.write(np.zeros(16_000 * 60, np.float32))
        file.write(speech)
    (alone,) = json.loads(run(tmp_path, "--model", model, "--json"))
    assert "longer than 600 s" in alone["problem"]
    words = ("--timeline", "--hop", 30, "--json", "--enrol", VOICE)
    rows = json.loads(run(tmp_path, "--model", model, *words))
    assert rows[-1]["end"] == pytest.approx(660 + len(speech) / 16_000, abs=1e-3)
    assert [row["problem"] for row in rows] == [*["silent"] * (len(rows) - 1), ""]
    assert len(rows) == 23
    assert rows[-1]["answer"]


@pytest.fixture
def talk(tmp_path):
    """Three clips of one speaker and one of another, with pauses; and a file of these turns."""
    hers, his = (sorted((demo_corpus() / "samples").glob(f"{who}*")) for who in ("EB0", "KS0"))
    at, parts, lines = 1.0, [np.zeros(16_000, np.float32)], []
    for path in (hers[0], his[0], *hers[1:3]):
        wave = load(path)
        lines.append(f"SPEAKER talk 1 {at:.3f} {wave.duration:.3f} <NA> <NA> {path.name[:3]}")
        parts += [wave.samples, np.zeros(32_000, np.float32)]
        at += wave.duration + 2
    (tmp_path / "talk.wav").write_bytes(to_wav(Waveform(np.concatenate(parts))))
    (tmp_path / "talk.rttm").write_text("\n".join(lines))
    return tmp_path / "talk.wav"


def test_turns_of_a_file_are_answered_and_written(model, talk):
    grid, rttm = talk.with_name("out.TextGrid"), talk.with_name("out.rttm")
    turns = talk.with_name("talk.rttm")
    words = ("--turns", turns, "--textgrid", grid, "--rttm", rttm, "--json")
    rows = json.loads(run(talk, "--model", model, *words))
    assert [row["speaker"] for row in rows] == ["EB0", "KS0", "EB0", "EB0"]
    starts = [each.start for each in read_segments(turns)]
    assert [row["start"] for row in rows] == pytest.approx(starts, abs=1e-3)
    for written in (read_segments(grid), read_segments(rttm)):
        assert [(each.label, each.speaker) for each in written] == [
            (row["answer"], row["speaker"]) for row in rows
        ]
    own = json.loads(run(talk, "--model", model, "--turns", turns, "--enrol-turns", "--json"))
    # One clip of the other is too little to enrol.
    assert [row["voice_clips"] for row in own] == [3, 0, 3, 3]


def test_turns_are_found_where_somebody_speaks(model, talk, tmp_path):
    (tmp_path / "hum.wav").write_bytes(to_wav(Waveform(np.full(32_000, 0.1, np.float32))))
    words = ("--model", model, "--turns", "speech", "--json")
    rows = json.loads(run(talk, tmp_path / "hum.wav", *words))
    assert [row["file"].rpartition("/")[2] for row in rows] == [*["talk.wav"] * 4, "hum.wav"]
    assert rows[-1]["problem"] == "nobody is heard to speak"
    assert all(row["answer"] for row in rows[:4])


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (("--turns", "speech", "--timeline"), "--turns: goes without --timeline"),
        (("--textgrid", "x.TextGrid"), "belongs to --timeline or --turns"),
        (("--turns", "speech", "--enrol-turns"), "belongs to --turns FILE"),
        (("--turns", "nothing.rttm"), "cannot be read"),
    ],
)
def test_words_about_turns_that_say_nothing_together_are_refused(model, talk, words, problem):
    with pytest.raises(SerError, match=problem):
        run(talk, "--model", model, *words)


def test_what_cannot_be_done_is_said(model, clips, tmp_path):
    with pytest.raises(ModelError, match="holds no model"):
        run(clips, "--model", tmp_path)
    plain = _saved(tmp_path / "plain", "clip")
    with pytest.raises(ModelError, match="does not use enrolment"):
        run(clips / "EB0_fear_82.flac", "--model", plain, "--enrol", clips / "EB0_fear_82.flac")
    with pytest.raises(SerError, match="no such file"):
        run(tmp_path / "nowhere", "--model", model)


LABELS = ("--label", "0=angry", "--label", "1=sad", "--label", "2=neutral")
LABEL_OF = {"anger": "0", "sadness": "1", "neutral": "2"}


@pytest.fixture
def contest(tmp_path, ser_home):
    return competition(tmp_path / "dacon", seconds=0.5)


def test_a_template_is_filled_from_the_unlabelled_part(model, contest, tmp_path):
    out, csv = tmp_path / "submission.csv", tmp_path / "answers.csv"
    arguments = (contest, "--model", model, "--submission", "sample_submission.csv")
    said = run(*arguments, "--out", out, "--csv", csv, *LABELS)
    assert "3 rows in" in said
    answers = pd.read_csv(csv)["answer"]
    template = (contest / "sample_submission.csv").read_text().splitlines()
    rows = zip(template[1:], answers, strict=True)
    expected = [f"{row.partition(',')[0]},{LABEL_OF[answer]}" for row, answer in rows]
    assert out.read_text().splitlines() == [template[0], *expected]
    # The labels are known from now on.
    told = json.loads(
        run(*arguments, "--out", tmp_path / "output.txt", "--probabilities", "--json")
    )
    assert told["rows"] == 3
    table = pd.read_csv(tmp_path / "output.txt")
    assert list(table) == ["id", "0", "1", "2"]
    assert table[["0", "1", "2"]].sum(axis=1).to_list() == pytest.approx([1, 1, 1], abs=1e-5)
    best = table[["0", "1", "2"]].idxmax(axis=1)
    assert best.to_list() == [LABEL_OF[answer] for answer in answers]


def test_what_a_submission_lacks_is_said_and_nothing_written(model, contest, tmp_path):
    out = tmp_path / "submission.csv"
    arguments = (contest, "--model", model, "--submission", "sample_submission.csv")
    with pytest.raises(SerError, match="no number is known for anger"):
        run(*arguments, "--out", out)
    (contest / "test/TEST_1.wav").unlink()
    with pytest.raises(SerError, match="1 of 3 ids has no clip: TEST_1"):
        run(*arguments, "--out", out, *LABELS)
    with pytest.raises(SerError, match="would be overwritten"):
        run(contest, "--model", model, "--submission", contest / "sample_submission.csv",
            "--out", contest / "sample_submission.csv")  # fmt: skip
    with pytest.raises(SerError, match="Give --out"):
        run(*arguments)
    with pytest.raises(SerError, match="belongs to --submission"):
        run(contest, "--model", model, "--fill", "0")
    assert not out.exists()


SILENT = to_wav(Waveform(np.zeros(16_000, np.float32)))


@pytest.mark.parametrize("content", [SILENT, b"RIFF"])
def test_a_clip_that_fails_is_refused_or_filled(model, contest, tmp_path, content):
    (contest / "test/TEST_1.wav").write_bytes(content)
    out = tmp_path / "submission.csv"
    arguments = (contest, "--model", model, "--submission", "sample_submission.csv", "--out", out)
    with pytest.raises(SerError, match=r"1 clip cannot be classified: test/TEST_1\.wav"):
        run(*arguments, *LABELS)
    assert not out.exists()
    assert "1 of 3 clips could not be classified" in run(*arguments, "--fill", "2")
    assert out.read_text().splitlines()[2] == "TEST_1,2"


def test_only_the_unlabelled_clips_of_a_corpus(model, contest):
    rows = json.loads(run(contest, "--model", model, "--unlabelled", "--json"))
    assert [row["file"].rpartition("/")[2] for row in rows] == [
        "TEST_0.wav", "TEST_1.wav", "TEST_2.wav",
    ]  # fmt: skip


def test_a_labelled_copy_among_the_unlabelled_clips_is_said(model, contest, tmp_path):
    copy_sound(contest, "train/TRAIN_0.wav", "test/TEST_2.wav")
    arguments = [contest, "--model", model, "--submission", "sample_submission.csv", *LABELS]
    words = ["predict", *map(str, arguments), "--out", str(tmp_path / "submission.csv")]
    found = CliRunner().invoke(app, words)
    assert found.exit_code == 0
    assert "1 of 3 unlabelled clips are labelled clips, too (test/TEST_2.wav is" in found.output
