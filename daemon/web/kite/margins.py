"""Margins and charges of orders that were not sent, and what the account's own block.

They are computed here, by the daemon's model on the quotes that it shares, so that no request for
them reaches its loop.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from daemon.broker.account_books import AccountBooks
from daemon.broker.funds import Margin
from daemon.broker.kite_rows import KiteRow
from daemon.domain.instrument import Instrument
from daemon.domain.money import PAISE_PER_RUPEE
from daemon.domain.statistics import BROKER
from daemon.web.kite.api import KiteApi
from daemon.web.kite.call import Call
from daemon.web.kite.charges import NO_CHARGES_ROW, Tariff, charges_row
from daemon.web.kite.errors import bad_input
from daemon.web.kite.margin_lines import Lines, Portfolio, Want
from daemon.web.sources.margins import Margins as ToldMargins

ORDERS_MAX: Final = 200


class MarginOrder(msgspec.Struct, frozen=True):
    """An order whose margin or charges are asked for."""

    exchange: str
    tradingsymbol: str
    transaction_type: Literal["BUY", "SELL"]
    quantity: Annotated[float, Meta(gt=0, le=1e9)]
    product: Literal["MIS", "NRML", "CNC"] = "NRML"
    order_type: Literal["MARKET", "LIMIT", "SL", "SL-M"] = "MARKET"
    variety: str = "regular"
    price: Annotated[float, Meta(ge=0, le=1e9)] = 0.0
    trigger_price: Annotated[float, Meta(ge=0, le=1e9)] = 0.0
    average_price: Annotated[float, Meta(ge=0, le=1e9)] = 0.0
    """Of an order that was executed; the contract note goes by it."""


Orders = Annotated[tuple[MarginOrder, ...], Meta(max_length=ORDERS_MAX)]


class Margins:
    """What is under the addresses of margins and charges."""

    def __init__(self, api: KiteApi) -> None:
        self._api = api
        self._told = ToldMargins(api.account.watched)
        self._tariff = Tariff(api.account)
        self._portfolio = Portfolio(api.account)

    def used(self, books: AccountBooks) -> Margin:
        """Return what positions and working orders block now.

        It is the daemon's own last figure, all of it as span, where a broker's counts (which comes
        as one number), and where the model cannot say.
        """
        told = self._told.look()
        is_brokers = told is not None and told.source == BROKER
        found = None if is_brokers else self._portfolio.blocked(self._lines_of(books))
        premium = self._working_premium(books)
        if found is None:
            span = 0 if told is None else told.used_rupees
            return Margin(span_rupees=span, working_premium_paise=premium)
        return Margin(
            span_rupees=found.span, exposure_rupees=found.exposure, working_premium_paise=premium
        )

    async def of_orders(self, call: Call) -> object:
        """Return what each order would block on top of what the account holds."""
        orders = await call.json(Orders)

        def answer(books: AccountBooks) -> object:
            lines = self._lines_of(books)
            return [self._row(each, lines) for each in self._wants(orders)]

        return await self._api.read(answer)

    async def of_basket(self, call: Call) -> object:
        """Return what orders block one by one, and what all of them do together."""
        orders = await call.json(Orders)
        query = call.query
        held_too, is_compact = query.flag("consider_positions"), query.text("mode", "") == "compact"

        def answer(books: AccountBooks) -> object:
            wants = self._wants(orders)
            rows = [self._row(each, {}) for each in wants]
            base = self._lines_of(books) if held_too else {}
            return {
                "initial": _summed(rows),
                "final": self._together(wants, base),
                "orders": [] if is_compact else rows,
                "charges": _total_charges(rows),
            }

        return await self._api.read(answer)

    async def contract_note(self, call: Call) -> object:
        """Return what each order would be charged."""
        orders = await call.json(Orders)

        def answer(_: AccountBooks) -> object:
            return [
                {
                    "transaction_type": order.transaction_type,
                    "tradingsymbol": order.tradingsymbol,
                    "exchange": order.exchange,
                    "variety": order.variety,
                    "product": order.product,
                    "order_type": order.order_type,
                    "quantity": want.quantity,
                    "price": want.price_paise / PAISE_PER_RUPEE,
                    "charges": self._charges(want),
                }
                for order, want in zip(orders, self._wants(orders), strict=True)
            ]

        return await self._api.read(answer)

    # inside

    def _wants(self, orders: Sequence[MarginOrder]) -> list[Want]:
        return [self._want(order) for order in orders]

    def _want(self, order: MarginOrder) -> Want:
        instrument = self._api.account.instrument(order.tradingsymbol)
        if instrument is None or instrument.exchange != order.exchange:
            raise bad_input(f"the daemon knows no {order.tradingsymbol[:40]!a} of that exchange")
        if instrument.instrument_type == "INDEX":
            raise bad_input(f"{order.tradingsymbol} is an index and cannot be traded")
        if order.quantity != int(order.quantity):
            raise bad_input("Invalid `quantity`: expected a whole number")
        return Want(
            instrument=instrument,
            is_delivery=order.product == "CNC" and not instrument.is_contract,
            side=order.transaction_type,
            quantity=int(order.quantity),
            price_paise=self._price(order, instrument),
        )

    def _price(self, order: MarginOrder, instrument: Instrument) -> int:
        """Return the price that an order is counted at: its own, else the last one, paise."""
        given = order.average_price or order.price or order.trigger_price
        if given:
            return round(given * PAISE_PER_RUPEE)
        quote = self._api.account.market.quote(instrument.tradingsymbol)
        if quote is None:
            raise bad_input(f"{instrument.tradingsymbol} has no last price yet; send a price")
        return quote.ltp

    def _row(self, want: Want, lines: Lines) -> KiteRow:
        more = self._portfolio.more(lines, [want])
        row = _margin_row(want.instrument.tradingsymbol, want.instrument.exchange, "equity")
        return {
            **row,
            "span": more.span,
            "exposure": more.exposure,
            "option_premium": want.premium_paise / PAISE_PER_RUPEE,
            "leverage": 1,
            "charges": self._charges(want),
            "total": more.span + more.exposure + want.premium_paise / PAISE_PER_RUPEE,
        }

    def _together(self, wants: Sequence[Want], lines: Lines) -> KiteRow:
        more = self._portfolio.more(lines, wants)
        premium = sum(want.net_premium_paise for want in wants) / PAISE_PER_RUPEE
        return {
            **_margin_row("", "", ""),
            "span": more.span,
            "exposure": more.exposure,
            "option_premium": premium,
            "total": more.span + more.exposure + premium,
        }

    def _charges(self, want: Want) -> KiteRow:
        return charges_row(self._tariff.of(want))

    def _lines_of(self, books: AccountBooks) -> Lines:
        return self._portfolio.lines(books)

    def _working_premium(self, books: AccountBooks) -> int:
        """Return the premium of buys of options that may still fill, at their limits, paise."""
        contract = self._api.account.contract
        return sum(
            order.pending * order.limit_paise
            for order in books.orders.working()
            if order.side == "BUY"
            and not order.is_exit
            and contract(books, order.tradingsymbol).is_option
        )


def _margin_row(symbol: str, exchange: str, kind: str) -> KiteRow:
    return {
        "type": kind,
        "tradingsymbol": symbol,
        "exchange": exchange,
        "span": 0,
        "exposure": 0,
        "option_premium": 0,
        "additional": 0,
        "bo": 0,
        "cash": 0,
        "var": 0,
        "pnl": {"realised": 0, "unrealised": 0},
        "leverage": 0,
        "charges": NO_CHARGES_ROW,
        "total": 0,
    }


_SUMS: Final = ("span", "exposure", "option_premium", "total")
_CHARGES: Final = (
    "transaction_tax", "exchange_turnover_charge", "sebi_turnover_charge", "brokerage",
    "stamp_duty", "total",
)  # fmt: skip


def _summed(rows: Iterable[KiteRow]) -> KiteRow:
    total = _margin_row("", "", "")
    for row in rows:
        total |= {name: _number(total, name) + _number(row, name) for name in _SUMS}
    return total


def _total_charges(rows: Iterable[KiteRow]) -> KiteRow:
    found = dict.fromkeys(_CHARGES, Decimal(0))
    gst = Decimal(0)
    for row in rows:
        charges = row["charges"]
        assert isinstance(charges, dict)
        for name in _CHARGES:
            found[name] += Decimal(repr(charges[name]))
        gst += Decimal(repr(charges["gst"]["total"]))
    whole = float(gst)
    return {
        **NO_CHARGES_ROW,
        **{name: float(value) for name, value in found.items()},
        "gst": {"igst": whole, "cgst": 0, "sgst": 0, "total": whole},
    }


def _number(row: KiteRow, name: str) -> float:
    value = row[name]
    assert isinstance(value, int | float)
    return value
