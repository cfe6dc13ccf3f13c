"""The figure of a waveform shows every peak at its time."""

import re

import numpy as np
import pytest

from ser_core.audio import Waveform
from ser_core.plots.theme import for_export
from ser_core.plots.waveform import envelope, waveform_figure, waveform_svg


@pytest.fixture
def click():
    samples = np.zeros(16_000, np.float32)
    samples[8_000] = 0.5
    return Waveform(samples, 16_000)


def test_a_click_of_one_sample_stays_visible(click):
    low, high = envelope(click.samples, 100)
    assert (low.shape, high.shape) == ((100,), (100,))
    assert high.argmax() == 50
    assert high.max() == 0.5
    assert low.min() == 0


def test_envelope_covers_the_samples_whatever_their_number():
    for count in (1, 7, 99, 100, 101, 4321):
        samples = np.random.default_rng(count).uniform(-1, 1, count).astype(np.float32)
        low, high = envelope(samples, 100)
        assert len(low) == min(count, 100)
        assert low.min() == samples.min()
        assert high.max() == samples.max()


def test_figure_puts_the_click_at_half_a_second(click):
    figure = waveform_figure(click)
    top = figure.data[1]
    assert top.x[np.argmax(top.y)] == pytest.approx(0.5, abs=0.002)
    assert figure.layout.xaxis.title.text == "Time (s)"
    assert list(figure.layout.xaxis.range) == [0, 1]


def test_silence_has_a_feature_map():
    silence = Waveform(np.zeros(100, np.float32), 16_000)
    assert waveform_figure(silence).layout.yaxis.range[1] > 0
    assert "nan" not in waveform_svg(silence)


def test_svg_has_one_stroke_a_bar_inside_its_height(click):
    strokes = re.findall(r"M[\d.]+ ([\d.-]+)V([\d.-]+)", waveform_svg(click, bars=90, height=56))
    assert len(strokes) == 90
    assert all(0 <= float(top) < float(bottom) <= 56 for top, bottom in strokes)


def test_export_carries_its_colours_and_leaves_the_original_alone(click):
    figure = waveform_figure(click)
    dark = for_export(figure, "dark")
    assert dark.layout.paper_bgcolor == "#14171d"
    assert figure.layout.paper_bgcolor == "rgba(0,0,0,0)"


def test_a_time_and_an_amplitude_can_be_shared(click):
    layout = waveform_figure(click, start=2.0, lasting=5.0, reach=0.5).layout
    assert layout.xaxis.range == (2.0, 7.0)
    assert layout.yaxis.range == (-0.5, 0.5)


def test_the_time_of_a_single_sample_is_in_seconds():
    axis = waveform_figure(Waveform(np.ones(1, np.float32), 16_000)).layout.xaxis
    assert axis.exponentformat == "none"


def test_the_unit_is_named_where_there_is_room(click):
    titles = [waveform_figure(click, height=h).layout.yaxis.title.text for h in (190, 100)]
    assert titles == ["Amplitude (±1)", "Amplitude"]
