"""Positions, holdings and funds."""

from __future__ import annotations

from typing import Final

from daemon.broker.account_books import AccountBooks
from daemon.broker.kite_rows import KiteRow, equity_fields, position_fields
from daemon.broker.positions import PositionRow
from daemon.domain.order_requests import ConvertPosition
from daemon.web.kite.api import KiteApi
from daemon.web.kite.call import Call
from daemon.web.kite.margins import Margins
from daemon.web.kite.orders import PRODUCTS, SIDES, needed
from daemon.web.kite.refusals import done

_POSITION_TYPES: Final = ("day", "overnight")
SEGMENTS: Final = ("equity", "commodity")


class Portfolio:
    """What is under the addresses of the portfolio and of the user's funds."""

    def __init__(self, api: KiteApi, margins: Margins) -> None:
        self._api = api
        self._margins = margins

    async def positions(self, _: Call) -> object:
        """Return the net positions and those of the day."""
        return await self._api.read(self._positions)

    async def convert(self, call: Call) -> object:
        """Move a part of a position without a trade to the other product."""
        form = await call.form()
        form.choice("position_type", _POSITION_TYPES, "day")
        request = ConvertPosition(
            tradingsymbol=form.text("tradingsymbol"),
            exchange=form.text("exchange"),
            side=form.choice("transaction_type", SIDES),
            quantity=needed(form, "quantity", form.units("quantity")),
            old_product=form.choice("old_product", PRODUCTS),
            new_product=form.choice("new_product", PRODUCTS),
        )
        done(await self._api.ask(request))
        return True

    async def holdings(self, _: Call) -> object:
        """Return no holdings: a paper account has no depository."""
        return []

    async def funds(self, _: Call) -> object:
        """Return both segments; only equity is traded on paper."""
        equity = await self._api.read(self._equity)
        return {"equity": equity, "commodity": _commodity(equity)}

    async def funds_of(self, call: Call) -> object:
        """Return one segment."""
        segment = call.query.choice("segment", SEGMENTS)
        equity = await self._api.read(self._equity)
        return equity if segment == "equity" else _commodity(equity)

    def _positions(self, books: AccountBooks) -> object:
        marks = self._api.account.marks()

        def rows(found: list[PositionRow]) -> list[KiteRow]:
            contract = self._api.account.contract
            return [position_fields(row, contract(books, row.tradingsymbol)) for row in found]

        return {"net": rows(books.positions.net(marks)), "day": rows(books.positions.day(marks))}

    def _equity(self, books: AccountBooks) -> KiteRow:
        return equity_fields(books.funds(self._api.account.marks(), self._margins.used(books)))


def _commodity(equity: KiteRow) -> KiteRow:
    """Return a segment with the same fields that nothing is traded in."""
    return {
        name: False if name == "enabled" else _zeros(value) if isinstance(value, dict) else 0
        for name, value in equity.items()
    }


def _zeros(fields: KiteRow) -> KiteRow:
    return dict.fromkeys(fields, 0)
