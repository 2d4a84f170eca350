"""The envelope of every answer: `{status, data}`, or `{status, message, data, error_type}`."""

from __future__ import annotations

import msgspec
from starlette.responses import Response

from daemon.web.kite.errors import KiteError


def success(data: object) -> Response:
    """Return an answer with its data."""
    return _json({"status": "success", "data": data}, 200)


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
    return Response(msgspec.json.encode(value), status, media_type="application/json")
