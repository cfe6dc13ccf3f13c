from __future__ import annotations

import io
import json

import numpy as np
import pandas as pd
import pytest

from ser_core.features.representations import REPRESENTATIONS, make
from ser_core.features.representations.files import LEVELS, to_csv, to_npz


def picture_of(rep):
    shape = (len(rep.channel_names), len(rep.bin_axis().values), 5)
    return np.random.default_rng(0).random(shape, dtype=np.float32)


@pytest.mark.parametrize("name", REPRESENTATIONS)
def test_npz_needs_no_pickle_and_says_what_it_is(name):
    rep = make(name)
    feature_map = picture_of(rep)
    with np.load(io.BytesIO(to_npz(rep, feature_map)), allow_pickle=False) as archive:
        np.testing.assert_array_equal(archive["picture"], feature_map)
        np.testing.assert_array_equal(archive["bins"], rep.bin_axis().values)
        about = json.loads(str(archive["about"]))
    assert ("0 dB is" in about["level"]) == (name in LEVELS)
    assert make(about["name"], **about["parameters"]).hash == about["hash"]


@pytest.mark.parametrize("name", REPRESENTATIONS)
def test_csv_has_a_row_a_frame_and_a_column_a_bin(name):
    rep = make(name)
    feature_map = picture_of(rep)
    table = pd.read_csv(io.StringIO(to_csv(rep, feature_map)), index_col="time s")
    assert table.columns.is_unique
    np.testing.assert_allclose(table.index, [0, 0.01, 0.02, 0.03, 0.04])
    np.testing.assert_allclose(table.to_numpy().T, feature_map.reshape(-1, 5), rtol=1e-4)


def test_csv_header_has_units():
    header = to_csv(make("hpss"), picture_of(make("hpss"))).splitlines()[0]
    assert header.startswith("time s,harmonic ")
    assert " Hz,percussive " in header
