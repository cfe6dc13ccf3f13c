"""Answers only those who call the workbench by one of its own names (`ser_core.core.hosts`).

Every request is checked, for pages, uploads, media and the WebSocket. The names are those of this
computer, and what `server.allowedHosts` lists where the workbench is shared on purpose
(docs/trust.md).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from streamlit import config

from ser_core.core.hosts import LOCAL, MISDIRECTED, headers_of, is_own

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ser_core.core.hosts import App, Message, Receive, Send

__all__ = ["LOCAL", "REFUSED", "HostCheck", "allowed", "is_own"]

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
        if scope["type"] in ("http", "websocket") and not is_own(
            headers_of(scope, b"host"), allowed()
        ):
            await _refuse(scope["type"], send)
            return
        await self.app(scope, receive, send)


def allowed() -> Sequence[str]:
    """Names by which the workbench may be called."""
    return tuple(config.get_option("server.allowedHosts")) or LOCAL


async def _refuse(kind: str, send: Send) -> None:
    if kind == "websocket":  # closed before it is accepted: the browser gets 403
        await send({"type": "websocket.close", "code": 1008})
        return
    headers = [(b"content-type", b"text/plain; charset=utf-8")]
    await send({"type": "http.response.start", "status": MISDIRECTED, "headers": headers})
    await send({"type": "http.response.body", "body": REFUSED.encode()})
