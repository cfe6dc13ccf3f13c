"""Maps read as speech: shares that can be worked out."""

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from ser_core.audio import Waveform
from ser_core.explain import attribute
from ser_core.explain.attribution import Attribution
from ser_core.explain.method import make as make_method
from ser_core.explain.speech_relevance import ASPECTS, BANDS, frame_kinds, relevance_by_aspect
from ser_core.features.representations import REPRESENTATIONS, make, represent
from tests.explain.nets import bundle_of

RATE = 16_000
REP = make("melspectrogram")


def sound():
    """Silence, a voice-like tone complex, hiss, silence: a quarter of a second each."""
    n = np.arange(RATE // 4)
    voice = sum(np.sin(2 * np.pi * 120 * k * n / RATE) / k for k in range(1, 20))
    hiss = np.random.default_rng(0).standard_normal(RATE // 4)
    quiet = np.zeros(RATE // 4)
    return Waveform(np.concatenate([quiet, 0.2 * voice, 0.1 * hiss, quiet]), RATE)


def map_of(values, rep=REP):
    feature_map = values.astype(np.float32)
    return Attribution(make_method("gradient_x_input"), "anger", rep, feature_map, feature_map, 0.0)


def shares(table, aspect):
    return table[table["aspect"] == aspect].set_index("part")[["share", "area"]]


@pytest.fixture(scope="module")
def even():
    """A map that is the same everywhere."""
    (feature_map,) = represent(sound(), [REP])
    return np.ones_like(feature_map)


def test_an_even_map_has_the_shares_of_the_areas(even):
    table = relevance_by_aspect(map_of(even), sound())
    assert set(table["aspect"]) == set(ASPECTS)
    np.testing.assert_allclose(table["share"], table["area"])
    for _, rows in table.groupby("aspect"):
        assert rows["share"].sum() == pytest.approx(1)


def test_frames_are_distinguished_as_they_were_made():
    kinds = frame_kinds(sound(), REP, 101)
    assert set(kinds[3:22]) == {"silent"}
    assert set(kinds[29:46]) == {"voiced"}
    assert (kinds[54:71] == "unvoiced").mean() > 0.9
    assert set(kinds[80:]) == {"silent"}


def test_relevance_in_one_place_is_all_in_its_parts(even):
    only = np.zeros_like(even)
    bins = np.asarray(REP.bin_axis().values)
    only[0, np.abs(bins - 3000).argmin(), 35] = 2.0
    only[0, 0, 0] = -5.0  # what speaks against the class does not count
    table = relevance_by_aspect(map_of(only), sound())
    assert shares(table, "frequency").loc["2.5 to 4 kHz", "share"] == 1
    assert shares(table, "frames").loc["voiced", "share"] == 1
    assert shares(table, "third").loc["beginning", "share"] == 1


def test_the_voice_is_harmonic_and_a_click_is_not(even):
    samples = sound().samples.copy()
    samples[15_000:15_004] = 0.9
    waveform = Waveform(samples, RATE)
    voice, click = np.zeros_like(even), np.zeros_like(even)
    voice[0, 5:30, 32:45] = 1
    click[0, :, 94] = 1
    of_voice = shares(relevance_by_aspect(map_of(voice), waveform), "part").loc["harmonic", "share"]
    of_click = shares(relevance_by_aspect(map_of(click), waveform), "part").loc["harmonic", "share"]
    assert of_voice > 0.7
    assert of_click < 0.4


def test_the_channels_of_hpss_are_its_parts():
    rep = make("hpss")
    (feature_map,) = represent(sound(), [rep])
    only = np.zeros_like(feature_map)
    only[1] = 1
    table = relevance_by_aspect(map_of(only, rep), sound())
    assert shares(table, "part").loc["percussive"].tolist() == [1, 0.5]


@pytest.mark.parametrize("name", list(REPRESENTATIONS))
def test_every_representation_is_read_by_what_axes_it_has(name, speech):
    table = relevance_by_aspect(attribute(bundle_of(name), speech, "gradient_x_input"), speech)
    aspects = set(table["aspect"])
    assert {"frames", "third"} <= aspects
    assert ("frequency" in aspects) == (name in ("spectrogram", "melspectrogram", "cqt", "hpss"))
    assert table["share"].between(0, 1).all()


def test_silence_and_a_map_without_anything_positive_are_no_trouble(even):
    quiet = Waveform(np.zeros(RATE, np.float32), RATE)
    assert "third" not in set(relevance_by_aspect(map_of(even), quiet)["aspect"])
    nothing = relevance_by_aspect(map_of(-even), sound())
    assert isinstance(nothing, pd.DataFrame)
    assert nothing.empty


def test_the_bands_follow_each_other():
    ends = list(BANDS.values())
    assert all(one[1] == two[0] for one, two in pairwise(ends))
