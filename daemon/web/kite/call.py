"""One request to the paper API: its path, its query, and its body as fields or as JSON."""

from __future__ import annotations

from typing import Final, TypeVar

import anyio
import msgspec
from starlette.requests import Request

from daemon.web.kite.errors import KiteError, bad_input
from daemon.web.kite.forms import Form

BODY_MAX: Final = 65_536
DRAIN_MAX: Final = 2**20
"""Bytes that are read of a body that is too long, so that its sender hears of it."""
BODY_WITHIN_S: Final = 10.0
FORM: Final = "application/x-www-form-urlencoded"
JSON: Final = "application/json"
T = TypeVar("T")


class Call:
    """A request that was let through."""

    def __init__(self, request: Request) -> None:
        self.request: Final = request

    def path(self, name: str) -> str:
        """Return a part of the address."""
        return str(self.request.path_params[name])

    @property
    def query(self) -> Form:
        """Return the fields of the query; what the path says wins."""
        fields = Form(self.request.query_params.multi_items())
        return fields.with_path(self.request.path_params)

    async def form(self) -> Form:
        """Return the body's fields; what the path says wins over a field of the same name.

        Raises KiteError: 400, 408, 413 or 415.
        """
        body = await self._body(FORM)
        return Form.of_body(body).with_path(self.request.path_params)

    async def json(self, kind: type[T]) -> T:
        """Return the JSON body. Raises KiteError: 400, 408, 413 or 415."""
        body = await self._body(JSON)
        try:
            return msgspec.json.decode(body, type=kind)
        except (ValueError, RecursionError) as error:
            raise bad_input(f"the body is not what this address takes ({error})") from error

    async def _body(self, expected: str) -> bytes:
        size, chunks = 0, []
        with anyio.move_on_after(BODY_WITHIN_S) as deadline:
            async for chunk in self.request.stream():
                size += len(chunk)
                if size <= BODY_MAX:
                    chunks.append(chunk)
                if size > DRAIN_MAX:
                    break
        if deadline.cancelled_caught:
            raise KiteError(408, "NetworkException", "the body did not come in time")
        if size > BODY_MAX:
            raise KiteError(413, "InputException", f"expected a body of at most {BODY_MAX} bytes")
        kind = self.request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if size and kind != expected:
            raise KiteError(415, "InputException", f"expected a body of {expected}")
        return b"".join(chunks)
