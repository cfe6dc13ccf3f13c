"""Cards of one model before and after: gain under perturbations, cost without."""

from __future__ import annotations

import numpy as np
import pytest

from ser_core.core import EvaluationError
from ser_core.evaluation.example import example
from ser_core.robustness.card import Card
from ser_core.robustness.card_comparison import gain_between
from ser_core.robustness.curve import LINE, Curve, Gathering


def card(clean, troubled, levels=(10.0, 0.0), clips=240, name="white"):
    gathering = Gathering(example(clips, 6, skill=clean))
    for level in levels:
        gathering.add(level, "dB", example(clips, 6, skill=troubled))
    curve = Curve(name, name, LINE, "dB", gathering.ordered())
    return Card({"by_speaker": False, "model": "x"}, (curve,))


def test_gain_and_cost_are_reported_with_their_intervals():
    found = gain_between(card(clean=4, troubled=0.5), card(clean=3, troubled=2.5))
    assert found.troubled.difference > 0.2
    assert found.troubled.better == "a"
    assert found.clean.difference < 0
    row = found.table.iloc[0]
    assert row["gain"] == pytest.approx(row["after"] - row["before"])
    assert "before" in found.sentence
    assert "points (95 %:" in found.sentence


def test_a_card_against_itself_gains_nothing():
    one = card(3, 1)
    found = gain_between(one, one)
    assert found.clean.difference == found.troubled.difference == 0
    assert np.all(found.table["gain"] == 0)


def test_cards_of_other_clips_or_levels_are_refused():
    with pytest.raises(EvaluationError, match="different clips"):
        gain_between(card(3, 1, clips=120), card(3, 1))
    with pytest.raises(EvaluationError, match="same severities"):
        gain_between(card(3, 1, levels=(5.0,)), card(3, 1))
    with pytest.raises(EvaluationError, match="same severities"):
        gain_between(card(3, 1, name="pink"), card(3, 1))
