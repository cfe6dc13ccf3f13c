from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from ser_core.plots.palette import emotion_color
from ser_core.plots.predict import (
    distribution_figure,
    probabilities_figure,
    timeline_figure,
    turns_figure,
)

CLASSES = ("anger", "neutral")


def _rows(answers, **more):
    n = len(answers)
    p = np.where(np.array(answers) == "anger", 0.7, 0.2)
    p[np.array(answers) == ""] = np.nan
    table = pd.DataFrame({"p_anger": p, "p_neutral": 1 - p, "answer": answers})
    sure = table[["p_anger", "p_neutral"]].max(axis=1)
    return table.assign(confidence=sure, uncertain=[False] * n, **more)


def test_a_prediction_has_a_bar_an_emotion_in_its_colour():
    figure = probabilities_figure({"anger": 0.75, "neutral": 0.25}, threshold=0.5)
    (bars,) = figure.data
    assert list(bars.x) == [75, 25]
    assert list(bars.marker.color) == [emotion_color(name) for name in CLASSES]
    assert bars.text == ("75 %", "25 %")
    assert figure.layout.shapes[0].x0 == 50


def test_with_an_enrolled_speaker_both_predictions_stand_side_by_side():
    figure = probabilities_figure({"anger": 0.9, "neutral": 0.1}, {"anger": 0.3, "neutral": 0.7})
    with_voice, without, *legend = figure.data
    assert without.marker.opacity < with_voice.marker.opacity
    assert list(without.text) == ["30 %", "70 %"]
    # Which is which stands in a legend of the two shades, and in no bar.
    shades = {each.name: each.marker.opacity for each in legend}
    assert shades == {
        "enrolled": with_voice.marker.opacity,
        "not enrolled": without.marker.opacity,
    }
    assert figure.layout.showlegend
    assert [bar.showlegend for bar in (with_voice, without)] == [False, False]


def test_the_threshold_and_the_axis_are_named():
    figure = probabilities_figure({"anger": 0.9, "neutral": 0.1}, threshold=0.4)
    assert figure.layout.annotations[0].text == "rejection threshold 40 %"
    assert figure.layout.xaxis.title.text == "Probability (%)"


def test_counts_have_whole_numbers_at_their_ticks():
    few = distribution_figure(_rows(["anger", "neutral"]), CLASSES)
    assert few.layout.yaxis.dtick == 1
    many = distribution_figure(_rows(["anger"] * 40), CLASSES)
    assert (many.layout.yaxis.dtick, many.layout.yaxis.tickformat) == (None, ",d")


def test_a_timeline_stacks_to_a_hundred_and_skips_silence():
    table = _rows(["anger", "", "neutral"], start=[0.0, 1.0, 2.0], end=[3.0, 4.0, 5.0])
    figure = timeline_figure(table, CLASSES)
    *stack, answers = figure.data
    assert sum(np.asarray(each.y) for each in stack) == pytest.approx([100, 0, 100])
    assert list(stack[0].x) == [1.5, 2.5, 3.5]
    assert [tuple(row[:2]) for row in answers.customdata] == [(0.0, "anger"), (2.0, "neutral")]
    assert list(answers.x) == [1.5, 3.5]


def test_what_is_unlike_the_training_is_marked():
    table = _rows(["anger", "neutral"], start=[0.0, 1.0], end=[3.0, 4.0])
    table = table.assign(unlike_training=[True, False], uncertain=[True, False], speaker="A")
    *_, answers = timeline_figure(table, CLASSES).data
    assert list(answers.marker.symbol) == ["x-open", "circle"]
    assert [row[3] for row in answers.customdata] == [", uncertain, unlike training", ""]
    anger, neutral = turns_figure(table).data
    assert (anger.marker.pattern.shape, neutral.marker.pattern.shape) == (("/",), ("",))


def test_uncertain_predictions_are_distinguished_in_the_distribution():
    table = _rows(["anger", "anger", "neutral", ""])
    assert [list(bar.y) for bar in distribution_figure(table, CLASSES).data] == [[2, 1]]
    table.loc[0, "uncertain"] = True
    sure, unsure = distribution_figure(table, CLASSES).data
    assert (list(sure.y), list(unsure.y)) == ([1, 1], [1, 0])


def test_turns_lie_where_they_are_in_the_row_of_their_speaker():
    table = _rows(["anger", "", "neutral"], start=[0.0, 1.0, 2.0], end=[1.0, 2.0, 5.0])
    figure = turns_figure(table.assign(speaker=["A", "A", ""]))
    anger, neutral = figure.data
    assert (list(anger.base), list(anger.x), list(anger.y)) == ([0], [1], ["A"])
    assert (list(neutral.base), list(neutral.x), list(neutral.y)) == ([2], [3], ["speech"])
    assert neutral.marker.color == emotion_color("neutral")
    assert neutral.customdata[0][0] == 2
    assert figure.layout.xaxis.rangeslider.visible
    assert timeline_figure(table, CLASSES, slider=True).layout.xaxis.rangeslider.visible
    assert figure.layout.yaxis.showticklabels is None
    assert turns_figure(table.assign(speaker="")).layout.yaxis.showticklabels is False
