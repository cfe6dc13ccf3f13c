"""The check of the name by which the workbench is called."""

from __future__ import annotations

import asyncio

import pytest
from streamlit import config

from pages.components import host_check
from pages.components.host_check import LOCAL, HostCheck, is_own

OWN = ["localhost", "localhost:8501", "LOCALHOST:1", "localhost.", "127.0.0.1:80", "[::1]:8501"]
STRANGE = [
    "evil.example", "localhost.evil.example", "localhost:8501.evil.example", "127.0.0.1.nip.io",
    "evil.example@localhost", "localhost@evil.example", "localhost/evil", "localhost?a", "",
    "localhost:port", "0.0.0.1", "127.0.0.2", "2130706433", "[::ffff:127.0.0.1]", "local host",
]  # fmt: skip


@pytest.mark.parametrize("host", OWN)
def test_its_own_names(host):
    assert is_own([host], LOCAL)


@pytest.mark.parametrize("host", STRANGE)
def test_other_names(host):
    assert not is_own([host], LOCAL)


def test_two_names_or_none_are_refused():
    assert not is_own([], LOCAL)
    assert not is_own(["localhost", "evil.example"], LOCAL)


def test_names_that_are_listed_on_purpose(monkeypatch):
    monkeypatch.setattr(config, "get_option", lambda _: ["ser.example.org", "*.lab.example.org"])
    names = host_check.allowed()
    assert is_own(["ser.example.org"], names)
    assert is_own(["a.lab.example.org:443"], names)
    assert not is_own(["lab.example.org"], names)
    assert not is_own(["evilser.example.org"], names)
    monkeypatch.setattr(config, "get_option", lambda _: [])
    assert host_check.allowed() == LOCAL


def asked(kind, host):
    """Messages that come back, and whether the application was asked."""
    sent, reached = [], []

    async def app(scope, receive, send):
        reached.append(scope)

    async def send(message):
        sent.append(message)

    scope = {"type": kind, "headers": [(b"host", host)] if host else []}
    asyncio.run(HostCheck(app)(scope, None, send))
    return sent, bool(reached)


def test_a_refusal_never_reaches_the_workbench():
    assert asked("http", b"localhost:8501") == ([], True)
    sent, reached = asked("http", b"evil.example")
    assert (sent[0]["status"], reached) == (421, False)
    assert b"docs/trust.md" in sent[1]["body"]
    sent, reached = asked("websocket", b"evil.example")
    assert ([message["type"] for message in sent], reached) == (["websocket.close"], False)
    assert asked("websocket", b"[::1]:1")[1]
    assert asked("lifespan", b"")[1]
