"""Figures of sums are the figures of the rows, resampled or not."""

import numpy as np
import pytest

from ser_core.evaluation import metrics
from ser_core.evaluation.predictions import Predictions
from ser_core.evaluation.sufficient_statistics import (
    METRICS,
    PER_CLASS,
    sufficient_statistics,
    units,
)
from tests.evaluation.tables import answered, drawn

ROW_FUNCTIONS = {
    "uar": lambda p: metrics.uar(p.true, p.predicted),
    "wa": lambda p: metrics.wa(p.true, p.predicted),
    "macro_f1": lambda p: metrics.macro_f1(p.true, p.predicted),
    "weighted_f1": lambda p: metrics.weighted_f1(p.true, p.predicted),
    "ece": lambda p: metrics.ece(p.true, p.probabilities),
    "nll": lambda p: metrics.nll(p.true, p.probabilities),
    "brier": lambda p: metrics.brier(p.true, p.probabilities),
}


def test_every_metric_has_its_slow_reference():
    assert set(METRICS) == set(ROW_FUNCTIONS)


@pytest.mark.parametrize("name", ROW_FUNCTIONS)
def test_metrics_of_sums_are_those_of_the_rows(name):
    found = drawn(300)
    assert METRICS[name].value(sufficient_statistics(found).total()) == pytest.approx(
        ROW_FUNCTIONS[name](found)
    )


@pytest.mark.parametrize("name", ROW_FUNCTIONS)
def test_a_resample_is_scored_as_if_its_clips_were_there(name):
    found = drawn(60)
    picks = np.random.default_rng(0).integers(0, 60, 60)
    rows = found.table.iloc[picks].assign(clip=[str(number) for number in range(60)])
    times = np.bincount(picks, minlength=60)[None]
    (value,) = METRICS[name].value(sufficient_statistics(found).drawn(times))
    assert value == pytest.approx(ROW_FUNCTIONS[name](Predictions(rows)))


def test_speakers_add_what_their_clips_add():
    found = drawn(100, speakers=4)
    sums, names = units(found, "speaker")
    assert list(names) == ["s0", "s1", "s2", "s3"]
    for number, name in enumerate(names):
        alone = sufficient_statistics(found.where(found.table["speaker"] == name)).total()
        np.testing.assert_allclose(sums.sums[number], alone.sums)
    rest = sufficient_statistics(found.where(found.table["speaker"] != "s2")).total()
    np.testing.assert_allclose(sums.without_each().sums[2], rest.sums, atol=1e-9)


def test_seeds_of_one_clip_are_one_unit():
    several = Predictions.concat([drawn(30), Predictions(drawn(30).table.assign(seed=1))])
    sums, names = units(several, "clip")
    assert len(names) == 30
    assert sums.clips.tolist() == [2] * 30


def test_figures_of_each_class_have_one_value_a_class():
    total = sufficient_statistics(
        answered(["anger", "anger", "fear"], ["anger", "fear", "fear"])
    ).total()
    values = {metric.name: metric.value(total).tolist() for metric in PER_CLASS}
    assert values["recall"] == [0.5, 1.0]
    assert values["precision"] == [1.0, 0.5]
    assert values["f1"] == pytest.approx([2 / 3, 2 / 3])
