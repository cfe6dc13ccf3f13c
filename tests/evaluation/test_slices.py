"""Slices: a difference that was put there is found, chance is not, and emotions are held equal."""

import numpy as np
import pandas as pd
import pytest

from ser_core.core import EvaluationError
from ser_core.evaluation import holm, slices
from ser_core.evaluation.slices import cuts

EMOTIONS = np.array(["anger", "fear", "happiness"])


def answers(clips=900, speakers=9, *, worse=None, seed=0, known=True):
    """Answers that are right in 70 %, less by 40 points on the clips that `worse` selects."""
    generator = np.random.default_rng(seed)
    number = np.arange(clips)
    table = pd.DataFrame(
        {
            "true": EMOTIONS[generator.integers(0, 3, clips)],
            "speaker": [f"s{n}" for n in number % speakers] if known else None,
            "sentence": [f"text {n}" for n in number // speakers % 5],
        },
        index=[f"{n}.wav" for n in number],
    )
    rate = np.full(clips, 0.7) - 0.4 * (worse(table).to_numpy() if worse else 0)
    return table.assign(wrong=generator.random(clips) >= rate)


def about(table, **more):
    return table[["speaker", "sentence"]].assign(**more)


def test_a_sentence_on_which_the_model_is_worse_is_found():
    table = answers(worse=lambda rows: rows["sentence"] == "text 3")
    found = slices(table, about(table))
    first = found.table.iloc[0]
    assert (first["by"], first["slice"], first["over"]) == ("sentence", "text 3", "speakers")
    assert first["low"] < -0.4 < first["high"] < 0
    assert found.worse["slice"].to_list() == ["text 3"]


def test_a_speaker_is_judged_over_clips():
    table = answers(worse=lambda rows: rows["speaker"] == "s4")
    found = slices(table, about(table))
    (worst,) = found.worse.itertuples()
    assert (worst.by, worst.slice, worst.speakers, worst.over) == ("speaker", "s4", 1, "clips")
    assert worst.clips == 100


def test_chance_alone_makes_no_slice_worse():
    """Corrected for how many are looked at: in 20 draws some p-values are small, none is Holm's."""
    alarms, small = 0, 0
    for seed in range(20):
        table = answers(450, seed=seed)
        found = slices(table, about(table))
        alarms += len(found.worse)
        small += int((found.table["p"] < 0.05).sum())
    assert small > 0
    assert alarms <= 2


def test_figures_of_one_sentence_by_hand():
    """Two speakers, one emotion: recalls, difference and its jackknife over the speakers."""
    table = pd.DataFrame(
        {
            "true": "anger",
            "speaker": np.repeat(["a", "b"], 80),
            "sentence": np.tile(np.repeat(["x", "y"], 40), 2),
            # Wrong: 20 of 40 (a, x), 8 of 40 (a, y), 30 of 40 (b, x), 4 of 40 (b, y).
            "wrong": np.concatenate([np.arange(40) < many for many in (20, 8, 30, 4)]),
        },
        index=[f"{n}.wav" for n in range(160)],
    )
    (row,) = slices(table, table[["sentence"]]).table.itertuples()  # of two, the worse
    assert (row.slice, row.clips, row.speakers) == ("x", 80, 2)
    assert (row.recall, row.rest) == pytest.approx((30 / 80, 68 / 80))
    # Without a: 10/40 - 36/40 = -0.65; without b: 20/40 - 32/40 = -0.3; of all -0.475.
    # An error of sqrt(1/2 · (0.175² + 0.175²)) = 0.175, with one degree of freedom.
    assert row.p == pytest.approx(1 - 2 / np.pi * np.arctan(0.475 / 0.175))
    assert row.low == -1  # -0.475 - 12.7 · 0.175 is beyond what a difference can be


def test_a_slice_of_hard_emotions_is_not_worse_for_that():
    """All of speaker a's clips but few are of the emotion that everybody gets wrong."""
    generator = np.random.default_rng(0)
    hard = np.concatenate([generator.random(300) < 0.9, generator.random(900) < 0.2])
    table = pd.DataFrame(
        {
            "true": np.where(hard, "fear", "anger"),
            "speaker": np.repeat(["a", "b"], [300, 900]),
            "wrong": generator.random(1200) < np.where(hard, 0.7, 0.1),
        },
        index=[f"{n}.wav" for n in range(1200)],
    )
    found = slices(table, table[["speaker"]])
    raw = table.groupby("speaker")["wrong"].mean()
    assert raw["a"] - raw["b"] > 0.3
    assert abs(found.table["difference"].iloc[0]) < 0.1
    assert found.worse.empty


def test_unknown_speakers_leave_the_clips():
    table = answers(known=False)
    found = slices(table, about(table))
    assert set(found.table["by"]) == {"sentence"}
    assert set(found.table["over"]) == {"clips"}
    assert found.table["speakers"].isna().all()


def test_p_values_are_corrected_together():
    table = answers(worse=lambda rows: rows["speaker"] == "s4")
    found = slices(table, about(table)).table
    assert found["p_holm"].to_list() == pytest.approx(list(holm(found["p"])))
    smallest = found["p"].min()
    assert found.loc[found["p"].idxmin(), "q"] == pytest.approx(smallest * len(found))
    assert (found["q"] <= found["p_holm"] + 1e-12).all()


def test_slices_of_few_clips_are_counted_and_not_tested():
    table = answers(300).assign(sentence="long")
    table.iloc[:10, table.columns.get_loc("sentence")] = "short"
    found = slices(table, about(table))
    assert set(found.table["by"]) == {"speaker"}
    assert found.few == 2  # the short one, and the long one whose rest is the short one


def test_lengths_and_levels_are_cut_in_quarters():
    numbers = np.arange(8.0)
    found = cuts(pd.DataFrame({"duration": numbers, "rms_db": -numbers, "other": numbers}))
    assert {name: values.value_counts().to_list() for name, values in found.items()} == {
        "length": [2, 2, 2, 2],
        "level": [2, 2, 2, 2],
    }
    assert found["level"].iloc[0] == "-1.75 to 0 dBFS"


def test_a_column_with_one_value_cuts_nothing():
    assert cuts(pd.DataFrame({"gender": ["female"] * 3, "duration": [1.0] * 3})) == {}


def test_without_answers_there_is_nothing_to_slice():
    table = answers(30)
    with pytest.raises(EvaluationError, match="held-out"):
        slices(table.iloc[:0], about(table))
