"""Whether a web request names this computer: the guard against DNS rebinding.

A page of another site can make its own name lead to this computer: the browser then takes both for
one site and lets that page read what is served here. But the browser still says by which name it
called, in the header `Host`, which a page cannot change.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping, Sequence

    Message = MutableMapping[str, Any]
    Receive = Callable[[], Awaitable[Message]]
    Send = Callable[[Message], Awaitable[None]]
    App = Callable[[Message, Receive, Send], Awaitable[None]]

LOCAL = ("localhost", "127.0.0.1", "::1")
"""Names of this computer."""

MISDIRECTED = 421
"""HTTP status of a request by another name."""


def is_own(hosts: Sequence[str], names: Sequence[str]) -> bool:
    """Whether a request gives one name, and it is one of these.

    Args:
        hosts: What its headers `Host` say; there must be one.
        names: Allowed ones; "*.example.org" stands for all below, "*" for any.

    >>> is_own(["localhost:8501"], LOCAL), is_own(["[::1]:8501"], LOCAL)
    (True, True)
    >>> is_own(["localhost.evil.example"], LOCAL), is_own([], LOCAL)
    (False, False)
    """
    if len(hosts) != 1:
        return False
    try:
        parts = urlsplit(f"//{hosts[0]}")
        name, _ = parts.hostname, parts.port  # a port that is none raises
    except ValueError:
        return False
    if not name or parts.netloc != hosts[0] or "@" in hosts[0]:
        return False
    name = name.rstrip(".")
    return any(_fits(name, each.strip().lower().rstrip(".")) for each in names)


def headers_of(scope: Message, name: bytes) -> list[str]:
    """All values of a header of a request."""
    found = [value for key, value in scope["headers"] if key.lower() == name]
    return [value.decode("latin-1") for value in found]


def _fits(name: str, pattern: str) -> bool:
    if pattern.startswith("*."):
        return name.endswith(pattern[1:])
    return pattern in ("*", name)
