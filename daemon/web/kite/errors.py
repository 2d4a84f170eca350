"""Refusals as Kite's clients understand them: a status of HTTP, an exception's name, a sentence."""

from __future__ import annotations

from typing import Final, Literal

from daemon.web.serving.endpoint import NotAnswered

ErrorType = Literal[
    "TokenException", "PermissionException", "InputException", "OrderException",
    "MarginException", "NetworkException", "DataException", "GeneralException",
]  # fmt: skip
AWAY: Final = "the daemon is away: nothing was asked of it; start it, then send the request again"


class KiteError(NotAnswered):
    """A request that is refused. The client raises the exception that `error_type` names."""

    def __init__(self, status: int, error_type: ErrorType, message: str) -> None:
        super().__init__(status, message)
        self.error_type: Final = error_type
        self.message: Final = message


def bad_input(message: str) -> KiteError:
    """Return the refusal of a request that cannot be understood."""
    return KiteError(400, "InputException", message)


def bad_token(message: str) -> KiteError:
    """Return the refusal of a login or of a session that is over."""
    return KiteError(403, "TokenException", message)


def not_on_paper(message: str) -> KiteError:
    """Return the refusal of something that the paper API does not do."""
    return KiteError(403, "PermissionException", message)


def refused_order(message: str) -> KiteError:
    """Return the refusal of an order, or of a change of one."""
    return KiteError(400, "OrderException", message)


def away(message: str = AWAY) -> KiteError:
    """Return the answer while no daemon can take a request, or its journal cannot be read."""
    return KiteError(503, "NetworkException", message)
