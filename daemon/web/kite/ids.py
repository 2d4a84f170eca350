"""Order ids as this API shows them: 15 digits that can be turned back."""

from __future__ import annotations

from daemon.domain.order_digits import order_digits, order_of_digits
from daemon.web.kite.errors import KiteError, refused_order


def shown_id(exchange_id: str) -> str:
    """Return the digits of an engine's order id; one that is beyond 15 digits stays as it is."""
    try:
        return order_digits(exchange_id)
    except ValueError:
        return exchange_id


def engine_id(order_id: str) -> str:
    """Return the engine's id of an order as a program names it. Raises KiteError."""
    found = order_id if order_id.startswith("X-") else order_of_digits(order_id)
    if found is None:
        raise unknown_order()
    return found


def unknown_order() -> KiteError:
    """Return the refusal of an id that no order of the day has."""
    return refused_order("Couldn't find that `order_id`.")
