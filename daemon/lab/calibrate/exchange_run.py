"""One order through the paper exchange itself, over recorded rows."""

from __future__ import annotations

from typing import Final, NamedTuple

from daemon.domain.exchange_order import OrderTerms
from daemon.domain.order import Side
from daemon.exchange.depth_book import ContractDay, MarketTick
from daemon.exchange.exchange_settings import DepthMode, ExchangeSettings
from daemon.exchange.paper_exchange import PaperExchange
from daemon.exchange.reports import ExecutionReport
from daemon.exchange.row_columns import tick_of
from daemon.lab.calibrate.quotes import QuoteColumns
from daemon.market.book import Shown
from daemon.settings.config import REFUSAL_NAMES

_ORDER: Final = "calibrated"
_DAY: Final = ContractDay(closes=1 << 62)
"""Rows outside the session are gone already, and the caller says when an order is given up."""
_NO_REFUSALS: Final = dict.fromkeys(REFUSAL_NAMES, False)
"""The real exchange took the order."""


class PaperOrder(NamedTuple):
    """An order to try: units, UTC ns, paise (`limit_paise` 0 is a MARKET).

    `until_ts` is when it is given up.
    """

    side: Side
    quantity: int
    sent_ts: int
    until_ts: int
    limit_paise: int = 0


class PaperFill(NamedTuple):
    """What came of it: units, and their average price in paise."""

    filled: int
    price_paise: float


def run_order(
    quotes: QuoteColumns, order: PaperOrder, *, latency_ns: int, mode: DepthMode = "depth"
) -> PaperFill:
    """Return what the exchange fills of an order whose quotes are believed."""
    settings = ExchangeSettings(
        fill_mode=mode, enter_ns=latency_ns, escalate="never", refusals=_NO_REFUSALS,
        reject_after_ns=max(order.until_ts - order.sent_ts, 1),
    )  # fmt: skip
    exchange = PaperExchange([quotes.instrument], settings, lambda _: True)
    exchange.start_day(0, _DAY)
    sized = mode == "depth"
    row = int(quotes.last_at(order.sent_ts))
    if row >= 0:
        book = int(quotes.book[row])
        for shown in {book, row} - {-1}:
            exchange.show(0, _tick(quotes, shown, sized=sized))
        exchange.show(0, _tick(quotes, row, sized=sized))
    terms = OrderTerms(
        instrument=0, side=order.side, quantity=order.quantity,
        kind="LIMIT" if order.limit_paise else "MARKET", price_paise=order.limit_paise,
    )  # fmt: skip
    reports = exchange.submit(_ORDER, terms, order.sent_ts)
    row += 1
    while exchange.works(_ORDER) and row < len(quotes.ts) and quotes.ts[row] <= order.until_ts:
        reports += exchange.advance(int(quotes.ts[row]), ticking=0)
        reports += exchange.on_tick(0, _tick(quotes, row, sized=sized))
        row += 1
    return _sum(reports)


def _sum(reports: list[ExecutionReport]) -> PaperFill:
    fills = [report for report in reports if report.kind == "filled"]
    filled = sum(fill.quantity for fill in fills)
    cost = sum(fill.quantity * fill.price_paise for fill in fills)
    return PaperFill(filled, cost / filled if filled else 0.0)


def _tick(quotes: QuoteColumns, row: int, *, sized: bool) -> MarketTick:
    depth = None if quotes.depth is None or not sized else quotes.depth[row]
    shown = Shown(depth, int(quotes.ltq[row]), int(quotes.volume[row]))
    return tick_of(
        int(quotes.ts[row]), int(quotes.ltp[row]), int(quotes.bid[row]), int(quotes.ask[row]), shown
    )
