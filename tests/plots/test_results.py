"""Figures of results show the numbers they are given, and mark what they should."""

import numpy as np
import pandas as pd
import pytest

from ser_core.evaluation import Interval, report
from ser_core.evaluation.example import example
from ser_core.plots.palette import EMOTION_COLORS
from ser_core.plots.publication_results import (
    print_confusion,
    print_courses,
    print_intervals,
    print_reliability,
)
from ser_core.plots.results import (
    Row,
    confusion_figure,
    course_figure,
    courses_figure,
    emotion_rows,
    intervals_figure,
    prediction_figure,
    reliability_figure,
)
from ser_core.runs.catalogue import LearningCurve

BEGINS = {"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF"}


@pytest.fixture
def counts():
    names = ["anger", "neutral"]
    return pd.DataFrame([[3, 1], [0, 0]], index=names, columns=names)


@pytest.fixture(scope="module")
def found():
    return report(example())


HISTORY = [
    {"epoch": n, "train_loss": 2 / n, "val_loss": 1.5, "val_uar": uar, "val_wa": uar, "seconds": 1}
    for n, uar in enumerate([0.2, 0.6, 0.5], start=1)
]


def written(figure):
    return [note.text for note in figure.layout.annotations]


def test_confusion_writes_counts_and_leaves_empty_cells_blank(counts):
    assert written(confusion_figure(counts)) == ["3", "1"]


def test_confusion_shares_are_of_each_true_emotion(counts):
    figure = confusion_figure(counts, normalised=True)
    assert written(figure) == ["75 %", "25 %"]
    heat, _ = figure.data
    assert np.asarray(heat.z, float)[0].tolist() == [75, 25]


def test_every_cell_has_an_invisible_marker_that_knows_it(counts):
    _, cells = confusion_figure(counts).data
    assert [(c[0], c[1], c[2]) for c in cells.customdata] == [
        ("anger", "anger", 3),
        ("anger", "neutral", 1),
        ("neutral", "anger", 0),
        ("neutral", "neutral", 0),
    ]
    assert cells.marker.opacity == cells.unselected.marker.opacity == 0
    for x, y, about in zip(cells.x, cells.y, cells.customdata, strict=True):
        assert (y, x) == (about[0], about[1])


def test_the_chosen_cell_is_framed(counts):
    (frame,) = confusion_figure(counts, chosen=("anger", "neutral")).layout.shapes
    assert (frame.x0, frame.x1, frame.y0, frame.y1) == (0.5, 1.5, -0.5, 0.5)


def test_intervals_are_drawn_where_they_are(found):
    rows = [
        Row("one", Interval("uar", 0.5, 0.4, 0.7)),
        Row("two", Interval("uar", 0.2, None, None)),
    ]
    one, two = intervals_figure(rows, title="UAR").data
    assert (one.x[0], one.error_x.array[0], one.error_x.arrayminus[0]) == pytest.approx(
        (0.5, 0.2, 0.1)
    )
    assert two.error_x.array is None


def test_what_does_not_exist_leaves_its_line_empty():
    rows = [Row("absent", Interval("recall", None, None, None))]
    figure = intervals_figure(rows, title="Recall")
    assert len(figure.data) == 0
    assert list(figure.layout.yaxis.ticktext) == ["absent"]


def test_emotions_wear_their_colours(found):
    rows = emotion_rows({row.emotion: row.recall for row in found.per_class})
    assert [row.color for row in rows] == [EMOTION_COLORS[row.label] for row in rows]


def test_reliability_shows_every_bin_that_has_clips(found):
    _, curve, bars = reliability_figure(found.reliability).data
    assert len(curve.x) == sum(row["n"] > 0 for row in found.reliability)
    assert sum(bars.y) == pytest.approx(100)


def test_course_marks_the_best_and_the_last_epoch():
    figure = course_figure(HISTORY, best_epoch=2)
    marks = {t.name: (t.x[0], t.y[0]) for t in figure.data if t.xaxis == "x2" and len(t.x) == 1}
    assert marks == {"best epoch": (2, 0.6), "last": (3, 0.5)}


def test_course_of_a_training_under_way_leaves_room_for_the_rest():
    figure = course_figure(HISTORY[:1], best_epoch=0, epochs=20)
    assert figure.layout.xaxis.range[1] >= 20
    assert [t.name for t in figure.data if t.xaxis == "x2"] == ["UAR", "WA", "last"]


def test_a_prediction_shows_all_probabilities_and_the_truth():
    (bars,) = prediction_figure({"anger": 0.25, "neutral": 0.75}, true="anger").data
    assert list(bars.x) == [25, 75]
    assert list(bars.text) == ["25 % · true", "75 %"]


@pytest.mark.parametrize("kind", list(BEGINS))
def test_figures_are_printed_in_every_format(found, kind):
    rows = [Row("one", Interval("uar", 0.5, 0.4, 0.7))]
    course = LearningCurve(0, "split", 0, tuple(HISTORY), 2, 0.05, True)
    files = [
        print_confusion(found, "run", kind, normalised=True),
        print_reliability(found, "run", kind),
        print_intervals(rows, "UAR", "run", "", kind),
        print_courses([course], "run", "speakers shared", kind),
    ]
    assert all(file.startswith(BEGINS[kind]) for file in files)


def test_a_printed_figure_wears_its_badge(found):
    assert found.badge.encode() in print_confusion(found, "run", "svg")
    assert b"[speakers shared]" in print_intervals([], "UAR", "run", "speakers shared", "svg")


def test_courses_lie_over_each_other_as_the_mean_of_the_trainings():
    long = [{"epoch": 1, "val_uar": 0.2}, {"epoch": 2, "val_uar": 0.6}]
    figure = courses_figure({"one": [long, [{"epoch": 1, "val_uar": 0.4}]], "two": [long]})
    assert [trace.name for trace in figure.data] == ["one", "two"]
    assert list(figure.data[0].x) == [1, 2]
    assert list(figure.data[0].y) == pytest.approx([0.3, 0.6])
