"""Saved splits are listed with their corpus, and a deleted one comes back."""

from dataclasses import replace

import pytest

from ser_core.core import SerError, demo_corpus
from ser_core.corpora import audit_split, make_split, open_corpus, saved_splits
from tests.corpora.synthetic import acted


@pytest.fixture
def corpus(tmp_path, monkeypatch):
    monkeypatch.setenv("SER_HOME", str(tmp_path))
    return open_corpus(demo_corpus())


def test_a_saved_split_is_listed_with_its_grade(corpus):
    split = make_split(corpus, "speaker-disjoint", seed=3)
    path = saved_splits.save(split)
    (found,) = saved_splits.saved_splits(corpus)
    assert (found.path, found.split.hash, found.split.seed) == (path, split.hash, 3)
    assert found.grade == audit_split(split, corpus).grade == "B"


def test_other_corpora_and_other_files_are_not_listed(corpus):
    saved_splits.save(make_split(acted(4, 5), "random"))
    (saved_splits.folder() / "notes.json").write_text("{}")
    assert saved_splits.saved_splits(corpus) == []


def test_a_split_of_a_corpus_that_changed_has_no_grade(corpus):
    saved_splits.save(make_split(corpus, "random"))
    (found,) = saved_splits.saved_splits(replace(corpus, clips=corpus.clips.iloc[1:]))
    assert found.grade == ""


def test_a_deleted_split_comes_back(corpus):
    path = saved_splits.save(make_split(corpus, "random"))
    kept = saved_splits.delete(path)
    assert saved_splits.saved_splits(corpus) == []
    assert saved_splits.restore(kept) == path
    assert [each.path for each in saved_splits.saved_splits(corpus)] == [path]
    with pytest.raises(SerError, match="cannot be moved"):
        saved_splits.restore(kept)
