"""What the daemon refused, in Kite's errors, and what it did, in ids."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from daemon.domain.order_results import OrderResult, RefusalKind, RefusedRequest
from daemon.journal.exchange_reasons import kite_sentence
from daemon.journal.words import refusal_text
from daemon.web.kite.errors import ErrorType, KiteError
from daemon.web.kite.ids import shown_id

_ERRORS: Final[Mapping[RefusalKind, tuple[int, ErrorType]]] = {
    RefusalKind.INPUT: (400, "InputException"),
    RefusalKind.MARGIN: (400, "MarginException"),
    RefusalKind.RATE: (429, "NetworkException"),
    RefusalKind.ORDER: (400, "OrderException"),
}
assert set(_ERRORS) == set(RefusalKind)


def done(result: OrderResult) -> OrderResult:
    """Return the result of a request that was carried out. Raises KiteError for a refusal."""
    if result.refusal is not None:
        raise error_of(result.refusal)
    return result


def placed(result: OrderResult) -> list[str]:
    """Return the orders that a request sent or changed, as this API shows them.

    Raises KiteError for a refusal.
    """
    return [shown_id(order_id) for order_id in done(result).order_ids]


def error_of(refusal: RefusedRequest) -> KiteError:
    """Return the error for a refusal, with Kite's sentence where it has one."""
    status, error_type = _ERRORS[refusal.kind]
    words = kite_sentence(refusal.reason, refusal.numbers)
    words = words or refusal_text(refusal.reason, refusal.numbers)
    return KiteError(status, error_type, words or refusal.reason)
