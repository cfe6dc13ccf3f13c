"""Which places a link may show without a question."""

from __future__ import annotations

import pytest

from ser_core.core import demo_corpus, settings
from ser_core.storage import opened
from ser_core.storage.opened import remember_opened, was_opened


def test_a_place_counts_with_all_that_is_in_it_and_nothing_beside(tmp_path):
    assert not was_opened(tmp_path / "a")
    remember_opened(tmp_path / "a")
    assert was_opened(str(tmp_path / "a"))
    assert was_opened(tmp_path / "a" / "b" / "c.csv")
    assert not was_opened(tmp_path)
    assert not was_opened(tmp_path / "ab")
    assert not was_opened(tmp_path / "a" / ".." / "ab")


def test_a_link_inside_does_not_lead_elsewhere(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "out").symlink_to("/dev")
    remember_opened(tmp_path / "a")
    assert not was_opened(tmp_path / "a" / "out")
    assert not was_opened(tmp_path / "a" / "out" / "zero")


def test_what_comes_with_the_workbench_and_what_it_made_is_known(tmp_path, monkeypatch):
    assert was_opened(demo_corpus())
    assert was_opened(settings.home() / "feedback")
    assert not was_opened(tmp_path / "mine")
    monkeypatch.setenv("SER_CORPUS", str(tmp_path / "mine"))
    assert was_opened(tmp_path / "mine")


@pytest.mark.parametrize("place", ["/dev/zero", "", "a" * 5_000, "null\0", "~nobody/x"])
def test_what_is_no_place_was_not_opened(place, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert not was_opened(place)


def test_the_oldest_are_forgotten_and_a_damaged_list_is_empty(tmp_path, monkeypatch):
    monkeypatch.setattr(opened, "MOST", 2)
    for name in "abc":
        remember_opened(tmp_path / name)
    assert [was_opened(tmp_path / name) for name in "abc"] == [False, True, True]
    (settings.home() / "opened.json").write_text('{"places": 5}')
    assert not was_opened(tmp_path / "c")
