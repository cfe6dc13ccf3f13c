"""What is no regular file is refused by every command that opens one, at once and in words."""

from __future__ import annotations

import os
import socket

import pytest
from typer.testing import CliRunner

from ser_core.cli import app
from ser_core.core import REPOSITORY, SerError, demo_corpus

CLIP = str(demo_corpus() / "samples" / "SM0_anger_48.flac")
COMMANDS = {
    "corpus inspect": ["corpus", "inspect", "{}"],
    "predict": ["predict", "{}", "--model", str(REPOSITORY / "artifacts" / "pretrained")],
    "predict by a model": ["predict", CLIP, "--model", "{}"],
    "evaluate": ["evaluate", "--model", "{}", "--corpus", str(demo_corpus())],
    "onnx show": ["onnx", "show", "{}"],
    "train": ["train", "{}"],
    "explain": ["explain", "clip", CLIP, "--model", "{}"],
}


@pytest.fixture(params=["pipe", "/dev/zero", "socket", "link"])
def place(request, tmp_path, monkeypatch):
    if request.param == "pipe":
        os.mkfifo(tmp_path / "pipe")
        yield str(tmp_path / "pipe")
    elif request.param == "link":
        (tmp_path / "link.onnx").symlink_to("/dev/zero")
        yield str(tmp_path / "link.onnx")
    elif request.param == "socket":
        with socket.socket(socket.AF_UNIX) as own, monkeypatch.context() as there:
            there.chdir(tmp_path)  # the path of a socket must be short
            own.bind("s")
            there.undo()
            yield str(tmp_path / "s")
    else:
        yield request.param


@pytest.mark.parametrize("command", COMMANDS)
def test_it_is_refused(command, place):
    words = [word.replace("{}", place) for word in COMMANDS[command]]
    result = CliRunner().invoke(app, words)
    told = result.output + str(result.exception or "")
    assert result.exit_code
    assert isinstance(result.exception, SerError | SystemExit), told
    assert told.strip()


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("place", ["/x" * 2_500, "null\0"], ids=["long", "null"])
def test_a_path_that_can_be_none_is_refused(command, place):
    words = [word.replace("{}", place) for word in COMMANDS[command]]
    result = CliRunner().invoke(app, words)
    assert isinstance(result.exception, SerError | SystemExit), repr(result.exception)[:300]
    assert result.exit_code
