"""The ids of the exchange orders of trades: X-, day and number of the trade, and their own."""

from __future__ import annotations

from daemon.domain.ledger import Ledger


class ExchangeIds:
    """Number the exchange orders of each trade through, over nights too."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._numbers: dict[str, int] = {}

    def next(self, order_id: str) -> str:
        """Return the id of the next exchange order of a trade."""
        known = self._ledger.orders[order_id].exchange_orders
        number = max(self._numbers.get(order_id, 0), known) + 1
        self._numbers[order_id] = number
        return f"X-{order_id.partition('-')[2]}-{number}"
