"""What is deleted comes back as it was, and is deleted for good when its days are over."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from ser_core.core import SerError
from ser_core.storage.trash import DAY_SECONDS, Trash

STAMPED, NAMED = Trash(), Trash(stamped=False)


def made(place: Path, content: str = "what is in it") -> Path:
    place.mkdir(parents=True)
    (place / "file.txt").write_text(content)
    return place


def later(monkeypatch, days: float) -> None:
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + days * DAY_SECONDS)


@pytest.mark.parametrize("trash", [STAMPED, NAMED, Trash(30, ".removed", stamped=False)])
def test_a_folder_is_moved_beside_and_comes_back_as_it_was(trash, tmp_path):
    folder = made(tmp_path / "a run-with-dashes żółty")
    kept = trash.move(folder)
    assert kept.parent == tmp_path / trash.name
    assert kept.name.startswith(folder.name)
    assert not folder.exists()
    assert trash.restore(kept) == folder
    assert (folder / "file.txt").read_text() == "what is in it"
    assert list(kept.parent.iterdir()) == []


def test_a_file_keeps_its_name_and_its_time(tmp_path):
    file = tmp_path / "random-0-1a2b.json"
    file.write_text("{}")
    changed = file.stat().st_mtime_ns
    kept = NAMED.move(file)
    assert kept == tmp_path / ".deleted" / file.name
    assert NAMED.restore(kept).stat().st_mtime_ns == changed


def test_stamped_things_of_one_name_are_deleted_one_after_the_other(tmp_path, monkeypatch):
    first = STAMPED.move(made(tmp_path / "run", "first"))
    later(monkeypatch, 0.5)
    second = STAMPED.move(made(tmp_path / "run", "second"))
    assert (first / "file.txt").read_text() == "first"
    assert (STAMPED.restore(second) / "file.txt").read_text() == "second"


def test_a_taken_place_is_refused_and_both_stay(tmp_path):
    trash = Trash(taken="the same recipe has a new run")
    kept = trash.move(made(tmp_path / "run", "old"))
    made(tmp_path / "run", "new")
    with pytest.raises(SerError, match=r"run: the same recipe has a new run. Delete"):
        trash.restore(kept)
    assert (kept / "file.txt").read_text() == "old"
    assert (tmp_path / "run" / "file.txt").read_text() == "new"


def test_a_named_folder_is_not_restored_over_another(tmp_path):
    kept = NAMED.move(made(tmp_path / "job", "old"))
    made(tmp_path / "job", "new")
    with pytest.raises(SerError, match="cannot be moved"):
        NAMED.restore(kept)
    assert (kept / "file.txt").read_text() == "old"
    assert (tmp_path / "job" / "file.txt").read_text() == "new"


def test_a_named_file_in_the_old_place_is_the_same_and_overwritten(tmp_path):
    file = tmp_path / "split.json"
    file.write_text("{}")
    kept = NAMED.move(file)
    file.write_text("{}")
    assert NAMED.restore(kept) == file
    assert not kept.exists()


def test_deleting_purges_what_has_lain_too_long(tmp_path, monkeypatch):
    old, file = (
        STAMPED.move(made(tmp_path / "old")),
        STAMPED.move(made(tmp_path / "x") / "file.txt"),
    )
    (old.parent / "a stray file").touch()
    (old.parent / "a link").symlink_to(made(tmp_path / "elsewhere"))
    later(monkeypatch, 6.9)
    week = STAMPED.move(made(tmp_path / "new"))
    assert old.exists()
    later(monkeypatch, 0.2)
    STAMPED.move(made(tmp_path / "newer"))
    assert not old.exists()
    assert file.exists()  # in the trash of another folder
    assert {each.name for each in week.parent.iterdir()} & {"a stray file", "a link"} == set()
    assert (tmp_path / "elsewhere" / "file.txt").exists()
    with pytest.raises(SerError, match="cannot be moved"):
        STAMPED.restore(old)


def test_the_days_count_from_the_deletion_not_from_the_last_change(tmp_path):
    folder = made(tmp_path / "run")
    os.utime(folder, (0, 0))
    kept = STAMPED.move(folder)
    STAMPED.move(made(tmp_path / "another"))
    assert kept.exists()


def test_one_that_cannot_be_purged_is_no_hindrance(tmp_path, monkeypatch):
    STAMPED.move(made(tmp_path / "old"))
    later(monkeypatch, 8)

    def denied(*_args, **_named):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("shutil.rmtree", denied)
    assert STAMPED.move(made(tmp_path / "new")).exists()


def test_a_move_that_fails_leaves_the_original(tmp_path, monkeypatch):
    folder, kept = made(tmp_path / "run"), STAMPED.move(made(tmp_path / "deleted"))

    def denied(*_args):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "replace", denied)
    with pytest.raises(SerError, match=r"run: cannot be moved \(Permission denied\)"):
        STAMPED.move(folder)
    with pytest.raises(SerError, match="cannot be moved"):
        STAMPED.restore(kept)
    assert (folder / "file.txt").exists()
    assert (kept / "file.txt").exists()


@pytest.mark.parametrize("place", ["run-1", ".deleted/../run-1", ".removed/run-1"])
def test_only_what_is_in_the_trash_is_restored(place, tmp_path):
    made(tmp_path / place)
    with pytest.raises(SerError, match="was not deleted"):
        STAMPED.restore(tmp_path / place)
