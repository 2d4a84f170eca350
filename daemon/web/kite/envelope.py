"""The envelope of every answer: `{status, data}`, or `{status, message, data, error_type}`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec
from starlette.responses import Response

from daemon.web.kite.errors import KiteError
from daemon.web.serving.pieces import Cut, Pieces

_JSON: Final = "application/json"


def success(data: object) -> Response:
    """Return an answer with its data."""
    return _json({"status": "success", "data": data}, 200)


def success_in_pieces(rows: Sequence[bytes], cut: Cut) -> Response:
    """Return an answer whose data is an array; `rows` are parts of what is inside of it."""
    whole = [b'{"status":"success","data":[', *rows, b"]}"]
    return Pieces(whole, media_type=_JSON, cut=cut)


def failure(error: KiteError) -> Response:
    """Return a refusal; the official client fails with a TypeError without `error_type`."""
    return _json(
        {
            "status": "error",
            "message": error.message,
            "data": None,
            "error_type": error.error_type,
        },
        error.status,
    )


def _json(value: object, status: int) -> Response:
    return Response(msgspec.json.encode(value), status, media_type=_JSON)
