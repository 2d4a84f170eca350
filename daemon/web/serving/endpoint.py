"""What the page's, the API's and any further application do alike around an answer."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from loguru import logger
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message, Send

from daemon.errors import DaemonError

Endpoint = Callable[[Request], Awaitable[Response]]
Headers = Sequence[tuple[bytes, bytes]]
"""Names in lower case."""
AWAY: Final = 503
OURS: Final = 500


class NotAnswered(Exception):
    """A request that is refused: the status of HTTP, and whatever else its application says."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status: Final = status


def timed(name: str, answer: Endpoint) -> Endpoint:
    """Return `answer`, with a line in the log for each request: its name, status and time."""

    async def endpoint(request: Request) -> Response:
        began = time.monotonic()
        status = OURS
        try:
            response = await answer(request)
            status = response.status_code
        except NotAnswered as refusal:
            status = refusal.status
            raise
        except DaemonError:
            status = AWAY
            raise
        finally:
            took_ms = round((time.monotonic() - began) * 1000, 1)
            logger.info("{} {} in {} ms", name, status, took_ms)
        return response

    return endpoint


def with_headers(send: Send, headers: Headers) -> Send:
    """Return `send`, with `headers` added to each answer that does not have them."""

    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            known = {name.lower() for name, _ in message["headers"]}
            more = [each for each in headers if each[0] not in known]
            message["headers"] = [*message["headers"], *more]
        await send(message)

    return send_with_headers


def told_of(fault: Exception) -> str:
    """Log a fault that an answer must not show whole; return what the answer says of it."""
    if isinstance(fault, DaemonError):
        logger.warning("{}", fault)
        return str(fault)
    logger.opt(exception=fault).error("a fault of this program")
    return "a fault of this program; its log has it"
