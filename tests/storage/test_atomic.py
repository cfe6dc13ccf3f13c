from __future__ import annotations

import pytest

from ser_core.core.errors import SerError
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
