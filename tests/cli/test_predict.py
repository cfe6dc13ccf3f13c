from __future__ import annotations

import json
import shutil

import pandas as pd
import pytest
import torch
from typer.testing import CliRunner

from ser_core.cli import app
from ser_core.core import ModelError, SerError, demo_corpus
from ser_core.features.representations import make
from ser_core.models.bundle import Bundle, architecture
from ser_core.models.classifier import EmotionClassifier
from ser_core.models.networks.resnet import ResNetSpec

CLASSES = ("anger", "sadness", "neutral")


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


def test_what_cannot_be_done_is_said(model, clips, tmp_path):
    with pytest.raises(ModelError, match="holds no model"):
        run(clips, "--model", tmp_path)
    plain = _saved(tmp_path / "plain", "clip")
    with pytest.raises(ModelError, match="does not use enrolment"):
        run(clips / "EB0_fear_82.flac", "--model", plain, "--enrol", clips / "EB0_fear_82.flac")
    with pytest.raises(SerError, match="no such file"):
        run(tmp_path / "nowhere", "--model", model)
