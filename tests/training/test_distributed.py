"""Several processes that train one model give what one process gives."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from ser_core.core import ParameterError, demo_corpus
from ser_core.evaluation import Predictions
from ser_core.training.distributed import ProcessGroup, current_group, process_group

RECIPE = """
representation: {name: melspectrogram, n_mels: 16, hop_length: 512}
network: {name: resnet10, width: 4, dropout: 0.3}
train: {epochs: 2, batch: 7, crop_s: 1.0, parts: 2, threads: 1, average: ema, precision: float32}
split: {policy: random}
seeds: [0, 1]
"""


def train(start: list[str], folder: Path) -> Path:
    """Train the recipe on the demo by the command line, and give the run's folder."""
    recipe = folder / "recipe.yaml"
    recipe.write_text(RECIPE)
    home = folder / "home"
    environment = {**os.environ, "SER_HOME": str(home), "MLFLOW_TRACKING_URI": ""}
    command = [*start, "-m", "ser_core", "train", str(recipe), "--corpus", str(demo_corpus())]
    done = subprocess.run(
        [*command, "--out", str(folder / "run")], env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.count("results are in") == 1
    return folder / "run"


def test_two_processes_give_the_numbers_of_one(tmp_path):
    one, two = (tmp_path / name for name in ("one", "two"))
    one.mkdir(), two.mkdir()
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    alone, together = train([sys.executable], one), train(torchrun, two)
    for member in ("fold-0-seed-0", "fold-0-seed-1"):
        weights = load_file(alone / member / "bundle" / "model.safetensors")
        others = load_file(together / member / "bundle" / "model.safetensors")
        assert all(torch.equal(weights[name], others[name]) for name in weights)
    answers = [Predictions.load(run / "predictions.parquet").table for run in (alone, together)]
    assert answers[0].equals(answers[1])


def test_parts_must_be_dealt_evenly():
    ProcessGroup(0, 2).check(4)
    with pytest.raises(ParameterError, match=r"train\.parts = 3 cannot be dealt to 2 processes"):
        ProcessGroup(1, 2).check(3)


def test_alone_nothing_is_added_and_nobody_is_asked():
    values = [torch.ones(2), torch.zeros(3)]
    with process_group() as ranks:
        assert ranks == current_group() == ProcessGroup(0, 1)
        ranks.add(values)
        assert ranks.agree(True)
        assert not ranks.agree(False)
    assert ranks.is_first
    assert torch.equal(values[0], torch.ones(2))
