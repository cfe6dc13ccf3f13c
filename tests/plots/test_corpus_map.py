"""The map of a corpus: a point a clip, in the colour of its group."""

import pandas as pd

from ser_core.plots.corpus_map import OTHERS, RIGHT, WRONG, group_colors, map_figure
from ser_core.plots.palette import EMOTION_COLORS, NO_LABEL

POINTS = pd.DataFrame({"x": [0.0, 1, 2], "y": [5.0, 6, 7]}, index=["a.wav", "b.wav", "c.wav"])


def test_every_clip_is_a_point_that_knows_its_clip():
    groups = pd.Series({"a.wav": "fear", "c.wav": "anger"})
    others, anger, fear, ring = map_figure(POINTS, groups, clip="b.wav").data
    assert (others.name, list(others.x)) == (OTHERS, [1])
    assert (anger.name, list(anger.customdata), list(anger.y)) == ("anger", ["c.wav"], [7])
    assert fear.marker.color == EMOTION_COLORS["fear"]
    assert (list(ring.x), list(ring.y)) == ([1], [6])


def test_groups_have_their_colours_in_order():
    emotions = group_colors(pd.Series(["sadness", NO_LABEL, "anger"]))
    assert list(emotions) == ["anger", "sadness", NO_LABEL]
    assert list(group_colors(pd.Series([WRONG, RIGHT]))) == [RIGHT, WRONG]
    speakers = group_colors(pd.Series(["s2", "s1", None]))
    assert list(speakers) == ["s1", "s2"]
    assert len(set(speakers.values())) == 2


def test_chosen_clips_stand_out():
    groups = pd.Series({"a.wav": "fear", "b.wav": "fear", "c.wav": "anger"})
    anger, fear = map_figure(POINTS, groups, chosen={"b.wav"}).data
    assert list(fear.selectedpoints) == [1]
    assert list(anger.selectedpoints) == []
    assert map_figure(POINTS, groups).data[0].selectedpoints is None
