"""A model is logged and served by MLflow in a process of its own, and asked over HTTP."""

from __future__ import annotations

import base64
import json
import urllib.error
import urllib.request

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from ser_core import tracking
from ser_core.audio import load
from ser_core.cli import app
from ser_core.core import ModelError
from ser_core.features.representations import make
from ser_core.inference.classify import open_model
from ser_core.models.bundle import Bundle, architecture
from ser_core.models.classifier import EmotionClassifier
from ser_core.models.networks.resnet import ResNetSpec
from ser_core.serving.responses import answers
from ser_core.soak.garbage import served

CLASSES = ("anger", "sadness", "neutral")
START = 90  # s, on a busy machine


@pytest.fixture
def folder(tmp_path):
    torch.manual_seed(0)
    rep = make("melspectrogram", n_mels=16, hop_length=320)
    spec = ResNetSpec(depth="resnet10", width=4, classes=3)
    network = EmotionClassifier(rep, "clip", spec, CLASSES)
    torch.nn.init.normal_(network.network.fc.weight, std=5.0)
    return Bundle(network.eval(), architecture(network)).save(tmp_path / "a model")


def encoded(content: bytes) -> str:
    return base64.b64encode(content).decode()


def test_a_request_of_several_sounds_has_a_row_each(folder, demo_clip):
    sent = [encoded(demo_clip.read_bytes()), "no base64!", encoded(b"no sound")]
    table = answers(open_model(folder), sent)
    assert (table["answer"] != "").tolist() == [True, False, False]
    assert table["problem"][1].startswith("is no base64")
    assert table["problem"][2].startswith("it is not a sound file")
    json.dumps(table.to_dict("records"), allow_nan=False)


def ask(url: str, rows: list[dict]) -> list[dict]:
    request = urllib.request.Request(  # noqa: S310
        url,
        json.dumps({"dataframe_records": rows}).encode(),
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=60) as response:  # noqa: S310
        return json.loads(response.read())["predictions"]


def test_mlflow_serves_what_was_logged(folder, demo_clip, mlflow_store, tmp_path):
    result = CliRunner().invoke(app, ["models", "log", "--model", str(folder), "--json"])
    assert result.exception is None, result.output
    logged = json.loads(result.stdout)
    assert tracking.one(logged["run"]).status == "FINISHED"
    assert f"mlflow models serve --model-uri {logged['uri']}" in logged["serve"]
    kept = [path for path in (mlflow_store.parent / "mlruns").rglob("*") if path.is_file()]
    assert not [path for path in kept if path.suffix == ".pkl"]
    with served(logged["uri"], tmp_path / "server.log", START) as (url, _):
        sound = {"audio": encoded(demo_clip.read_bytes())}
        one, two = ask(url, [sound, {"audio": encoded(b"no sound")}])
        with pytest.raises(urllib.error.HTTPError, match="400"):
            ask(url, [{"path": str(demo_clip)}])
    expected = open_model(folder).probabilities([load(demo_clip)])[0]
    given = [one[f"p_{name}"] for name in CLASSES]
    np.testing.assert_allclose(given, expected, atol=1e-5)
    assert one["answer"] == CLASSES[int(expected.argmax())]
    assert (two["answer"], two["problem"][:12]) == ("", "it is not a ")


def test_what_is_no_model_is_not_logged(tmp_path, mlflow_store):
    result = CliRunner().invoke(app, ["models", "log", "--model", str(tmp_path)])
    assert isinstance(result.exception, ModelError)


def test_models_are_listed(ser_home, folder):
    target = ser_home / "ensembles" / "one" / "ensemble"
    target.parent.mkdir(parents=True)
    folder.rename(target)
    rows = json.loads(CliRunner().invoke(app, ["models", "list", "--json"]).stdout)
    assert str(target) in [row["folder"] for row in rows]
