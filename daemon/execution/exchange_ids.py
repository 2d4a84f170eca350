"""The ids of exchange orders: unique, and they say whose order it is."""

from __future__ import annotations


class ExchangeIds:
    """Number the exchange orders of each trade from 1."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def next(self, order_id: str) -> str:
        """Return the id of the next exchange order of a trade: X-, its day and number, and K."""
        number = self._numbers.get(order_id, 0) + 1
        self._numbers[order_id] = number
        return f"X-{order_id.partition('-')[2]}-{number}"
