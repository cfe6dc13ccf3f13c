"""Figures of explanations show the numbers they are given."""

import numpy as np
import pandas as pd
import pytest

from ser_core.explain import Attribution
from ser_core.explain import make as make_method
from ser_core.features.representations import make
from ser_core.plots.explain import (
    atlas_figure,
    cascade_figure,
    map_figure,
    mean_map_figure,
    print_map,
    reach,
    reading_figure,
)
from ser_core.plots.representations import WIDE


def map_of(name="melspectrogram", method="lrp", frames=30, **parameters):
    rep = make(name, **parameters)
    channels, bins, _ = rep.silence.shape
    generator = np.random.default_rng(0)
    feature_map = -40 + 10 * generator.standard_normal((channels, bins, frames))
    values = generator.standard_normal((channels, bins, frames))
    values = values if make_method(method).signed else np.abs(values)
    return Attribution(
        make_method(method),
        "anger",
        rep,
        feature_map.astype(np.float32),
        values.astype(np.float32),
        0,
    )


def test_a_map_lies_over_the_feature_map_and_tells_both_values():
    found = map_of()
    under, over = map_figure(found, "clip").data
    np.testing.assert_allclose(over.z, found.values[0])  # noqa: PD011  (no pandas)
    np.testing.assert_allclose(over.customdata, found.feature_map[0])
    assert under.hoverinfo == "skip"
    assert "relevance" in over.hovertemplate
    assert "dB" in over.hovertemplate


def test_signed_maps_have_colours_on_both_sides_and_others_on_one():
    signed, plain = map_figure(map_of(), ""), map_figure(map_of(method="grad_cam"), "")
    assert signed.layout.coloraxis2.cmin == -signed.layout.coloraxis2.cmax
    assert plain.layout.coloraxis2.cmin == 0


def test_the_threshold_hides_what_is_small():
    found = map_of()
    over = map_figure(found, "", threshold=0.5).data[1]
    limit = reach(found.values)
    hidden = np.abs(found.values[0]) < 0.5 * limit  # noqa: PD011
    assert (np.asarray(over.z)[hidden] == 0).all()
    assert (np.asarray(over.z)[~hidden] != 0).all()


def test_each_channel_has_a_map_of_its_own():
    assert len(map_figure(map_of("hpss"), "").data) == 4


def test_a_line_has_bars_behind_it():
    figure = map_figure(map_of("rms"), "")
    assert figure.data[1].type == "bar"


def test_a_sound_has_no_more_bars_than_the_picture_has_columns():
    found = map_of("waveform", frames=40_000)
    bars = map_figure(found, "", size=WIDE).data[1]
    assert bars.type == "bar"
    assert 400 <= len(bars.x) <= WIDE.columns
    assert np.mean(bars.y) == pytest.approx(found.values.mean(), abs=1e-6)  # noqa: PD011
    assert list(np.diff(bars.x)) == pytest.approx([bars.width] * (len(bars.x) - 1))


def test_too_many_frames_are_averaged_and_not_dropped():
    found = map_of(frames=3000)
    over = map_figure(found, "").data[1]
    assert np.asarray(over.z).shape[1] <= 800
    assert np.mean(over.z) == pytest.approx(found.values.mean(), abs=1e-6)  # noqa: PD011


def test_a_reading_shows_relevance_beside_area():
    table = pd.DataFrame({"part": ["low", "high"], "share": [0.8, 0.2], "area": [0.5, 0.5]})
    relevance, feature_map = reading_figure(table).data
    assert list(relevance.x) == [80, 20]
    assert list(feature_map.x) == [50, 50]


def test_the_atlas_draws_intervals_and_the_even_share():
    table = pd.DataFrame(
        {
            "answer": ["anger", "anger"], "part": ["low", "high"], "value": [0.7, 0.3],
            "low": [0.6, 0.2], "high": [0.8, 0.4], "area": [0.5, 0.5], "clips": [9, 9],
        }
    )  # fmt: skip
    points, even = atlas_figure(table).data
    assert list(points.y) == pytest.approx([70, 30])
    assert list(points.error_y.array) == pytest.approx([10, 10])
    assert list(even.y) == [50, 50]


def test_a_mean_map_is_in_units_of_an_even_one():
    values = np.full((80, 40), 1 / 3200)
    (heat,) = mean_map_figure(values, make("melspectrogram"), "anger").data
    np.testing.assert_allclose(heat.z, 1)


def test_a_cascade_begins_at_the_map_itself():
    (line,) = cascade_figure({"fc": 0.5, "layer4": 0.1}).data
    assert list(line.y) == [1, 0.5, 0.1]


@pytest.mark.parametrize(("kind", "begins"), [("png", b"\x89PNG"), ("svg", b"<?xml")])
def test_maps_can_be_printed(kind, begins):
    assert print_map(map_of("hpss"), "clip", kind).startswith(begins)
