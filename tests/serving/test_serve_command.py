"""`serve` as it is started: what it says, and what it refuses before it opens a model."""

from __future__ import annotations

import socket

import pytest
from typer.testing import CliRunner

from ser_core.bench.servers import free_port
from ser_core.cli import app
from ser_core.core import ServiceError
from tests.explain.nets import bundle_of


@pytest.fixture
def start(tmp_path, monkeypatch):
    """Runs `serve` up to where it would listen."""
    folder, token = bundle_of().save(tmp_path / "a model"), tmp_path / "token"
    token.write_text("a token of the tests")
    monkeypatch.setattr("uvicorn.run", lambda *_, **__: None)

    def run(*options: str):
        words = ["serve", "--model", str(folder), "--token-file", str(token), *options]
        return CliRunner().invoke(app, words)

    return run


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_a_port_in_use_is_refused_before_an_address_is_shown(start, host):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        result = start("--host", host, "--port", str(port))
    assert isinstance(result.exception, ServiceError)
    assert str(result.exception) == f"port {port}: is in use. Name another by --port."
    assert "http://" not in result.output


def test_a_host_that_is_none_is_refused(start):
    result = start("--host", "no host.invalid", "--port", str(free_port()))
    assert isinstance(result.exception, ServiceError)
    assert "--host" in str(result.exception)


def test_a_shared_service_says_by_which_names_it_answers(start):
    shared = start("--host", "0.0.0.0", "--port", str(free_port()))  # noqa: S104
    said = "callers must use one of these names: localhost, 127.0.0.1, ::1; add others by --name"
    assert said in shared.output
    options = ("--host", "0.0.0.0", "--name", "ser.example.org", "--port", str(free_port()))  # noqa: S104
    assert "::1, ser.example.org; add" in start(*options).output
    assert "names" not in start("--port", str(free_port())).output
