"""What became of orders, told to the ticker's clients as Kite's postbacks."""

from __future__ import annotations

from typing import Final

import anyio
import msgspec
from loguru import logger

from daemon.broker.account_books import AccountBooks
from daemon.broker.kite_rows import KiteRow
from daemon.errors import DaemonError
from daemon.web.kite.api import KiteApi
from daemon.web.kite.errors import KiteError
from daemon.web.kite.order_rows import rows_after
from daemon.web.kite.ticker import Ticker

LOOK_EVERY_S: Final = 0.25
APP_ID: Final = 0
"""No registered application stands behind the paper API."""


class Postbacks:
    """Follows the journal while the ticker has clients: one message for each move of an order."""

    def __init__(self, api: KiteApi, ticker: Ticker) -> None:
        self._api = api
        self._ticker = ticker
        self._seq: int | None = None
        """The event up to which clients know; None while there are none."""

    async def follow(self) -> None:
        """Tell clients of what was committed, until cancelled."""
        while True:
            if self._ticker.has_clients:
                await self.look()
            else:
                self._seq = None
            await anyio.sleep(LOOK_EVERY_S)

    async def look(self) -> None:
        """Look at the journal once; one that cannot be read now is read at the next look."""
        try:
            rows = await self._api.read(self._new_rows)
        except (KiteError, DaemonError) as error:
            logger.debug("postbacks: {}", error)
            return
        for row in rows:
            message = {"type": "order", "data": row}
            self._ticker.tell(msgspec.json.encode(message).decode())

    def _new_rows(self, books: AccountBooks) -> list[KiteRow]:
        """Return a row for each move since the last look, in the order of events."""
        account, before = self._api.account, self._seq
        self._seq = account.seq
        if before is None or before >= account.seq:
            return []
        found: list[tuple[int, KiteRow]] = []
        for order in books.orders.all():
            if not order.history or order.history[-1].seq <= before:
                continue
            trades = [each for each in books.trades if each.exchange_id == order.exchange_id]
            contract = account.contract(books, order.tradingsymbol)
            found += rows_after(before, order, trades, contract, self._api.user_id)
        found.sort(key=lambda each: each[0])
        return [self._postback(row) for _, row in found]

    def _postback(self, row: KiteRow) -> KiteRow:
        checksum = self._api.login.postback_checksum(
            str(row["order_id"]), str(row["order_timestamp"])
        )
        return {
            **row,
            "user_id": self._api.user_id,
            "app_id": APP_ID,
            "unfilled_quantity": row["pending_quantity"],
            "checksum": checksum,
        }
