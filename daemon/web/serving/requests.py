"""One request: who asks, what its query and its body are. What is not understood is refused."""

from __future__ import annotations

import re
from typing import Final, NamedTuple, TypeVar

import anyio
import msgspec
from starlette.requests import Request
from starlette.responses import Response

from daemon.web.access.sessions import Session
from daemon.web.serving.endpoint import NotAnswered

BODY_MAX: Final = 65_536
BODY_WITHIN_S: Final = 10.0
_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
_NAME: Final = re.compile(r"[A-Za-z0-9_.&-]{1,80}(?: [A-Za-z0-9_.&-]{1,80}){0,3}")
T = TypeVar("T")


class Refused(NotAnswered):
    """A request that is not answered: the status of HTTP and one line."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(status, text)
        self.text = text


class Asked(NamedTuple):
    """A request that the guard let through, with its session where the route needs one."""

    request: Request
    session: Session | None

    @property
    def who(self) -> Session:
        """Return the session of a route that needs one."""
        assert self.session is not None, "the route is open to all"
        return self.session

    def day(self) -> str:
        """Return the query's `day`, empty without one. Raises Refused."""
        return self._matching("day", _DAY, "expected a date such as 2026-11-23")

    def name(self, key: str) -> str:
        """Return a symbol, a run or another name in the query. Raises Refused."""
        return self._matching(key, _NAME, "expected a name")

    def number(self, key: str) -> int | None:
        """Return a whole number of the query, None without one. Raises Refused."""
        text = self.request.query_params.get(key, "")
        if not text:
            return None
        if not text.isascii() or not text.isdigit() or len(text) > 15:
            raise Refused(400, f"{key}: expected a whole number")
        return int(text)

    async def body(self, kind: type[T]) -> T:
        """Return the JSON body. Raises Refused: 400, 413 or 415."""
        content_type = self.request.headers.get("content-type", "").partition(";")[0]
        if content_type.strip().lower() != "application/json":
            raise Refused(415, "expected a body of JSON")
        data = b""
        with anyio.move_on_after(BODY_WITHIN_S) as deadline:
            async for chunk in self.request.stream():
                data += chunk
                if len(data) > BODY_MAX:
                    raise Refused(413, f"expected at most {BODY_MAX} bytes")
        if deadline.cancelled_caught:
            raise Refused(408, "the body did not come in time")
        try:
            return msgspec.json.decode(data, type=kind)
        except (ValueError, RecursionError) as error:
            raise Refused(400, f"the body is not what this route takes ({error})") from error

    def _matching(self, key: str, pattern: re.Pattern[str], expected: str) -> str:
        text = self.request.query_params.get(key, "")
        if text and not pattern.fullmatch(text):
            raise Refused(400, f"{key}: {expected}")
        return text


def json(value: object, status: int = 200) -> Response:
    """Return an answer of JSON."""
    return raw_json(msgspec.json.encode(value), status)


def raw_json(body: bytes, status: int = 200) -> Response:
    """Return an answer whose body is JSON already."""
    return Response(body, status, media_type="application/json")


def error(status: int, text: str) -> Response:
    """Return a refusal in one line."""
    return json({"error": text}, status)
