"""`attack` and `robustness` on the command line: files, MLflow, faults."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from ser_core import tracking
from ser_core.audio import load
from ser_core.cli import app
from ser_core.core import ParameterError, demo_corpus
from ser_core.robustness.card import load_card
from tests.robustness.conftest import made

runner = CliRunner()


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return made(n_mels=24).save(tmp_path_factory.mktemp("models") / "small")


@pytest.fixture(autouse=True)
def store(mlflow_store, monkeypatch):
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)


def call(command, model, *more):
    return runner.invoke(
        app,
        [command, "--model", str(model), "--corpus", str(demo_corpus()), "--clips", "4", *more],
        catch_exceptions=False,
    )


def test_robustness_writes_json_card_and_a_run(model, tmp_path):
    file, folder = tmp_path / "found.json", tmp_path / "card"
    done = call("robustness", model, "-p", "white", "-p", "opus", "--few", "--json", str(file),
                "--out", str(folder))  # fmt: skip
    assert done.exit_code == 0, done.output
    assert "drawn evenly" in done.output
    assert "White noise" in done.output
    found = json.loads(file.read_text())
    assert set(found["perturbations"]) == {"white", "opus"}
    for level in found["perturbations"]["opus"]["levels"]:
        assert {"wa", "wa_low", "wa_high", "uar", "uar_low", "uar_high"} <= set(level)
    files = {path.name for path in folder.iterdir()}
    assert files == {"card.json", "answers.parquet", "card.html", "card.md", "card.png"}
    assert load_card(folder).about["clips"] == 4
    run = tracking.one(tracking.runs(kind="robustness")["id"][0])
    assert run.metrics["area_uar.white"] == pytest.approx(load_card(folder).line[0].area())
    assert len(tracking.history(run.id, "uar.white")) == 4


def test_attack_writes_sounds_to_hear(model, tmp_path):
    wav = tmp_path / "wav"
    done = call("attack", model, "--attack", "fgsm", "--place", "sound", "--epsilon", "30",
                "--wav", str(wav), "--out", str(tmp_path / "card"))  # fmt: skip
    assert done.exit_code == 0, done.output
    names = sorted(path.name for path in wav.iterdir())
    assert len(names) == 12
    clean, difference = (load(wav / name) for name in (names[1], names[2]))
    assert len(clean.samples) == len(difference.samples)
    (curve,) = load_card(tmp_path / "card").attacks
    assert [point.label for point in curve.points] == ["clean", "30 dB SNR"]


def test_faults_are_reported(model, tmp_path):
    with pytest.raises(ParameterError, match="different unit"):
        call("attack", model, "--epsilon", "1")
    with pytest.raises(ParameterError, match="--place"):
        call("attack", model, "--wav", str(tmp_path))
    with pytest.raises(ParameterError, match="nothing"):
        call("robustness", model, "-p", "none")
