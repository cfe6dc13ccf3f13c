"""Figures of ensembles show the numbers they are given."""

import numpy as np
import pandas as pd
import pytest

from ser_core.evaluation import coverage_risk, report
from ser_core.evaluation.example import example
from ser_core.plots.ensemble import (
    OVERLAPS,
    calibration_figure,
    coverage_figure,
    history_figure,
    overlap_figure,
    weight_rows,
)
from ser_core.plots.results import intervals_figure

PAIRS = [
    {"first": "a", "second": "b", "shared": 0.5, "q": 0.2, "kappa": None},
    {"first": "a", "second": "c", "shared": 0.1, "q": -0.4, "kappa": 0.0},
    {"first": "b", "second": "c", "shared": 0.3, "q": 1.0, "kappa": 0.9},
]


def test_weights_keep_their_intervals_and_nobody_asked_is_hollow():
    rows = weight_rows(
        [
            {"member": "a", "weight": 0.7, "low": 0.5, "high": 0.9, "importance": 0.25},
            {"member": "b", "weight": 0.0, "low": 0.0, "high": 0.2},
        ]
    )
    assert [row.filled for row in rows] == [True, False]
    assert "importance 25 %" in rows[0].note
    first, _ = intervals_figure(rows, title="Weight").data
    assert (first.x[0], first.error_x.array[0]) == (0.7, pytest.approx(0.2))


@pytest.mark.parametrize("measure", list(OVERLAPS))
def test_overlap_is_symmetric_and_says_nothing_of_a_member_with_itself(measure):
    (heat,) = overlap_figure(PAIRS, measure).data
    values = np.asarray(heat.z, float)
    np.testing.assert_array_equal(values, values.T)
    assert np.isnan(np.diag(values)).all()
    wanted = PAIRS[1][measure]
    assert values[0, 2] == wanted
    assert heat.text[0][0] == ""


def test_the_search_shows_every_trial_and_the_best_so_far():
    trials = [
        {"trial": 0, "value": 1.2, "best": 1.2, "start": "equal weights"},
        {"trial": 1, "value": 1.4, "best": 1.2, "start": ""},
    ]
    points, best = history_figure(trials, "nll").data
    assert list(points.y) == [1.2, 1.4]
    assert list(best.y) == [1.2, 1.2]
    assert list(points.customdata) == ["equal weights", "drawn by the search"]
    assert history_figure([{"trial": 0, "value": 0.5, "best": 0.5}], "uar").data[0].y[0] == 0.5


def test_before_and_after_are_two_curves_distinguished_without_colour():
    curve = report(example()).reliability
    _, before, after = calibration_figure(curve, curve).data
    assert (before.name, after.name) == ("before", "after")
    assert before.line.dash != after.line.dash
    assert before.marker.symbol != after.marker.symbol


def test_the_threshold_is_marked_on_the_curve():
    curve = coverage_risk(example())
    line, star = coverage_figure({"ensemble": curve}, point=(0.5, 0.1)).data
    assert line.x[-1] == 100
    assert (star.x[0], star.y[0]) == (50, 10)
    assert len(coverage_figure({"ensemble": pd.DataFrame(curve)}).data) == 1
