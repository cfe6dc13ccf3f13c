"""What stands before the service: names, token, size, rate and number of requests."""

from __future__ import annotations

import hmac
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from ser_core.core import ParameterError
from ser_core.core.hosts import LOCAL, MISDIRECTED, headers_of, is_own

if TYPE_CHECKING:
    from ser_core.core.hosts import App, Message, Receive, Send
    from ser_core.serving.metrics import Metrics

OPEN = "/health"
"""Path that needs no token, and that no limit closes: health checks come here."""

MOST_CALLERS = 10_000
"""Callers whose rate is remembered; of more, those that were quiet longest are forgotten."""


@dataclass(frozen=True)
class Limits:
    """Bounds of the service.

    Attributes:
        max_mb: Size of a request in MB.
        max_seconds: Length of a sound.
        at_once: Requests that are answered at the same time; more get 429.
        per_minute: Requests of one caller a minute; more get 429. 0 for no limit.

    Raises:
        ParameterError: If a bound is not positive.
    """

    max_mb: float = 20.0
    max_seconds: float = 120.0
    at_once: int = 32
    per_minute: float = 0.0

    def __post_init__(self) -> None:
        for each in fields(self):
            value = getattr(self, each.name)
            if not value >= 0 or (value == 0 and each.name != "per_minute"):
                raise ParameterError(f"{value!r} is no limit", subject=each.name)

    @property
    def max_bytes(self) -> int:
        """Size of a request."""
        return int(self.max_mb * 2**20)


@dataclass
class Rate:
    """Token bucket of each caller: a minute's share at once, then one by one.

    Args:
        per_minute: Requests a minute; 0 for no limit.
        clock: Seconds.
    """

    per_minute: float
    clock: Callable[[], float] = time.monotonic
    _left: dict[str, tuple[float, float]] = field(default_factory=dict)

    def wait(self, caller: str) -> float:
        """Take one request of a caller; seconds until there is one where there is none."""
        if not self.per_minute:
            return 0.0
        now, share = self.clock(), self.per_minute / 60
        left, since = self._left.pop(caller, (self.per_minute, now))
        left = min(self.per_minute, left + (now - since) * share)
        taken = left >= 1
        self._left[caller] = (left - 1 if taken else left, now)
        while len(self._left) > MOST_CALLERS:
            del self._left[next(iter(self._left))]
        return 0.0 if taken else (1 - left) / share


class Guard:
    """Middleware of an ASGI application: refuses what the service does not take.

    421 for another name than its own, 401 without the token, 429 with `Retry-After` where there
    are too many requests, 413 for one that is too large, whatever its headers say.

    Args:
        app: That answers the others.
        limits: Of the service.
        metrics: That count.
        token: That callers show as `Authorization: Bearer`; empty where none is asked for.
        names: By which the service may be called.
    """

    def __init__(
        self,
        app: App,
        limits: Limits,
        metrics: Metrics,
        token: str = "",
        names: tuple[str, ...] = LOCAL,
    ) -> None:
        self.app, self.limits, self.metrics = app, limits, metrics
        self.token, self.names, self.rate = token, names, Rate(limits.per_minute)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        begun, status = time.perf_counter(), [500]

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                status[0] = message["status"]
            await send(message)

        try:
            await self._guarded(scope, receive, sending)
        finally:
            path = getattr(scope.get("route"), "path", "other")
            self.metrics.answered(path, status[0], time.perf_counter() - begun)

    async def _guarded(self, scope: Message, receive: Receive, send: Send) -> None:
        refused = self._refused(scope)
        if refused is not None:
            await refused(scope, receive, send)
            return
        free = scope["path"] == OPEN
        self.metrics.in_flight += not free
        try:
            await self.app(scope, self._counted(receive), send)
        finally:
            self.metrics.in_flight -= not free

    def _refused(self, scope: Message) -> JSONResponse | None:
        """The refusal of a request by what is known before its content; None for none."""
        if not is_own(headers_of(scope, b"host"), self.names):
            return refusal(
                MISDIRECTED,
                "the service was called by a name that is not its own. Whoever runs the service "
                "adds names by --name",
            )
        if scope["path"] == OPEN:
            return None
        if not self._shows_token(scope):
            return refusal(401, "the token is missing or wrong", {"WWW-Authenticate": "Bearer"})
        if self.metrics.in_flight >= self.limits.at_once:
            return refusal(429, "too many requests at once", {"Retry-After": "1"})
        client = scope.get("client")
        wait = self.rate.wait(client[0] if client else "")
        if wait:
            return refusal(429, "too many requests", {"Retry-After": str(math.ceil(wait))})
        said = headers_of(scope, b"content-length")
        if said and said[0].isdigit() and int(said[0]) > self.limits.max_bytes:
            return refusal(413, self._too_large)
        return None

    def _shows_token(self, scope: Message) -> bool:
        if not self.token:
            return True
        given = headers_of(scope, b"authorization")
        wanted = f"Bearer {self.token}".encode()
        return len(given) == 1 and hmac.compare_digest(given[0].encode("latin-1"), wanted)

    @property
    def _too_large(self) -> str:
        return f"the request is larger than {self.limits.max_mb:g} MB"

    def _counted(self, receive: Receive) -> Receive:
        """Content as it comes, up to the limit: a header may be missing or lie."""
        size = 0

        async def counting() -> Message:
            nonlocal size
            message = await receive()
            size += len(message.get("body", b""))
            if size > self.limits.max_bytes:
                raise HTTPException(413, self._too_large)
            return message

        return counting


def refusal(status: int, problem: str, headers: dict[str, str] | None = None) -> JSONResponse:
    """A refusal as every path gives it: `{"problem": …}`."""
    return JSONResponse({"problem": problem}, status, headers)
