"""The comparison with a plain loop of transformers, on encoders with random weights."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from ser_core.cli import app
from ser_core.core import demo_corpus
from tests.features.encoders.conftest import make_encoder  # noqa: F401  (a fixture)


@pytest.mark.parametrize("kind", ["whisper", "wav2vec2, layer norm"])
def test_encoder_reports_a_ratio_of_its_own_times_and_the_same_values(
    make_encoder, tmp_path, kind  # noqa: F811
):  # fmt: skip
    file = tmp_path / "speed.json"
    given = ["--encoder", str(make_encoder(kind)), "--corpus", str(demo_corpus())]
    given += ["--clips", "3", "--rounds", "2", "--json", str(file)]
    result = CliRunner().invoke(app, ["bench", "encoder", *given])
    assert result.exit_code == 0, result.exception
    speed = json.loads(file.read_text())
    ratios = [one / other for one, other in zip(speed["plain_s"], speed["ours_s"], strict=True)]
    assert len(ratios) == speed["rounds"] == 2
    assert speed["ratio"] == pytest.approx(sum(ratios) / 2)
    assert speed["clips"] == 3
    assert speed["difference"] < 1e-4 * speed["scale"]
