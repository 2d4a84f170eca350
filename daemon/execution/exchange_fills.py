"""Fills at the exchange as fills of trades, with their evidence and charges."""

from __future__ import annotations

from collections.abc import Sequence

from daemon.domain.events import Fill
from daemon.domain.exchange_order import ExchangeOrder
from daemon.domain.instrument import Instrument, Universe
from daemon.domain.order import Order, Side
from daemon.exchange.depth_book import DepthBook
from daemon.exchange.fills import FillEngine, FillMode, base_half
from daemon.exchange.reports import ExecutionReport
from daemon.execution.costs import Costs
from daemon.execution.quotes import Quotes
from daemon.market.book import Book
from daemon.market.moment import Moment


class ExchangeFills:
    """Make fills from execution reports; every exchange order is charged once, over its parts."""

    def __init__(
        self,
        universe: Universe,
        at: Moment,
        quotes: Quotes,
        engine: FillEngine,
        costs: Costs,
        depth_books: Sequence[DepthBook],
        simple_mode: FillMode | None,
    ) -> None:
        """`simple_mode` is None in `fill_mode: depth`."""
        self._depth_books = depth_books
        self._simple_mode = simple_mode
        self._universe = universe
        self._at = at
        self._quotes = quotes
        self._engine = engine
        self._costs = costs
        self._values: dict[str, int] = {}
        """What each exchange order has traded so far, paise."""

    def of(
        self,
        order: Order | Instrument,
        exchange_order: ExchangeOrder,
        report: ExecutionReport,
        book: Book,
    ) -> Fill:
        """Return the fill of a report, with what it adds to the charges of its order.

        `order` has the price step: a trade's order, or the contract where there is no trade.
        """
        quote = self._quotes.quote_of(book)
        assert quote is not None
        side = exchange_order.terms.side
        before = self._values.get(report.order_id, 0)
        value = before + report.quantity * report.price_paise
        self._values[report.order_id] = value
        instrument = self._universe[book.index]
        base, rule = self._base(report, side, book.index)
        away = 2 * report.price_paise - base
        return Fill(
            transaction_type=side,
            quantity=report.quantity,
            price_paise=report.price_paise,
            rule=rule,
            base_half_paise=base,
            slippage_half_paise=away if side == "BUY" else -away,
            ltp_paise=quote.ltp,
            bid_paise=quote.bid,
            ask_paise=quote.ask,
            quote_ts=quote.ts,
            quote_age_ns=self._at.now - quote.ts,
            bid_ask_paise=self._engine.determine_fill_price(
                quote, side, order.tick_paise, "bid_ask"
            ),
            walked=quote.walked,
            after_gap=quote.after_gap,
            charges=self._costs.of_part(
                instrument, side=side, value_paise=value, before_paise=before
            ),
        )

    def _base(self, report: ExecutionReport, side: Side, index: int) -> tuple[int, str]:
        """Return what a fill was priced from, in half paise, and the rule."""
        if report.rule != "take":
            return 2 * report.level_paise, report.rule
        if self._simple_mode is None:
            return 2 * report.level_paise, "depth"
        seen = self._depth_books[index]
        bid, ask = seen.best_opposite(is_buy=False), seen.best_opposite(is_buy=True)
        return base_half(seen.ltp, bid, ask, side, self._simple_mode)
