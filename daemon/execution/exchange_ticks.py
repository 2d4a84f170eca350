"""Rows of the feed as the exchange takes them, and how its settings are configured."""

from __future__ import annotations

from collections.abc import Sequence, Sized

from daemon.exchange.depth_book import MarketTick
from daemon.exchange.exchange_settings import ExchangeSettings
from daemon.exchange.paper_exchange import PaperExchange
from daemon.exchange.row_columns import RowColumns, tick_of
from daemon.execution.quotes import Quotes
from daemon.market.agenda import NEVER, Agenda, Phase
from daemon.market.book import Book, Shown
from daemon.market.rows import RowSeries
from daemon.settings.config import ExecutionConfig


class ExchangeFeed:
    """Show rows to the exchange, and stop the scan and the agenda where it needs them.

    `waiting` holds, by instrument, what else waits for the next tick. Outside `fill_mode: depth`
    (`has_depth` False) no sizes are shown, because only some replays read them, and volumes are
    kept only while something works: orders are rare there, and without them this costs nothing.
    """

    def __init__(
        self,
        exchange: PaperExchange,
        quotes: Quotes,
        agenda: Agenda,
        waiting: Sequence[Sized],
        *,
        has_depth: bool,
    ) -> None:
        self._exchange = exchange
        self._quotes = quotes
        self._agenda = agenda
        self._waiting = waiting
        self._has_depth = has_depth
        self._seen_input = [-1] * len(waiting)
        self._skippers = [_Skipper(self, index) for index in range(len(waiting))]
        self._scheduled = NEVER
        if has_depth:
            for book in quotes.books[:-1]:
                book.keep_shown()

    def tick_of(self, book: Book) -> MarketTick:
        """Return the tick that a book has just taken, which the exchange is about to see."""
        self._seen_input[book.index] = book.input_no
        return self._tick(book, book.shown)

    def sync(self, book: Book) -> None:
        """Bring the exchange up to the last row of a book, before it is asked for anything.

        An exchange that has not looked at this instrument is shown that row.
        """
        quote = self._quotes.quote_of(book)  # and what was skipped is taken
        if quote is None or book.skipper is not None:
            return
        if self._seen_input[book.index] != quote.input_no:
            # what is not kept must not depend on blocks of rows
            shown = book.shown if self._has_depth else Shown(None, 0, book.volume)
            self._seen_input[book.index] = quote.input_no
            self._exchange.show(book.index, self._tick(book, shown))

    def begin_date(self, book: Book) -> None:
        """Show the exchange what it may have seen before: its day has begun."""
        self._seen_input[book.index] = -1

    def arm(self, book: Book) -> None:
        """Stop the scan at rows that matter while something at the exchange waits for them."""
        is_wanted = self._exchange.works_at(book.index) or len(self._waiting[book.index]) > 0
        if is_wanted == (book.skipper is None):
            self.sync(book)
            book.show_rows_to(self._skippers[book.index] if is_wanted else None)
            if not is_wanted:
                self._exchange.quiet.forget(book.index)
            if not self._has_depth:
                book.keep_shown(is_wanted)

    def count_quiet(self, index: int, series: RowSeries) -> int:
        """Return how many of an instrument's next rows change nothing at the exchange."""
        if self._waiting[index] or self._exchange.needs_every_tick(index):
            return 0
        return self._exchange.quiet.count(index, RowColumns(series, sized=self._has_depth))

    def take_quiet(self, index: int, series: RowSeries) -> None:
        """Show the exchange rows of an instrument that change nothing, all at once."""
        self._exchange.quiet.take(index, RowColumns(series, sized=self._has_depth))
        self._seen_input[index] = series.rows.input_no(int(series.at[-1]))

    def _tick(self, book: Book, shown: Shown | None) -> MarketTick:
        """Return the last row of a book; the simple modes know no sizes."""
        if shown is not None and not self._has_depth:
            shown = shown.unsized()
        return tick_of(book.quote_ts, book.ltp, book.bid, book.ask, shown)

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
    """Return what a configuration says about the exchange.

    The simple modes know of its refusals only what is written, and that a price is on its step.
    """
    usual: dict[str, bool] = {} if config.fill_mode == "depth" else {"price_step": True}
    written: dict[str, bool] = {name: state == "on" for name, state in config.refusals.items()}
    return ExchangeSettings(
        fill_mode=config.fill_mode,
        slippage_bps=config.slippage,
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
        autoslice=config.autoslice and config.fill_mode == "depth",
        refusals={**usual, **written},
    )


class _Skipper:
    """The exchange as it looks at one instrument."""

    __slots__ = ("_feed", "_index")

    def __init__(self, feed: ExchangeFeed, index: int) -> None:
        self._feed = feed
        self._index = index

    def count_quiet(self, series: RowSeries) -> int:
        """Return how many of the rows change nothing at the exchange."""
        return self._feed.count_quiet(self._index, series)

    def take_quiet(self, series: RowSeries) -> None:
        """Show the exchange rows that change nothing, all at once."""
        self._feed.take_quiet(self._index, series)
