"""The application of the paper API: who asks, how often, and one envelope around every answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Final, NamedTuple, Protocol

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from daemon.errors import DaemonError
from daemon.web.kite.call import Call
from daemon.web.kite.envelope import failure, success
from daemon.web.kite.errors import KiteError, away
from daemon.web.kite.rates import Rate, Rates
from daemon.web.serving.endpoint import OURS, timed, told_of, with_headers

Answer = Callable[[Call], Awaitable[object]]
"""Returns the data of the envelope, or a whole response."""
PREFIXES: Final = ("", "/kite")
"""Every address stands at the root and under the second; the Python client drops a path."""
REQUESTS_MAX: Final = 200
"""Requests at one time; below the connections that a listener has, so that the next hears why."""
_TOO_MANY: Final = KiteError(503, "NetworkException", "too many requests at one time; try again")
CROWDED: Final = failure(
    KiteError(503, "NetworkException", "too many connections are open; close some and try again")
)
"""The answer on a connection more than the listener has; it is the last on its own."""
CROWDED.headers["connection"] = "close"
_HEADERS: Final = [
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'none'"),
]


class KiteRoute(NamedTuple):
    """One address: its path, its method, what answers it, and the rate it counts for."""

    path: str
    method: str
    answer: Answer
    rate: Rate = "other"
    is_open: bool = False
    """It is answered without a session."""


class Sessions(Protocol):
    """Who may ask; `Login` is it."""

    def check(self, header: str) -> None:
        """Let a request with this `Authorization` through. Raises KiteError."""


class KiteApp:
    """The table of addresses, as an ASGI application."""

    def __init__(
        self,
        table: Sequence[KiteRoute],
        sessions: Sessions,
        rates: Rates,
        sockets: Sequence[BaseRoute] = (),
    ) -> None:
        """`sockets` are further routes, which look after themselves."""
        self._sessions = sessions
        self._rates = rates
        self._at_once = 0
        self._app = Starlette(
            routes=[*sockets, *(self._route(row, prefix) for row in table for prefix in PREFIXES)],
            exception_handlers={
                HTTPException: _http_error,
                KiteError: _refused,
                DaemonError: _fault_of_the_world,
                Exception: _fault_of_ours,
            },
        )
        self._app.router.redirect_slashes = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        is_too_many = self._at_once >= REQUESTS_MAX
        app: ASGIApp = failure(_TOO_MANY) if is_too_many else self._app
        self._at_once += 1
        try:
            await app(scope, receive, with_headers(send, _HEADERS))
        finally:
            self._at_once -= 1

    def _route(self, row: KiteRoute, prefix: str) -> Route:
        endpoint = timed(f"kite {row.method} {row.path}", partial(self._answered, row))
        return Route(f"{prefix}{row.path}", endpoint, methods=[row.method])

    async def _answered(self, row: KiteRoute, request: Request) -> Response:
        if not row.is_open:
            self._sessions.check(request.headers.get("authorization", ""))
        self._rates.take(row.rate)
        data = await row.answer(Call(request))
        return data if isinstance(data, Response) else success(data)


_WORDS: Final = {404: "Route not found", 405: "Method not allowed"}


async def _http_error(_: Request, found: Exception) -> Response:
    assert isinstance(found, HTTPException)
    words = _WORDS.get(found.status_code, found.detail)
    return failure(KiteError(found.status_code, "GeneralException", words))


async def _refused(_: Request, error: Exception) -> Response:
    assert isinstance(error, KiteError)
    return failure(error)


async def _fault_of_the_world(_: Request, fault: Exception) -> Response:
    return failure(away(told_of(fault)))


async def _fault_of_ours(_: Request, fault: Exception) -> Response:
    return failure(KiteError(OURS, "GeneralException", told_of(fault)))
