"""Cost against size: corpora of made-up clips that every step takes."""

from ser_core.bench import scale
from ser_core.corpora import open_corpus


def test_made_clips_are_all_different_and_carry_the_labels_of_what_they_are_made_of(tmp_path):
    corpus = open_corpus(scale.make(tmp_path, 120, 0.3))
    assert len(corpus.usable) == 120
    assert len({corpus.path(clip).read_bytes() for clip in corpus.usable.index}) == 120
    assert corpus.usable["speaker"].nunique() == 4
    assert corpus.usable["emotion"].nunique() > 3


def test_each_step_is_timed_at_each_size(tmp_path, monkeypatch):
    monkeypatch.setenv("SER_HOME", str(tmp_path / "home"))
    found = scale.measure([120, 100], tmp_path / "place", seconds=0.3)
    assert found.clips == [100, 120]
    assert set(found.seconds) == set(found.exponents) == set(scale.STEPS)
    assert all(len(times) == 2 and min(times) > 0 for times in found.seconds.values())
    assert found.disk_mb[1] > found.disk_mb[0] > 0
