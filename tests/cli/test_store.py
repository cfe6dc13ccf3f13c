"""The store on the command line."""

from __future__ import annotations

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from ser_core.cli.store import app
from ser_core.storage.feature_store import FeatureStore, Key

run = CliRunner().invoke


@pytest.fixture
def store(ser_home) -> FeatureStore:
    store = FeatureStore()
    for name in ("mfcc-01", "rms-01"):
        store.put(Key("0" * 64, name, "float32"), np.zeros(100))
    return store


def test_size_lists_the_representations(store):
    result = run(app, ["size"])

    assert result.exit_code == 0
    assert [line.split()[:3] for line in result.output.splitlines()] == [
        ["1", "464", "B"],
        ["1", "464", "B"],
        ["2", "928", "B"],
    ]


def test_fill_says_what_was_represented_and_what_was_there():
    small = ["representation.n_mels=16", "representation.hop_length=400"]
    words = [word for each in small for word in ("--set", each)]
    line = ["fill", "log-mel-loso", "--corpus", "demo", *words, "--workers", "1", "--json"]
    first, again = (json.loads(run(app, line).stdout) for _ in range(2))
    assert first["computed"] == FeatureStore().size().entries > 0
    assert (again["computed"], again["found"]) == (0, first["computed"])


def test_size_as_json(store):
    assert json.loads(run(app, ["size", "--json"]).output) == {
        "root": str(store.root),
        "entries": 2,
        "bytes": 928,
        "by_representation": {
            "mfcc-01": {"entries": 1, "bytes": 464},
            "rms-01": {"entries": 1, "bytes": 464},
        },
    }


def test_an_empty_store_has_size_zero(ser_home):
    assert json.loads(run(app, ["size", "--json"]).output)["entries"] == 0


def test_clear_asks_first(store):
    assert run(app, ["clear"], input="n\n").exit_code != 0
    assert store.size().entries == 2

    assert run(app, ["clear"], input="y\n").exit_code == 0
    assert store.size().entries == 0


def test_clear_one_representation_without_asking(store):
    result = run(app, ["clear", "--representation", "mfcc", "--yes", "--json"])

    assert json.loads(result.output)["by_representation"] == {
        "mfcc-01": {"entries": 1, "bytes": 464}
    }
    assert list(store.size().by_representation) == ["rms-01"]
