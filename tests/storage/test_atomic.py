from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from ser_core.core import REPOSITORY, ModelError, SerError
from ser_core.storage import atomic


def test_replaces_what_is_there_and_makes_the_folder(tmp_path):
    path = tmp_path / "a folder" / "ż.txt"
    atomic.write(path, "one")
    atomic.write(path, "two ż".encode())
    assert path.read_text() == "two ż"
    assert [entry.name for entry in path.parent.iterdir()] == ["ż.txt"]


def test_a_failure_keeps_the_old_and_leaves_nothing_behind(tmp_path, monkeypatch):
    path = tmp_path / "kept.txt"
    atomic.write(path, "old")

    def full(*_args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", full)
    with pytest.raises(SerError, match=r"kept.txt: cannot be written \(No space left on device\)"):
        atomic.write(path, "new")
    assert path.read_text() == "old"
    assert len(list(tmp_path.iterdir())) == 1


def filled(place: Path, content: str) -> Path:
    with atomic.folder(place) as new:
        assert new.parent == place.parent
        (new / "inner").mkdir()
        (new / "inner" / "file.txt").write_text(content)
    return place / "inner" / "file.txt"


def test_a_folder_appears_whole_and_replaces_an_older_one(tmp_path):
    place = tmp_path / "a folder" / "model ż"
    filled(place, "old")
    (place / "of the older one").touch()
    assert filled(place, "new").read_text() == "new"
    assert [entry.name for entry in place.iterdir()] == ["inner"]
    assert [*place.parent.iterdir()] == [place]


@pytest.mark.parametrize(
    ("raised", "shown", "message"),
    [
        (OSError(28, "No space left on device"), ModelError, r"cannot be written \(No space"),
        (SerError("holds no tensors", subject="x"), ModelError, "place: holds no tensors"),
        (RuntimeError("a bug"), RuntimeError, "a bug"),
        (KeyboardInterrupt("by hand"), KeyboardInterrupt, "by hand"),
    ],
)
def test_an_error_in_the_block_keeps_the_older_folder(tmp_path, raised, shown, message):
    file = filled(tmp_path / "place", "old")

    def half() -> None:
        with atomic.folder(tmp_path / "place", ModelError) as new:
            (new / "half").touch()
            raise raised

    with pytest.raises(shown, match=message):
        half()
    assert file.read_text() == "old"
    assert [*tmp_path.iterdir()] == [tmp_path / "place"]


@pytest.mark.parametrize("failing", [1, 2], ids=["old one aside", "new one in"])
def test_a_rename_that_fails_keeps_the_older_folder(tmp_path, monkeypatch, failing):
    file, rename, calls = filled(tmp_path / "place", "old"), Path.rename, []

    def sometimes(path: Path, target: Path) -> Path:
        calls.append(path)
        if len(calls) == failing:
            raise PermissionError(13, "Permission denied")
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", sometimes)
    with pytest.raises(SerError, match=r"place: cannot be written \(Permission denied\)"):
        filled(tmp_path / "place", "new")
    assert file.read_text() == "old"
    assert [*tmp_path.iterdir()] == [tmp_path / "place"]


def test_the_older_folder_is_whole_until_the_new_one_has_its_place(tmp_path, monkeypatch):
    filled(tmp_path / "place", "old")
    seen = []

    def delete(path: Path, **_named):
        if path.exists():
            seen.append((path / "inner/file.txt").read_text())
            seen.append((tmp_path / "place/inner/file.txt").read_text())

    monkeypatch.setattr("shutil.rmtree", delete)
    filled(tmp_path / "place", "new")
    assert seen == ["old", "new"]


def test_a_file_in_the_place_stays(tmp_path):
    (tmp_path / "place").write_text("a file")
    with pytest.raises(SerError, match=r"cannot be written \(Not a directory\)"):
        filled(tmp_path / "place", "new")
    assert (tmp_path / "place").read_text() == "a file"


def test_what_a_link_names_is_replaced(tmp_path):
    filled(tmp_path / "disk" / "model", "old")
    (tmp_path / "link").symlink_to(tmp_path / "disk" / "model")
    with atomic.folder(tmp_path / "link") as new:
        (new / "file.txt").write_text("new")
    assert (tmp_path / "disk" / "model" / "file.txt").read_text() == "new"
    assert (tmp_path / "link").is_symlink()


def aged(path, seconds, monkeypatch):
    """Let so much time have passed since a path was last changed."""
    now = path.lstat().st_ctime + seconds
    monkeypatch.setattr(atomic.time, "time", lambda: now)


KILLED = """
import os, sys
import subprocess
import sys
from pathlib import Path
from ser_core.storage import atomic
rename = Path.rename
def die(self, target):
    if self.name == sys.argv[2] or sys.argv[2] == "new" and Path(target).name == "place":
        os.kill(os.getpid(), 9)
    return rename(self, target)
place = Path(sys.argv[1]) / "place"
with atomic.folder(place) as new:
    (new / "content").write_text("new")
    if sys.argv[2] == "writing":
        os.kill(os.getpid(), 9)
    Path.rename = die
"""


@pytest.mark.parametrize("moment", ["writing", "place", "new"])
def test_what_a_kill_leaves_is_swept_and_the_older_folder_is_whole(moment, tmp_path, monkeypatch):
    place = tmp_path / "place"
    place.mkdir()
    (place / "content").write_text("old")
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(tmp_path), moment], cwd=REPOSITORY, check=False
    )
    assert done.returncode == -9
    left = [path for path in tmp_path.iterdir() if path != place and path.name != "ser-home"]
    assert left
    assert place.exists() == (moment != "new")
    atomic.sweep(tmp_path)  # at once: whoever moved it aside may still be at it
    assert place.exists() == (moment != "new")
    aged(left[0], atomic.MOVING + 1, monkeypatch)
    atomic.sweep(tmp_path)
    assert (place / "content").read_text() == "old"
    aged(left[0] if left[0].exists() else place, atomic.STALE + 60, monkeypatch)
    atomic.sweep(tmp_path)
    assert [path.name for path in tmp_path.iterdir() if path.name != "ser-home"] == ["place"]


def test_only_what_writers_leave_is_swept(tmp_path, monkeypatch):
    for name in (".hidden", ".mlflow.db.lock", "a.0123abcd", ".deleted", ".a.0123abc"):
        (tmp_path / name).write_text("mine")
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / ".b.json.0123abcd").write_text("left")
    aged(tmp_path / "deep" / ".b.json.0123abcd", atomic.STALE + 60, monkeypatch)
    assert atomic.sweep(tmp_path) == [tmp_path / "deep" / ".b.json.0123abcd"]
    assert len(list(tmp_path.iterdir())) >= 6
