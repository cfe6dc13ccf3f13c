from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from ser_core.bench import training
from ser_core.bench.representations import librosa_calls
from ser_core.cli import app
from ser_core.core import demo_corpus
from ser_core.features.representations import REPRESENTATIONS


def bench(name, json_file, *arguments) -> dict:
    arguments = [
        "bench",
        name,
        "--corpus",
        str(demo_corpus()),
        "--json",
        str(json_file),
        *arguments,
    ]
    result = CliRunner().invoke(app, arguments)
    if result.exception:
        raise result.exception
    return json.loads(json_file.read_text())


def test_librosa_is_asked_for_every_representation():
    assert set(librosa_calls()) == set(REPRESENTATIONS)


def test_representations_reports_ratios_of_its_own_times(tmp_path):
    speed = bench("representations", tmp_path / "speed.json", "--clips", "1")
    assert speed["clips"] == 1
    assert set(speed["ratio"]) == set(REPRESENTATIONS)
    assert speed["peak_mb"] > 0
    librosa_ms = sum(speed["librosa_ms"].values())
    assert speed["ratio_all"] == pytest.approx(librosa_ms / speed["ours_all_ms"])


def test_store_reports_ratios_of_its_own_times(tmp_path):
    passes = bench("store", tmp_path / "passes.json", "--clips", "2")
    assert passes["clips"] == 2
    assert passes["store_ratio"] == pytest.approx(passes["one_core_s"] / passes["second_pass_s"])
    assert passes["stored_mb"] > 0


def test_training_reports_ratios_and_accuracy_of_every_precision(tmp_path, monkeypatch):
    monkeypatch.setattr(training, "FRAMES", 32)
    small = {"network": {"name": "resnet10", "width": 4}, "train": {"epochs": 2, "crop_s": 1.0}}
    monkeypatch.setattr(training, "QUICK", {**training.QUICK, **small})
    monkeypatch.setattr(training, "PREDECESSOR", {**training.PREDECESSOR, **small})
    speed = bench("training", tmp_path / "t.json", "--pairs", "3", "--target-wa", "0.2", "--busy")
    assert speed["best_ratio"] == max(speed["ratio"].values())
    assert set(speed["accuracy"]) == set(speed["ratio"]) == set(speed["ours_ms"])
    assert len(speed["beside_busy"]) == 3
    for cost in speed["beside_busy"].values():
        assert min(cost.values()) > 0
    for wa, low, high in speed["accuracy"].values():
        assert low <= wa <= high
    assert 0 <= speed["loader_share"] < 1
    assert {"seconds_ours", "seconds_plain"} <= speed.keys()


def test_networks_of_recipes_are_timed_by_turns(tmp_path):
    from ser_core.bench.networks import time_networks
    from ser_core.recipes.recipe import parse

    mel = {"name": "melspectrogram", "n_mels": 16, "hop_length": 400}
    rounds = []
    small, large = time_networks(
        {
            name: parse({"corpus": "x", "representation": mel, "network": network})
            for name, network in (
                ("small", {"name": "linear"}),
                ("large", {"name": "resnet18", "width": 32}),
            )
        },
        3,
        lambda done, total: rounds.append((done, total)),
    )
    assert rounds[-1] == (6, 6)
    assert small.parameters == 6 * 17
    assert large.ms > large.network_ms > small.network_ms > 0
