"""Answers only those who call the workbench by one of its own names.

A page of another site can make its own name lead to this computer (DNS rebinding): the browser then
takes both for one site and lets that page read the workbench. But the browser still says by which
name it called, in the header `Host`, which a page cannot change. Every request is checked, for
pages, uploads, media and the WebSocket. The names are those of this computer, and what
`server.allowedHosts` lists where the workbench is shared on purpose (docs/trust.md).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from streamlit import config

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping, Sequence

    Message = MutableMapping[str, Any]
    Receive = Callable[[], Awaitable[Message]]
    Send = Callable[[Message], Awaitable[None]]
    App = Callable[[Message, Receive, Send], Awaitable[None]]

LOCAL = ("localhost", "127.0.0.1", "::1")
"""Names of this computer."""

REFUSED = (
    "The workbench was called by a name that is not its own, and does not answer. Open it as "
    "http://localhost with its port. To share it on purpose, list its name in "
    "server.allowedHosts: see docs/trust.md.\n"
)


class HostCheck:
    """Middleware of an ASGI application: refuses requests of other names with 421.

    Args:
        app: What answers the others.
    """

    def __init__(self, app: App) -> None:
        self.app = app

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it."""
        if scope["type"] in ("http", "websocket") and not is_own(_hosts(scope), allowed()):
            await _refuse(scope["type"], send)
            return
        await self.app(scope, receive, send)


def allowed() -> Sequence[str]:
    """Names by which the workbench may be called."""
    return tuple(config.get_option("server.allowedHosts")) or LOCAL


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


def _fits(name: str, pattern: str) -> bool:
    if pattern.startswith("*."):
        return name.endswith(pattern[1:])
    return pattern in ("*", name)


def _hosts(scope: Message) -> list[str]:
    found = [value for name, value in scope["headers"] if name.lower() == b"host"]
    return [value.decode("latin-1") for value in found]


async def _refuse(kind: str, send: Send) -> None:
    if kind == "websocket":  # closed before it is accepted: the browser gets 403
        await send({"type": "websocket.close", "code": 1008})
        return
    headers = [(b"content-type", b"text/plain; charset=utf-8")]
    await send({"type": "http.response.start", "status": 421, "headers": headers})
    await send({"type": "http.response.body", "body": REFUSED.encode()})
