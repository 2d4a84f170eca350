"""The flat table of routes, and the one way in which each of them is answered."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Final, NamedTuple

from loguru import logger
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from daemon.errors import DaemonError
from daemon.web.access import guard
from daemon.web.access.sessions import Session, Sessions
from daemon.web.serving.endpoint import AWAY, OURS, timed, told_of, with_headers
from daemon.web.serving.requests import Asked, Refused, error

Answer = Callable[[Asked], Awaitable[Response]]


class PageRoute(NamedTuple):
    """One route: its path, what answers it, and to whom."""

    path: str
    answer: Answer
    method: str = "GET"
    is_open: bool = False
    """It is answered without a session."""
    is_page: bool = False
    """It is a document, which a person opens by typing its address."""
    needs_csrf: bool = True
    """Only where the method changes something."""


class App:
    """The application: the guard, then the table."""

    def __init__(
        self,
        table: Sequence[PageRoute],
        sessions: Sessions,
        hosts: frozenset[str],
        *,
        cookie: str,
    ) -> None:
        """`cookie` is the name of the session's cookie."""
        self._sessions = sessions
        self._hosts = hosts
        self._cookie = cookie
        self._pages: Final = frozenset(route.path for route in table if route.is_page)
        self._app = Starlette(
            routes=[self._route(route) for route in table],
            exception_handlers={
                HTTPException: _http_error,
                Refused: _refused,
                DaemonError: _fault_of_the_world,
                Exception: _fault_of_ours,
            },
        )
        self._app.router.redirect_slashes = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, with the headers of every answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        problem = guard.problem(
            request.method, request.headers, self._hosts, is_page=scope["path"] in self._pages
        )
        app: ASGIApp = error(403, problem) if problem else self._app
        if problem:
            logger.info("{} (refused) 403: {}", request.method[:8], problem)
        await app(scope, receive, with_headers(send, _HEADERS))

    def _route(self, route: PageRoute) -> Route:
        endpoint = timed(f"{route.method} {route.path}", partial(self._answered, route))
        return Route(route.path, endpoint, methods=[route.method])

    async def _answered(self, route: PageRoute, request: Request) -> Response:
        session = self._sessions.of(request.cookies.get(self._cookie, ""), time.monotonic())
        if session is None and not route.is_open:
            if route.is_page:
                return RedirectResponse("/login", 303)
            raise Refused(401, "log in first")
        if route.method == "POST" and route.needs_csrf:
            _check_csrf(request, session)
        return await route.answer(Asked(request, session))


def _check_csrf(request: Request, session: Session | None) -> None:
    """Refuse a request that does not carry the session's CSRF token."""
    given = request.headers.get("x-csrf", "")
    if session is None or not guard.is_equal(given, session.csrf):
        raise Refused(403, "the page's X-CSRF is missing or of another session; load it again")


_HEADERS: Final = [(name.lower().encode(), value.encode()) for name, value in guard.HEADERS.items()]
_WORDS: Final = {404: "there is no such page", 405: "this route takes another method"}


async def _http_error(_: Request, found: Exception) -> Response:
    assert isinstance(found, HTTPException)
    if found.status_code in _WORDS:
        logger.info("(unknown) {}", found.status_code)
    return error(found.status_code, _WORDS.get(found.status_code, found.detail))


async def _refused(_: Request, refusal: Exception) -> Response:
    assert isinstance(refusal, Refused)
    return error(refusal.status, refusal.text)


async def _fault_of_the_world(_: Request, fault: Exception) -> Response:
    return error(AWAY, told_of(fault))


async def _fault_of_ours(_: Request, fault: Exception) -> Response:
    return error(OURS, told_of(fault))
