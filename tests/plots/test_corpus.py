"""Figures of a corpus show its counts: every clip once, in its emotion's colour."""

import numpy as np
import pandas as pd
import pytest

from ser_core.plots.corpus import counts_figure, durations_figure, parts_figure, spread_figure
from ser_core.plots.palette import EMOTION_COLORS


@pytest.fixture
def clips():
    return pd.DataFrame(
        {
            "emotion": pd.array(["sadness", "anger", "anger", None], dtype="string"),
            "speaker": pd.array(["A", "A", "B", "B"], dtype="string"),
            "duration": [2.0, 1.0, 1.5, np.nan],
            "rms_db": [-30.0, -20.0, np.nan, -40.0],
        },
        index=["a.wav", "b.wav", "c.wav", "d.wav"],
    )


def test_durations_counts_each_known_duration_once_in_the_order_of_the_vocabulary(clips):
    figure = durations_figure(clips)
    assert [bar.name for bar in figure.data] == ["anger", "sadness"]
    assert [sum(bar.y) for bar in figure.data] == [2, 1]
    assert figure.data[0].marker.color == EMOTION_COLORS["anger"]
    assert figure.layout.xaxis.title.text == "Duration (s)"


def test_durations_of_nothing_is_an_empty_figure(clips):
    assert len(durations_figure(clips.iloc[:0]).data) == 0


def test_counts_leave_a_hole_where_a_speaker_lacks_an_emotion(clips):
    heat, _ = counts_figure(clips).data
    assert list(heat.y) == ["no label", "sadness", "anger"]  # plotly draws from the bottom
    table = pd.DataFrame(np.asarray(heat.z, float), index=list(heat.y), columns=list(heat.x))
    assert table.loc["anger"].to_list() == [1, 1]
    assert table.isna().loc["sadness"].to_list() == [False, True]


def test_a_click_says_what_lies_behind_it(clips):
    _, cells = counts_figure(clips).data
    about = {(y, x): tuple(d) for x, y, d in zip(cells.x, cells.y, cells.customdata, strict=True)}
    assert about["anger", "B"] == ("anger", "B")
    assert len(about) == 6
    for bar in durations_figure(clips).data:
        within = [
            clips["duration"].between(low, high, inclusive="left")[clips["emotion"] == name].sum()
            for _, name, low, high in bar.customdata
        ]
        assert within == list(bar.y)
    (anger, *_) = spread_figure(clips, "rms_db", title="Level", unit="dBFS").data
    assert list(anger.customdata) == ["b.wav"]


def test_a_cell_without_clips_says_zero(clips):
    figure = counts_figure(clips)
    notes = [(note.y, note.x, note.text) for note in figure.layout.annotations]
    assert len(notes) == 6
    assert [n for n in notes if n[2] == "0"] == [("no label", "A", "0"), ("sadness", "B", "0")]


def test_spread_leaves_out_what_was_not_measured(clips):
    figure = spread_figure(clips, "rms_db", title="Loudness", unit="dBFS")
    assert {box.name: list(box.y) for box in figure.data} == {
        "anger": [-20.0],
        "sadness": [-30.0],
        "no label": [-40.0],
    }
    assert figure.layout.yaxis.title.text == "Loudness (dBFS)"


def test_parts_show_shares_that_add_up_and_counts(clips):
    parts = pd.Series({"a.wav": "train", "b.wav": "train", "c.wav": "test"})
    figure = parts_figure(clips["emotion"], parts)
    shares = {bar.name: dict(zip(bar.y, bar.x, strict=True)) for bar in figure.data}
    assert list(figure.data[0].y) == ["test (1)", "train (2)"]  # drawn from the bottom
    assert shares["anger"] == {"train (2)": 50, "test (1)": 100}
    assert shares["sadness"] == {"train (2)": 50, "test (1)": 0}
