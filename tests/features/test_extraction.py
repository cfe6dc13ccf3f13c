from __future__ import annotations

import io
import json

import numpy as np
import pandas as pd
import pytest

from ser_core.audio import load, sha256
from ser_core.core import demo_corpus
from ser_core.features.extraction import (
    MEAN_FRAMES,
    extract,
    feature_values,
    load_means,
    mean_by,
    means_csv,
    save_means,
    store_key,
    time_normalised,
)
from ser_core.features.representations import make, represent
from ser_core.features.representations.files import LEVELS
from ser_core.storage.feature_store import FeatureStore

REPS = [make("melspectrogram"), make("rms")]


@pytest.fixture
def files():
    samples = demo_corpus() / "samples"
    return {name: samples / f"{name}.flac" for name in ("EB0_anger_82", "EB0_sadness_82")}


def test_fills_the_store_with_what_represent_gives(files):
    store = FeatureStore()
    results = extract(files, REPS, store=store, dtype="float32")
    assert [(r.clip, r.computed, r.found) for r in results] == [(clip, 2, 0) for clip in files]
    for path in files.values():
        waveform = load(path)
        for rep, features in zip(REPS, represent(waveform, REPS), strict=True):
            stored = store.get(store_key(sha256(waveform), rep, "float32"))
            np.testing.assert_array_equal(stored, features)


def test_a_second_pass_finds_everything(files):
    extract(files, REPS)
    assert [(r.computed, r.found) for r in extract(files, REPS)] == [(0, 2), (0, 2)]


def test_a_known_address_saves_decoding(files, tmp_path):
    addresses = {clip: sha256(load(path)) for clip, path in files.items()}
    extract(files, REPS)
    gone = dict.fromkeys(files, tmp_path / "gone.flac")
    assert [r.found for r in extract(gone, REPS, addresses=addresses)] == [2, 2]
    other_rate = [make("rms", sample_rate=8000)]
    assert all(r.problem for r in extract(gone, other_rate, addresses=addresses))


def test_another_parameter_is_another_entry(files):
    extract(files, [make("rms")])
    assert [r.computed for r in extract(files, [make("rms", hop_length=80)])] == [1, 1]


def test_a_broken_clip_is_listed_and_the_others_go_on(files, tmp_path):
    (tmp_path / "broken.wav").write_bytes(b"no sound at all")
    results = extract({"broken": tmp_path / "broken.wav", **files}, REPS)
    assert [bool(r.problem) for r in results] == [True, False, False]
    assert "broken.wav" in results[0].problem


def test_worker_processes_give_the_same(files):
    alone, together = FeatureStore(), FeatureStore()
    reported = []
    extract(files, REPS, store=alone)
    extract(files, REPS, store=together, workers=2, progress=lambda *step: reported.append(step))
    assert reported == [(1, 2), (2, 2)]
    assert together.size() == alone.size()


def test_feature_map_comes_from_the_store_the_second_time(files):
    store, waveform = FeatureStore(), load(files["EB0_anger_82"])
    first = feature_values(waveform, REPS[0], store)
    assert store.size().entries == 1
    np.testing.assert_array_equal(feature_values(waveform, REPS[0], store), first)


@pytest.mark.parametrize(
    ("frames", "expected"),
    [(4, [1, 2, 3, 4]), (2, [1.5, 3.5]), (8, [1, 1, 2, 2, 3, 3, 4, 4]), (1, [2.5])],
)
def test_stretching_averages_or_repeats(frames, expected):
    features = np.array([[[1, 2, 3, 4]]], dtype=np.float32)
    np.testing.assert_allclose(time_normalised(features, frames)[0, 0], expected, rtol=1e-6)


def test_stretching_keeps_the_mean():
    features = np.random.default_rng(0).random((1, 5, 37), dtype=np.float32)
    np.testing.assert_allclose(time_normalised(features).mean(-1), features.mean(-1), rtol=1e-5)


def test_mean_of_each_group(files, tmp_path):
    (tmp_path / "broken.wav").write_bytes(b"")
    groups = pd.Series({"EB0_anger_82": "anger", "EB0_sadness_82": "sadness", "broken": "anger"})
    everything = {**files, "broken": tmp_path / "broken.wav"}
    means = mean_by(everything, groups, REPS[0])
    assert means.clips == {"anger": 1, "sadness": 1}
    assert means.unreadable == ("broken",)
    alone = time_normalised(represent(load(files["EB0_anger_82"]), [REPS[0]])[0])
    np.testing.assert_allclose(means.features["anger"], alone, rtol=1e-5)


def test_mean_through_the_store_is_the_same_within_half_precision(files):
    groups = pd.Series(dict.fromkeys(files, "all"))
    addresses = {clip: sha256(load(path)) for clip, path in files.items()}
    direct = mean_by(files, groups, REPS[0]).features["all"]
    for _ in range(2):
        stored = mean_by(files, groups, REPS[0], addresses=addresses).features["all"]
        np.testing.assert_allclose(stored, direct, atol=0.05)


def test_means_survive_a_file(files, tmp_path):
    path = tmp_path / "żółć folder" / "means.npz"
    means = mean_by(files, pd.Series(dict.fromkeys(files, "anger")), REPS[0])
    save_means(path, REPS[0], means)
    loaded = load_means(path)
    assert loaded.clips == means.clips
    np.testing.assert_array_equal(loaded.features["anger"], means.features["anger"])
    with np.load(path, allow_pickle=False) as archive:
        np.testing.assert_allclose(archive["times"], (np.arange(MEAN_FRAMES) + 0.5) / MEAN_FRAMES)
        np.testing.assert_array_equal(archive["bins"], REPS[0].bin_axis().values)
        about = json.loads(str(archive["about"]))
    assert about["unit"] == REPS[0].unit
    assert about["level"] == LEVELS.get(REPS[0].name, "")
    path.write_bytes(path.read_bytes()[:-40])
    assert load_means(path) is None
    assert load_means(tmp_path / "absent.npz") is None


@pytest.mark.parametrize(
    "about", ["{", "[]", "3", '{"clips": ["a"], "unreadable": []}', "[" * 9_000]
)
def test_means_without_a_right_description_are_none(tmp_path, about):
    path = tmp_path / "means.npz"
    np.savez_compressed(path, about=about, picture_a=np.zeros((1, 2, 3), np.float32))
    assert load_means(path) is None


def test_means_as_a_table_have_a_row_a_group_and_part(files):
    means = mean_by(files, pd.Series(dict.fromkeys(files, "anger")), REPS[0])
    table = pd.read_csv(io.StringIO(means_csv(REPS[0], means)), index_col=["group", "part of clip"])
    assert table.shape == (MEAN_FRAMES, means.features["anger"].shape[1])
    np.testing.assert_allclose(table.to_numpy().T, means.features["anger"][0], rtol=1e-4, atol=1e-4)
    assert table.columns.is_unique
