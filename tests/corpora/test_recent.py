"""Paths are remembered once, the latest first, while they exist."""

import pytest

from ser_core.core import settings
from ser_core.corpora.recent import MAX_RECENT, recent_corpora, remember_corpus


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("SER_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def folder(tmp_path, name):
    (tmp_path / name).mkdir()
    return tmp_path / name


def test_nothing_is_remembered_at_first():
    assert recent_corpora() == []


def test_the_latest_comes_first_and_only_once(tmp_path):
    one, two = folder(tmp_path, "one"), folder(tmp_path, "two")
    for path in (one, two, one):
        remember_corpus(path)
    assert recent_corpora() == [str(one), str(two)]


def test_a_folder_that_is_gone_is_not_offered(tmp_path):
    gone = folder(tmp_path, "gone")
    remember_corpus(gone)
    gone.rmdir()
    assert recent_corpora() == []


def test_the_list_stays_short(tmp_path):
    for number in range(MAX_RECENT + 3):
        remember_corpus(folder(tmp_path, str(number)))
    assert len(recent_corpora()) == MAX_RECENT


def test_the_demo_and_a_damaged_file_are_no_trouble(home):
    remember_corpus(settings.demo_corpus())
    assert recent_corpora() == []
    home.mkdir()
    (home / "recent.json").write_text("{")
    assert recent_corpora() == []
