"""Only regular files of bounded size are opened; everything else is refused at once."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from ser_core.core import SerError, files

OPENERS = [files.regular, files.read_bytes, files.read_text]
every_way = pytest.mark.parametrize("opened", OPENERS)


@every_way
@pytest.mark.parametrize("device", ["/dev/zero", "/dev/random", "/dev/stdin"])
def test_a_device_is_refused(opened, device, tmp_path):
    if not Path(device).exists():
        pytest.skip(f"there is no {device}")
    for path in (Path(device), tmp_path / "link"):
        if path.parent == tmp_path:
            path.symlink_to(device)
        if path.is_file():
            continue  # standard input may be one
        with pytest.raises(OSError, match="not a file"):
            opened(path)


@every_way
def test_a_pipe_without_a_writer_does_not_wait(opened, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="a pipe, a device or a socket"):
        opened(tmp_path / "pipe")


@every_way
def test_a_socket_and_a_folder_are_refused(opened, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # the path of a socket must be short
    with socket.socket(socket.AF_UNIX) as own:
        own.bind("s")
        with pytest.raises(OSError, match="a pipe, a device or a socket"):
            opened("s")
    with pytest.raises(IsADirectoryError, match="a folder"):
        opened(tmp_path)


@every_way
@pytest.mark.parametrize("path", ["a" * 5_000, "a/" * 3_000, "null\0", "nowhere"])
def test_what_is_no_path_is_an_error_of_opening(opened, path):
    with pytest.raises(OSError):
        opened(path)


@every_way
def test_a_file_is_read_up_to_its_bound(opened, tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"12345")
    assert opened(path, 5) in (path, b"12345", "12345")
    with pytest.raises(OSError, match="5 bytes or more; up to 4 are read"):
        opened(path, 4)
    with path.open("r+b") as file:
        file.truncate(1 << 40)  # a terabyte of nothing
    with pytest.raises(OSError, match="bytes or more"):
        opened(path)


def test_a_file_without_end_that_says_it_is_empty_is_read_up_to_the_bound(tmp_path):
    endless = Path("/proc/self/environ")
    if not endless.exists():
        pytest.skip("there is no /proc")
    assert endless.stat().st_size == 0
    with pytest.raises(OSError, match="up to 3 are read"):
        files.read_bytes(endless, 3)


def test_a_file_that_becomes_a_pipe_is_noticed(tmp_path, monkeypatch):
    path = tmp_path / "file"
    path.write_bytes(b"12345")
    looked = files.regular

    def exchanged(path, largest):
        looked(path, largest)
        path.unlink()
        os.mkfifo(path)

    monkeypatch.setattr(files, "regular", exchanged)
    with pytest.raises(OSError, match="a pipe"):
        files.read_bytes(path)


def test_text_has_its_line_ends_as_python_reads_them(tmp_path):
    (tmp_path / "text").write_bytes("ż\r\na\rb\n".encode())
    assert files.read_text(tmp_path / "text") == (tmp_path / "text").read_text(encoding="utf-8")


def test_a_folder_of_too_many_files_is_not_looked_through_to_its_end(tmp_path, monkeypatch):
    for name in "abcd":
        (tmp_path / name).touch()
    assert sorted(next(files.walk(tmp_path))[2]) == ["a", "b", "c", "d"]
    monkeypatch.setattr(files, "MOST_FILES", 3)
    with pytest.raises(SerError, match="holds more than 3 files"):
        list(files.walk(tmp_path))
