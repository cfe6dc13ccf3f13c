"""Answers that change and memory that grows are found."""

from __future__ import annotations

import numpy as np
import pytest

from ser_core.inference import classify
from ser_core.soak import memory
from ser_core.soak.machine import growth_kb
from ser_core.soak.memory import try_predictions
from tests.explain.nets import bundle_of


@pytest.fixture
def folder(tmp_path):
    return bundle_of(width=4).save(tmp_path / "model")


def test_a_model_answers_the_same_again_and_again(folder):
    found = try_predictions(folder, 60)
    assert found.faults == []
    assert found.times == 60
    assert len(found.memory_mb) == 21
    assert min(found.memory_mb) > 0


def test_an_answer_that_changes_is_found(folder, monkeypatch):
    draw = np.random.default_rng(0)

    class Moody:
        predictor = classify.open_model(folder).predictor

        def probabilities(self, _sounds):
            return draw.dirichlet(np.ones(6))[None]

    monkeypatch.setattr(memory, "open_answering", lambda _folder: Moody())
    found = try_predictions(folder, 54)
    assert found.faults == ["prediction 54: EB0_fear_82.flac was answered otherwise before"]


def test_growth_is_of_the_second_half():
    flat = [100.0, 180.0, 200.0, 200.0, 200.0, 200.0]
    assert growth_kb(flat, 10) == 0
    assert growth_kb([*flat, 201.0, 202.0, 203.0, 204.0], 10) == 100
