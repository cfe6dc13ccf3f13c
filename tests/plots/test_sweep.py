"""Figures of a sweep: what may be tried, and what was."""

import math

import pandas as pd
import pytest

from ser_core.plots.sweep import coordinates_figure


def test_axes_go_over_all_that_may_be_tried_and_end_at_round_values():
    trials = pd.DataFrame(
        {"lr": [0.0014, 0.0025], "width": [16, 20], "kind": ["b", "a"], "value": [0.1667, 0.1667]}
    )
    fields = {"lr": "Rate", "width": "Width", "kind": "Kind"}
    ends = {"lr": (2e-4, 2e-2), "width": (8, 32)}
    figure = coordinates_figure(trials, fields, ends, frozenset({"lr"}))
    rate, width, kind, uar = figure.data[0].dimensions
    assert rate.range == pytest.approx((math.log10(2e-4), math.log10(2e-2)))
    assert rate.ticktext == ("0.0002", "0.0005", "0.001", "0.002", "0.005", "0.01", "0.02")
    assert rate["values"] == pytest.approx([math.log10(0.0014), math.log10(0.0025)])
    assert (width.range, list(width["values"])) == ((8, 32), [16, 20])
    assert (kind.ticktext, list(kind["values"])) == (("a", "b"), [1, 0])
    assert uar.range == pytest.approx((0.15, 0.2))


def test_the_axis_of_the_uar_has_a_length_though_all_trials_are_equal():
    trials = pd.DataFrame({"width": [8], "value": [0.5]})
    figure = coordinates_figure(trials, {"width": "Width"}, {"width": (8, 32)})
    assert figure.data[0].dimensions[1].range == pytest.approx((0.5, 0.55))
