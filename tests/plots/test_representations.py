"""Figures of representations carry real values on their axes and ranges that show what matters."""

import numpy as np
import pytest

from ser_core.audio import Waveform
from ser_core.features.feature_map import difference, feature_map_of, feature_map_of_values, raster
from ser_core.features.representations import REPRESENTATIONS, make, represent
from ser_core.plots.publication_features import _colors, print_feature_map, print_means
from ser_core.plots.representations import LARGE, SMALL, feature_map_figure, means_lines
from ser_core.plots.scales import Scale, beyond_in_words, scale_for
from ser_core.plots.ticks import bin_ticks
from ser_core.plots.waveform import waveform_figure

RATE = 16_000


@pytest.fixture
def speech(demo_waveform):
    """One clip, of its own: torch does not like to be given what may not be written to."""
    return Waveform(demo_waveform.samples.copy(), RATE)


def tone(hz, seconds=1.0):
    time = np.arange(int(RATE * seconds)) / RATE
    return Waveform((0.5 * np.sin(2 * np.pi * hz * time)).astype(np.float32), RATE)


def picture(name, sound, start=0.0, **parameters):
    rep = make(name, **parameters)
    return feature_map_of(rep, represent(sound, [rep])[0], "clip", start)


def place_on_axis(figure, hz):
    """Where a frequency is on the vertical axis, by the ticks alone."""
    labels = [text.replace("k", "000") for text in figure.layout.yaxis.ticktext]
    values = [float(text) for text in labels]
    return np.interp(hz, values, figure.layout.yaxis.tickvals)


