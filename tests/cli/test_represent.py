from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
from typer.testing import CliRunner

from ser_core.cli import app
from ser_core.core import AudioError, ParameterError, UnknownNameError, demo_corpus
from ser_core.features.extraction import load_means


def run(*arguments) -> dict | list:
    result = CliRunner().invoke(app, ["represent", *map(str, arguments), "--json"])
    if result.exception:
        raise result.exception
    return json.loads(result.stdout)


def test_a_file_is_described_and_written(demo_clip, tmp_path):
    copy = shutil.copy(demo_clip, tmp_path / "zażółć gęślą.flac")
    rows = run(copy, "-r", "mfcc", "-r", "hpss", "--set", "n_mels=40", "--out", tmp_path / "out")
    assert [row["representation"] for row in rows] == ["mfcc", "hpss"]
    assert rows[1]["shape"].startswith("2 × 40 × ")
    with np.load(tmp_path / "out" / "zażółć gęślą.hpss.npz") as archive:
        assert archive["picture"].shape[:2] == (2, 40)


def test_a_file_that_cannot_be_read_does_not_stop_the_others(demo_clip, tmp_path):
    (tmp_path / "text.wav").write_text("no sound")
    copy = shutil.copy(demo_clip, tmp_path / "good.flac")
    with pytest.raises(AudioError, match=r"1 of 3 files could not be read: .*text\.wav"):
        run(demo_clip, tmp_path / "text.wav", copy, "-r", "rms", "--out", tmp_path / "out")
    assert len(list((tmp_path / "out").iterdir())) == 2


def test_a_corpus_fills_the_store_once():
    first = run(demo_corpus(), "-r", "rms", "-r", "zcr")
    assert (first["clips"], first["computed"], first["found"]) == (53, 106, 0)
    again = run(demo_corpus(), "-r", "rms", "-r", "zcr")
    assert (again["computed"], again["found"]) == (0, 106)
    assert again["store_bytes"] == first["store_bytes"] > 0


def test_the_mean_of_each_emotion_is_written_with_progress(tmp_path):
    out, progress = tmp_path / "mean.npz", tmp_path / "progress.json"
    result = run(
        demo_corpus(),
        "-r",
        "rms",
        "--mean-by",
        "emotion",
        "--out",
        out,
        "--progress-file",
        progress,
    )
    assert result["clips"]["anger"] == 9
    assert result["clips"]["surprise"] == 8
    means = load_means(out)
    assert means.features["anger"].mean() > means.features["sadness"].mean()
    assert json.loads(progress.read_text())["done"] == 53


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        (["-r", "mell"], UnknownNameError, "mell"),
        (["-r", "mfcc", "--set", "n_mfcc=many"], ParameterError, "--set name=number"),
        (["-r", "mfcc", "--set", "n_mfcc=999"], ParameterError, "n_mfcc = 999"),
        (["--mean-by", "emotion", "-r", "rms", "-r", "zcr"], ParameterError, "2 representations"),
        (["--mean-by", "mood", "-r", "rms"], ParameterError, "mood"),
    ],
)
def test_a_wrong_argument_is_explained(arguments, error, words):
    with pytest.raises(error, match=words):
        run(demo_corpus(), *arguments)
