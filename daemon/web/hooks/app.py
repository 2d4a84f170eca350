"""`POST /hook/TOKEN`: a service's message, checked, handed to the daemon and answered at once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

import anyio
from loguru import logger
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from daemon.control.request_messages import Answer, Outcome
from daemon.domain.external_signal import ExternalSignal
from daemon.domain.instrument import Instrument
from daemon.errors import DaemonError
from daemon.process.clock import MACHINE_CLOCKS
from daemon.visible import visible
from daemon.web.hooks.arrivals import Arrivals, TooMany, client_id_of
from daemon.web.hooks.maps import NotUnderstood, meaning_of
from daemon.web.hooks.store import Hook, HookBook
from daemon.web.serving.endpoint import AWAY, OURS, told_of

BODY_MAX: Final = 16_384
BODY_WITHIN_S: Final = 2.0
ANSWER_WITHIN_S: Final = 0.8
"""A daemon that has not answered by then has the message; its sender is not kept waiting."""
_NO_DAEMON: Final = "the daemon is away: nothing was asked of it"

Ask = Callable[[ExternalSignal, str], Awaitable[Answer]]
"""Hand a signal to the daemon under a client's id. Raises DaemonError if it is away."""
InstrumentsOf = Callable[[], Mapping[str, Instrument]]
"""Return the contracts of the daemon's universe by symbol, none while it is away."""


class Hooks:
    """The one address. The token in it is a secret: no log has it, nor a message's body."""

    def __init__(self, book: HookBook, instruments_of: InstrumentsOf, ask: Ask) -> None:
        self._book = book
        self._instruments_of = instruments_of
        self._ask = ask
        self._arrivals = Arrivals()
        self.app: Final = Starlette(
            routes=[Route("/hook/{token}", self._endpoint, methods=["POST"])],
            exception_handlers={
                HTTPException: _http_error,
                DaemonError: _fault_of_the_world,
                Exception: _fault_of_ours,
            },
        )
        self.app.router.redirect_slashes = False

    async def _endpoint(self, request: Request) -> Response:
        hook = self._book.of(str(request.path_params["token"]))
        if hook is None:
            raise HTTPException(404, "there is no such hook")
        body = await _body(request)
        now = MACHINE_CLOCKS.wall_ns()
        try:
            self._arrivals.count(hook.id, now)
        except TooMany as error:
            raise HTTPException(429, str(error)) from error
        if self._arrivals.is_repeated(hook.id, body, now):
            return _told(hook, 200, {"status": "duplicate"})
        response = await self._taken(hook, body, now)
        if response.status_code >= 400:
            self._arrivals.forget(hook.id, body)
        return response

    async def _taken(self, hook: Hook, body: bytes, now: int) -> Response:
        """Hand a message in, and say what became of it within a second."""
        instruments = self._instruments_of()
        if not instruments:
            return _told(hook, 503, {"error": _NO_DAEMON})
        try:
            intents, ignored = meaning_of(hook, body, instruments)
        except NotUnderstood as error:
            return _told(hook, 400, {"error": visible(str(error))})
        said: dict[str, object] = {"status": "accepted"}
        if ignored:
            said["ignored"] = [visible(each) for each in ignored]
        answer: Answer | None = None
        with anyio.move_on_after(ANSWER_WITHIN_S):
            signal = ExternalSignal(strategy=hook.strategy, intents=intents)
            try:
                answer = await self._ask(signal, client_id_of(hook.id, body, now))
            except DaemonError as error:
                return _told(hook, 503, {"error": str(error)})
        if answer is None:
            return _told(hook, 202, {**said, "text": "the daemon has it and has not answered yet"})
        if answer.outcome in (Outcome.DONE, Outcome.UNKNOWN):
            return _told(hook, 202, {**said, "input_no": answer.input_no})
        status = 422 if answer.outcome is Outcome.REFUSED else 503
        return _told(hook, status, {"error": answer.text})


async def _body(request: Request) -> bytes:
    """Return a message, whatever its content type says. Raises HTTPException."""
    data = b""
    with anyio.move_on_after(BODY_WITHIN_S) as deadline:
        async for chunk in request.stream():
            data += chunk
            if len(data) > BODY_MAX:
                raise HTTPException(413, f"expected at most {BODY_MAX} bytes")
    if deadline.cancelled_caught:
        raise HTTPException(408, "the message did not come in time")
    return data


def _told(hook: Hook, status: int, said: dict[str, object]) -> Response:
    log = logger.info if status < 400 else logger.warning
    log("hook {}: {} {}", hook.id, status, said.get("error") or said.get("status"))
    return JSONResponse(said, status)


async def _http_error(_: Request, found: Exception) -> Response:
    assert isinstance(found, HTTPException)
    logger.info("hook: {}", found.status_code)
    return JSONResponse({"error": found.detail}, found.status_code)


async def _fault_of_the_world(_: Request, fault: Exception) -> Response:
    return JSONResponse({"error": told_of(fault)}, AWAY)


async def _fault_of_ours(_: Request, fault: Exception) -> Response:
    return JSONResponse({"error": told_of(fault)}, OURS)