@pytest.mark.parametrize("name", ["spectrogram", "melspectrogram", "cqt"])
@pytest.mark.parametrize("size", [SMALL, LARGE])
def test_a_tone_is_where_the_ticks_say(name, size):
    shown = picture(name, tone(1000))
    figure = feature_map_figure(shown, scale_for([shown]), size)
    z = np.asarray(figure.data[0].z)
    loudest = z[:, z.shape[1] // 2].argmax()
    assert loudest == pytest.approx(place_on_axis(figure, 1000), abs=1)


def test_hovering_tells_bin_and_value_with_their_units():
    shown = picture("melspectrogram", tone(1000))
    trace = feature_map_figure(shown, scale_for([shown])).data[0]
    assert all(name.endswith(" Hz") for name in trace.y)
    assert len(set(trace.y)) == 80
    assert " dB" in trace.hovertemplate
    assert " s<br>" in trace.hovertemplate


def test_time_begins_where_the_part_begins():
    shown = picture("rms", tone(200), start=30.0)
    figure = feature_map_figure(shown, scale_for([shown]))
    assert figure.data[0].x[0] == 30.0
    assert figure.layout.xaxis.title.text == "Time (s)"
    assert figure.layout.yaxis.title.text == "RMS (full scale)"


@pytest.mark.parametrize(
    ("name", "parameters", "texts"),
    [
        ("spectrogram", {}, ["0", "2k", "4k", "6k", "8k"]),
        ("melspectrogram", {}, ["500", "1k", "2k", "4k"]),
        ("cqt", {}, ["62", "125", "250", "500", "1k", "2k"]),
        ("mfcc", {"n_mfcc": 20}, ["0", "5", "10", "15"]),
        ("tempogram", {"win_length": 384}, ["0", "1", "2", "3"]),
        ("spectral_contrast", {"n_bands": 2}, ["0–200", "200–400", "400–8000"]),
        ("chroma", {}, ["C", "C♯", "D", "D♯", "E", "F", "F♯", "G", "G♯", "A", "A♯", "B"]),
    ],
)
def test_ticks_are_round_values_or_every_name(name, parameters, texts):
    assert bin_ticks(make(name, **parameters).bin_axis()).texts == texts


def test_ticks_keep_their_place_when_bins_are_put_together():
    ticks = bin_ticks(make("spectrogram").bin_axis())
    assert ticks.in_cells(1) == ticks.positions
    # Bin 128 (4 kHz) is the middle one of the cell of bins 126 to 128 ... less one third.
    assert ticks.in_cells(3)[2] == pytest.approx((ticks.positions[2] - 1) / 3)


def test_a_waveform_and_its_feature_maps_begin_at_the_same_time():
    figure = waveform_figure(tone(100), start=30.0)
    assert figure.layout.xaxis.range == (30.0, 31.0)
    assert figure.data[0].x[0] == pytest.approx(30.0, abs=0.01)


def test_levels_are_shown_from_the_loudest_down_by_80_db():
    scale = scale_for([picture("spectrogram", tone(1000))])
    assert scale.high == pytest.approx(-6, abs=1)
    assert scale.high - scale.low == 80
    assert not scale.signed


def test_two_feature_maps_share_the_scale_of_the_louder_one():
    loud = picture("rms", tone(1000))
    soft = picture("rms", Waveform(0.1 * tone(1000).samples, RATE))
    assert scale_for([soft, loud]) == scale_for([loud, soft])
    assert scale_for([soft, loud]).high == scale_for([loud]).high


@pytest.mark.parametrize("name", ["mfcc", "delta_mfcc", "tonnetz", "delta_tempogram"])
def test_values_around_zero_have_a_symmetric_scale(name, speech):
    scale = scale_for([picture(name, speech)])
    assert scale.signed
    assert scale.low == -scale.high


def test_one_extreme_coefficient_does_not_bleach_the_others(speech):
    shown = picture("mfcc", speech)
    first, others = np.abs(shown.values[0, 0]), np.abs(shown.values[0, 5:])
    assert np.percentile(others, 95) < scale_for([shown]).high < first.max()


SHORT = {
    "silence": np.zeros(RATE, np.float32),
    "one sample": np.ones(1, np.float32),
    "a click": np.eye(1, 800, dtype=np.float32)[0],
}


@pytest.mark.parametrize("name", list(REPRESENTATIONS))
@pytest.mark.parametrize("sound", list(SHORT))
def test_silence_and_the_shortest_sound_have_a_feature_map(name, sound):
    shown = picture(name, Waveform(SHORT[sound], RATE))
    scale = scale_for([shown])
    assert scale.low < scale.high
    figure = feature_map_figure(shown, scale, SMALL, beside=True)
    assert "NaN" not in figure.to_json()


def test_silence_is_dark():
    shown = picture("melspectrogram", Waveform(np.zeros(RATE, np.float32), RATE))
    assert shown.values.max() <= scale_for([shown]).low


@pytest.mark.parametrize("name", list(REPRESENTATIONS))
def test_a_small_feature_map_has_few_cells(name, speech):
    long = Waveform(np.tile(speech.samples, 12), RATE)
    shown = picture(name, long)
    for trace in feature_map_figure(shown, scale_for([shown]), SMALL).data:
        if trace.type == "heatmap":
            rows, columns = np.shape(trace.z)
            assert rows <= SMALL.rows
            assert columns <= SMALL.columns
            assert len(trace.y) == rows


def test_a_click_survives_the_reduction_at_its_time():
    samples = np.zeros(20 * RATE, np.float32)
    samples[7 * RATE] = 0.9
    shown = picture("melspectrogram", Waveform(samples, RATE))
    reduced = raster(shown, 110, 240).feature_map
    assert reduced.values.max() == shown.values.max()
    heard = reduced.times[reduced.values[0].max(axis=0).argmax()]
    assert heard == pytest.approx(7.0, abs=reduced.step)


def test_the_reduction_keeps_the_sign_of_what_is_farthest_from_zero():
    rep = make("delta_mfcc")
    values = np.zeros((1, 40, 4), np.float32)
    values[0, 0] = [1, -3, 2, -1]
    reduced = raster(feature_map_of(rep, values, "clip"), 40, 2)
    assert reduced.feature_map.values[0, 0].tolist() == [-3, 2]
    assert reduced.feature_map.times.tolist() == pytest.approx([0.005, 0.025])


def test_both_channels_of_hpss_are_drawn_on_one_scale(speech):
    shown = picture("hpss", speech)
    figure = feature_map_figure(shown, scale_for([shown]))
    assert [note.text for note in figure.layout.annotations] == ["Harmonic", "Percussive"]
    assert {trace.coloraxis for trace in figure.data} == {"coloraxis"}
    assert figure.layout.yaxis.domain[0] > figure.layout.yaxis2.domain[1]
    assert figure.layout.height > LARGE.height


def test_the_difference_of_a_feature_map_and_itself_is_nothing(speech):
    shown = picture("melspectrogram", speech)
    apart = difference(shown, shown)
    assert not apart.values.any()
    assert apart.time_unit == "%"
    louder = picture("melspectrogram", Waveform(2 * speech.samples, RATE))
    assert np.median(difference(louder, shown).values) == pytest.approx(6.02, abs=0.01)


def test_means_of_a_line_are_lines_in_the_emotions_colours():
    rep = make("rms")
    means = {
        name: feature_map_of_values(rep, np.full((1, 1, 100), level, np.float32), name)
        for name, level in {"anger": 0.2, "sadness": 0.1}.items()
    }
    figure = means_lines(means, {"anger": 1200, "sadness": 3}, scale_for(list(means.values())))
    assert [line.name for line in figure.data] == ["anger (1,200)", "sadness (3)"]
    assert figure.data[0].line.color == "#e60037"
    assert figure.layout.xaxis.title.text == "Part of the clip (%)"


@pytest.mark.parametrize("name", list(REPRESENTATIONS))
def test_files_to_print_name_clip_axes_and_units(name, speech):
    shown = picture(name, speech)
    svg = print_feature_map(shown, "svg").decode()
    rep = shown.representation
    for words in (f"{rep.title} of clip", "Time (s)", rep.unit):
        assert words in svg
    assert print_feature_map(shown, "png").startswith(b"\x89PNG")


@pytest.mark.parametrize("name", ["hpss", "mfcc", "zcr"])
def test_means_to_print_say_how_many_clips_are_behind_them(name):
    rep = make(name)
    bins = len(rep.bin_axis().values)
    values = np.ones((len(rep.channel_names), bins, 100), np.float32)
    means = {e: feature_map_of_values(rep, values, e) for e in ("anger", "fear", "calm", "boredom")}
    clips = {"anger": 1234, "fear": 2, "calm": 3, "boredom": 4}
    svg = print_means(means, clips, Scale(0, 1, False, ".2f"), "Means", "svg").decode()
    assert "1,234" in svg
    assert "Part of the clip (%)" in svg


def test_values_that_the_colours_do_not_reach_are_reported(speech):
    shown = picture("mfcc", speech)
    told = beyond_in_words(shown, scale_for([shown]))
    lowest = f"{shown.values.min():,.4g}".replace("-", "\N{MINUS SIGN}")
    assert f"below the colour scale, the farthest {lowest} (coefficient 0)" in told
    assert beyond_in_words(shown, Scale(-1e4, 1e4, True, "")) == ""
    many = beyond_in_words(picture("melspectrogram", speech), Scale(-1, 0, False, ""))
    assert "of 80 bins have values below the colour scale" in many


def test_a_file_has_the_colours_and_limits_of_the_page(speech):
    shown = picture("mfcc", speech)
    own, wide = print_feature_map(shown, "png"), Scale(-900, 900, True, ".3~g")
    assert print_feature_map(shown, "png", scale_for([shown])) == own
    assert print_feature_map(shown, "png", wide) != own
    assert _colors(wide)(0.0)[:3] == pytest.approx((20 / 255, 92 / 255, 178 / 255))
    assert _colors(Scale(0, 1, False, ""))(1.0)[:3] == pytest.approx(
        (252 / 255, 253 / 255, 191 / 255)
    )


@pytest.mark.parametrize(
    ("name", "side"), [("melspectrogram", "top"), ("delta_tempogram", "top"), ("chroma", "right")]
)
def test_a_short_unit_of_the_colours_is_above_them_clear_of_the_ticks(name, side):
    shown = picture(name, tone(1000))
    title = feature_map_figure(shown, scale_for([shown]), SMALL).layout.coloraxis.colorbar.title
    assert (title.text, title.side) == (shown.representation.unit, side)
