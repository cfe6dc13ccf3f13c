from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ser_core.audio import info
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
    monkeypatch.setattr(training, "FRAMES", 8)
    monkeypatch.setattr(training, "BATCH", 4)
    monkeypatch.setattr(training, "WIDTH", 4)
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


def test_long_recordings_are_of_the_asked_length_and_measured_apart(tmp_path, monkeypatch):
    from ser_core.bench import long_recording

    monkeypatch.setattr(long_recording, "_run", lambda words: _counted(words, tmp_path))
    json_file = tmp_path / "long.json"
    words = ["bench", "long-recording", "--minutes", "0.05", "--minutes", "0.5", "--kind", "wav"]
    result = CliRunner().invoke(app, [*words, "--json", str(json_file)])
    assert result.exit_code == 0, result.output
    first, second = json.loads(json_file.read_text())["runs"]
    assert (first["rows"], second["rows"]) == (3, 30)
    assert first["peak_mb"] == 5


def _counted(words, folder):
    """In place of a process of seconds: a table with a row a second."""
    seconds = int(info(words[1]).duration)
    Path(words[words.index("--csv") + 1]).write_text("a\n" * (seconds + 1))
    return 1.0, 5e6


def test_a_process_is_measured_by_its_own_memory():
    from ser_core.bench import long_recording
    from ser_core.core import ParameterError

    seconds, peak = long_recording._run(["licences", "list"])
    assert seconds > 0
    assert 5e6 < peak < 5e9
    with pytest.raises(ParameterError, match="failed"):
        long_recording._run(["predict", "nowhere"])
