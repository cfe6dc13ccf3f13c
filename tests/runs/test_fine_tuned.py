"""A run that fine-tunes its encoder predicts as its bundle does, with speakers enrolled too."""

from __future__ import annotations

import numpy as np
import pytest

from ser_core import audio
from ser_core.core import demo_corpus
from ser_core.corpora import open_corpus
from ser_core.evaluation import Predictions
from ser_core.models.bundle import load_bundle
from ser_core.recipes.recipe import parse
from ser_core.runs.execute import run
from tests.features.encoders.conftest import make_encoder  # noqa: F401  (a fixture)


@pytest.fixture(scope="module")
def tuned(make_encoder, tmp_path_factory):  # noqa: F811
    folder = tmp_path_factory.mktemp("tuned")
    recipe = parse(
        {
            "name": "tuned",
            "corpus": str(demo_corpus()),
            "split": {"policy": "leave-one-speaker-out", "only": [0]},
            "representation": {"name": "encoder", "encoder": str(make_encoder("whisper", 8))},
            "normalise": "speaker",
            "network": {"name": "linear"},
            # Far from the encoder that it began with, so that its statistics do not serve.
            "fine_tune": {"method": "layers", "lr": 0.05, "probe_epochs": 1, "masks": False},
            "train": {"epochs": 1, "batch": 16, "crop_s": None, "threads": 1},
        }
    )
    run(recipe, folder)
    return folder


@pytest.mark.parametrize("table", ["predictions.parquet", "enrolled.parquet"])
def test_predictions_are_those_of_the_bundle(tuned, table):
    """Enrolled: each speaker from all clips of the part, by the encoder as it was tuned."""
    bundle = load_bundle(tuned / "fold-0-seed-0" / "bundle")
    found = Predictions.load(tuned / table)
    corpus = open_corpus(demo_corpus())
    for _, rows in found.table.groupby(["part", "speaker"], observed=True):
        sounds = [audio.load(corpus.path(clip)) for clip in rows["clip"]]
        voice = bundle.enrol(sounds) if table.startswith("enrolled") else None
        expected = bundle.predict(sounds, voice)
        given = rows[[f"p_{name}" for name in found.classes]].to_numpy()
        np.testing.assert_allclose(given, expected, atol=1e-4)
