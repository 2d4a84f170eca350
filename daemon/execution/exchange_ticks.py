"""Rows of the feed as the exchange takes them, and how its settings are configured."""

from __future__ import annotations

from collections.abc import Sequence, Sized

from daemon.domain.depth import Level, depth_of
from daemon.exchange.depth_book import Levels, MarketTick
from daemon.exchange.exchange_settings import ExchangeSettings
from daemon.exchange.paper_exchange import PaperExchange
from daemon.execution.quotes import Quotes
from daemon.market.agenda import NEVER, Agenda, Phase
from daemon.market.book import Book
from daemon.settings.config import ExecutionConfig


class ExchangeFeed:
    """Show rows to the exchange, and stop the scan and the agenda where it needs them.

    `waiting` holds, by instrument, what else waits for the next tick.
    """

    def __init__(
        self,
        exchange: PaperExchange,
        quotes: Quotes,
        agenda: Agenda,
        waiting: Sequence[Sized],
    ) -> None:
        self._exchange = exchange
        self._quotes = quotes
        self._agenda = agenda
        self._waiting = waiting
        self._seen_input = [-1] * len(waiting)
        self._scheduled = NEVER
        for book in quotes.books[:-1]:
            book.keep_shown()

    def tick_of(self, book: Book) -> MarketTick:
        """Return the tick that a book has just taken, which the exchange is about to see."""
        self._seen_input[book.index] = book.input_no
        return market_tick(book)

    def sync(self, book: Book) -> None:
        """Show the last row to an exchange that has not looked at this instrument."""
        quote = self._quotes.quote_of(book)
        if quote is not None and self._seen_input[book.index] != quote.input_no:
            self._exchange.show(book.index, self.tick_of(book))

    def arm(self, book: Book) -> None:
        """Stop the scan at every tick while something at the exchange needs it."""
        needed = self._exchange.needs_ticks(book.index) or len(self._waiting[book.index]) > 0
        if needed != book.expects_tick:
            book.expect_tick(needed)

    def begin_due(self) -> None:
        """Note that the agenda has come to what was scheduled."""
        self._scheduled = NEVER

    def schedule(self) -> None:
        """Put the exchange's next due time on the agenda."""
        due = self._exchange.next_due
        if due < self._scheduled:
            self._scheduled = due
            self._agenda.add(due, Phase.EXCHANGE, 0, due)


def settings_of(config: ExecutionConfig) -> ExchangeSettings:
    """Return what a configuration says about the exchange."""
    return ExchangeSettings(
        fill_mode=config.fill_mode,
        slippage_bps=config.slippage_bps,
        slippage_ticks=config.slippage_ticks,
        enter_ns=config.enter_ns,
        modify_ns=config.modify_ns,
        cancel_ns=config.cancel_ns,
        reject_after_ns=config.reject_after_ns,
        stale_after_ns=config.stale_after_ns,
        market_rest=config.market_rest,
        escalate=config.escalate,
        escalate_after_ns=config.escalate_after_ns,
        resting=config.resting,
        queue_evidence=config.queue_evidence,
        autoslice=config.autoslice,
        refusals={name: state == "on" for name, state in config.refusals.items()},
    )


def market_tick(book: Book) -> MarketTick:
    """Return the last row of a book, which keeps what it shows. Only when it is up to date.

    A side that is not sorted, or shows a price twice, is as little to be traded against as a book
    that crosses: the row then keeps the book before it.
    """
    shown = book.shown
    if shown is None or shown.depth is None:
        ltq, volume = (0, -1) if shown is None else (shown.ltq, shown.volume)
        return MarketTick(book.quote_ts, book.ltp, ltq, volume, None, None, book.bid, book.ask)
    depth = depth_of(shown.depth)
    bids, asks = _side(depth.bids), _side(depth.asks)
    is_broken = (
        bool(bids and asks and bids[0][0] > asks[0][0])
        or not _is_sorted(bids, falling=True)
        or not _is_sorted(asks, falling=False)
    )
    if is_broken:
        return MarketTick(
            book.quote_ts, book.ltp, shown.ltq, shown.volume, None, None, book.bid, book.ask
        )
    return MarketTick(
        book.quote_ts, book.ltp, shown.ltq, shown.volume, bids, asks, book.bid, book.ask
    )


def _side(levels: tuple[Level, ...]) -> Levels:
    return tuple((level.price_paise, level.quantity) for level in levels)


def _is_sorted(levels: Levels, *, falling: bool) -> bool:
    prices = [price for price, _ in levels]
    return prices == sorted(set(prices), reverse=falling)
