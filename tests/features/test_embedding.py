"""Maps of a corpus: neighbours stay neighbours, voices can be taken out, and files are kept."""

import numpy as np
import pandas as pd
import pytest

from ser_core.audio import load
from ser_core.core import EvaluationError, demo_corpus
from ser_core.features.embedding import (
    COLUMNS,
    clip_vectors,
    embedding,
    load_embedding,
    save_embedding,
)
from ser_core.features.representations import make, represent


def clusters(clips=45, features=8, apart=8.0, seed=0):
    """Three groups of points in eight dimensions, and the group of each."""
    generator = np.random.default_rng(seed)
    group = np.arange(clips) % 3
    middles = apart * generator.standard_normal((3, features))
    values = middles[group] + generator.standard_normal((clips, features))
    index = [f"{number}.wav" for number in range(clips)]
    return pd.DataFrame(values, index=index), pd.Series(group.astype(str), index=index)


def neighbours_agree(points, group):
    """Share of clips whose nearest other clip is of their group."""
    places = points.to_numpy()
    far = np.linalg.norm(places[:, None] - places[None], axis=2) + 1e9 * np.eye(len(places))
    return (group.to_numpy()[far.argmin(axis=1)] == group.to_numpy()).mean()


def test_clips_of_a_cluster_lie_together_on_both_maps():
    vectors, group = clusters()
    points = embedding(vectors)
    assert list(points) == list(COLUMNS)
    assert list(points.index) == list(vectors.index)
    assert neighbours_agree(points[["tsne_1", "tsne_2"]], group) == 1
    assert neighbours_agree(points[["pca_1", "pca_2"]], group) == 1


def test_the_first_component_is_the_direction_of_most_variance():
    line = np.linspace(-1, 1, 20)
    vectors = pd.DataFrame({"a": line, "b": line, "c": np.tile([1.0, -1.0], 10)})
    points = embedding(vectors)
    assert abs(np.corrcoef(points["pca_1"], line)[0, 1]) > 0.99


def test_within_groups_their_means_and_spreads_are_gone():
    vectors, group = clusters()
    points = embedding(vectors, group)
    assert neighbours_agree(points[["pca_1", "pca_2"]], group) < 0.7


def test_the_same_seed_gives_the_same_map():
    vectors, _ = clusters(20)
    pd.testing.assert_frame_equal(embedding(vectors, seed=3), embedding(vectors, seed=3))


def test_constants_and_missing_values_do_no_harm():
    vectors, group = clusters()
    odd = vectors.assign(constant=1e9)
    odd.iloc[3, 2] = np.nan
    points = embedding(odd)
    assert np.isfinite(points.to_numpy()).all()
    assert neighbours_agree(points[["tsne_1", "tsne_2"]], group) > 0.9


def test_clips_that_make_no_map_are_refused():
    vectors, _ = clusters()
    with pytest.raises(EvaluationError, match="3 clips make no map"):
        embedding(vectors.head(3))
    with pytest.raises(EvaluationError, match="same features"):
        embedding(vectors * 0)


def test_a_vector_is_the_summary_or_mean_and_spread_over_time(tmp_path):
    clips = sorted((demo_corpus() / "samples").glob("*.flac"))[:2]
    broken = tmp_path / "broken.wav"
    broken.write_bytes(b"RIFF")
    files = {"a": clips[0], "broken": broken, "b": clips[1]}
    summary = clip_vectors(files, make("functionals"))
    assert list(summary.index) == ["a", "b"]
    sound = load(clips[1])
    (values,) = represent(sound, [make("functionals")])
    np.testing.assert_allclose(summary.loc["b"], values.ravel(), rtol=1e-2, atol=1e-2)  # float16
    over_time = clip_vectors({"a": clips[1]}, make("rms"))
    (level,) = represent(sound, [make("rms")])
    assert over_time.loc["a"].to_list() == pytest.approx([level.mean(), level.std()], rel=1e-2)


def test_maps_are_read_as_they_were_written(tmp_path):
    vectors, _ = clusters(12)
    points = embedding(vectors)
    save_embedding(tmp_path / "map.parquet", points)
    pd.testing.assert_frame_equal(
        load_embedding(tmp_path / "map.parquet"), points, check_names=False
    )
    assert load_embedding(tmp_path / "absent.parquet") is None
    (tmp_path / "other.parquet").write_bytes(b"something else")
    assert load_embedding(tmp_path / "other.parquet") is None
