"""Groups are scored as if they were alone, and none is made up."""

import numpy as np
import pandas as pd
import pytest

from ser_core.core import EvaluationError
from ser_core.evaluation import Predictions, by_group, interval
from tests.evaluation.tables import answered, drawn


def test_every_speaker_is_scored_alone():
    found = drawn(300, speakers=3)
    groups = by_group(found, "speaker")
    assert [group.name for group in groups.groups] == ["s0", "s1", "s2"]
    for group in groups.groups:
        alone = found.where(found.table["speaker"] == group.name)
        assert (group.n, group.uar) == (100, interval(alone))
        assert group.wa == interval(alone, "wa")
    uars = [group.uar.value for group in groups.groups]
    assert (groups.worst.uar.value, groups.best.uar.value) == (min(uars), max(uars))
    assert groups.gap.value == pytest.approx(max(uars) - min(uars))
    assert groups.gap.low is None
    assert "chance alone" in groups.gap.note


def test_emotions_that_a_speaker_lacks_are_named():
    found = answered(
        ["anger", "fear", "surprise", "anger", "fear"],
        ["anger", "fear", "fear", "anger", "surprise"],
        speakers=["a", "a", "a", "b", "b"],
    )
    a, b = by_group(found, "speaker").groups
    assert (a.absent, b.absent) == ((), ("surprise",))
    assert b.uar.value == 0.5


def test_the_gap_of_two_groups_has_an_interval():
    """Worked out by hand from the intervals of the two."""
    found = by_group(drawn(800, speakers=8), "gender", by_speaker=True)
    low, high = found.worst.uar, found.best.uar
    assert [group.uar.over for group in found.groups] == ["speakers"] * 2
    down = np.hypot(high.value - high.low, low.high - low.value)
    assert found.gap.low == pytest.approx(high.value - low.value - down)
    assert found.gap.low < found.gap.value < found.gap.high
    assert (found.gap.method, found.gap.units) == ("jackknife t", 8)


def test_equal_groups_show_no_sure_gap():
    true = ["anger", "fear"] * 200
    answers = np.where(np.random.default_rng(0).random(400) < 0.7, true, "anger")
    genders = np.repeat(["female", "male"], 200)
    gap = by_group(answered(true, answers, genders=genders), "gender").gap
    assert gap.low < 0 < gap.high


def test_any_column_groups_and_rows_without_a_value_are_counted():
    table = drawn(60).table.assign(age=[20, 30, pd.NA] * 20)
    groups = by_group(Predictions(table), "age")
    assert groups.table()["n"].to_dict() == {"20": 20, "30": 20}
    assert groups.unnamed == 20


def test_a_corpus_that_says_nothing_has_no_groups():
    groups = by_group(drawn(20), "sentence")
    assert (groups.groups, groups.unnamed, groups.gap, groups.best) == ((), 20, None, None)
    assert groups.table().empty


def test_a_column_that_is_not_there_is_refused():
    with pytest.raises(EvaluationError, match="Did you mean 'gender'"):
        by_group(drawn(20), "gendr")


def test_the_table_has_a_row_a_group():
    table = by_group(drawn(100, speakers=4), "speaker").table()
    assert table.index.name == "speaker"
    assert list(table) == [
        "n", "uar", "uar_low", "uar_high", "wa", "wa_low", "wa_high", "absent",
    ]  # fmt: skip
    assert (table["uar_low"] < table["uar_high"]).all()
