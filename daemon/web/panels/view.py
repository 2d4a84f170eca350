"""What all panels look at, at one moment."""

from __future__ import annotations

from functools import cached_property
from typing import Final

from daemon.control.pace import PaceStatus
from daemon.domain.dates import ist_date, ist_midnight
from daemon.domain.instrument import Universe
from daemon.domain.position import Position
from daemon.domain.position_row import PositionRow
from daemon.domain.statistics import MarginStatus
from daemon.execution.context import CalendarBars
from daemon.market.schedule import Schedule
from daemon.metrics.untraded import UntradedResult
from daemon.plans.terms.plan import Plan
from daemon.quotes.reader import SharedQuote
from daemon.rules import Rulebook
from daemon.web.fold.approaches import Approaches
from daemon.web.fold.book import Book
from daemon.web.sources.market import Market
from daemon.web.sources.pending_changes import PendingChanges
from daemon.web.sources.watched import Setup, Watched


class View:
    """A journal's fold, the market and the settings, at `now` (UTC ns of the wall clock)."""

    def __init__(
        self,
        watched: Watched,
        setup: Setup,
        rules: Rulebook,
        book: Book,
        market: Market,
        *,
        now: int,
        is_alive: bool,
        marks: dict[str, int],
    ) -> None:
        """`marks` are last prices (paise) for symbols that have no quote."""
        self.watched: Final = watched
        self.setup: Final = setup
        self.rules: Final = rules
        self.book: Final = book
        self.market: Final = market
        self.now: Final = now
        self.is_alive: Final = is_alive
        self.day_low_paise: int | None = None
        """The lowest P&L of the day at the last prices, where it is known."""
        self.pid: int | None = None
        self.pace: PaceStatus | None = None
        self.margin: MarginStatus | None = None
        """What is blocked, as the daemon last told it; None where it told nothing."""
        self.approaches = Approaches()
        """How near the market came to what rests at the exchange."""
        self.changes = PendingChanges()
        """Modifications and cancels that are on their way."""
        self._marks = marks

    @property
    def clock(self) -> int:
        """The engine's time: that of the newest row or event, UTC ns; 0 before the first."""
        return max(self.market.clock_ns, self.book.fold.last_ts)

    @property
    def day(self) -> str:
        """The Indian date of the engine's time, empty before the first input."""
        return ist_date(self.clock).isoformat() if self.clock else ""

    def quote(self, symbol: str) -> SharedQuote | None:
        """Return the last quote of a symbol."""
        return self.market.quote(symbol)

    def positions(self) -> list[Position]:
        """Return the open positions, by number."""
        return self.book.ledger.open_positions()

    @cached_property
    def open_rows(self) -> list[PositionRow]:
        """The open positions as the report shows them, at the last known prices."""
        return self.book.fold.open_rows(self._last_prices())

    @cached_property
    def open_by_trade(self) -> dict[str, PositionRow]:
        """The same by trade."""
        return {row.order_id: row for row in self.open_rows}

    @cached_property
    def plans(self) -> dict[str, Plan]:
        """The configured plans by id."""
        config = self.setup.config
        return {} if config is None else {plan.id: plan for plan in config.plans.items}

    def is_past(self, clock_ns: int) -> bool:
        """Return whether a time of day (ns since midnight) is over at the engine's time."""
        return self.clock >= ist_midnight(ist_date(self.clock)) + clock_ns

    @cached_property
    def untraded(self) -> UntradedResult:
        """What orders without a trade hold and made, at the same prices."""
        return self.book.fold.untraded(self._last_prices())

    @cached_property
    def universe(self) -> Universe:
        """The instruments whose contracts are known."""
        return Universe(self.market.instruments.values() or self.setup.instruments)

    def time_stop_due(self, position: Position) -> int | None:
        """Return when a position's bars are over, UTC ns; None without a time stop."""
        bars = position.exits.time_stop_bars
        if not bars or self.universe.index_of(position.tradingsymbol) is None:
            return None
        return self._calendar.due(position, bars)

    @cached_property
    def _calendar(self) -> CalendarBars:
        config = self.setup.config
        grace = 0 if config is None else config.execution.candle_grace_ns
        return CalendarBars(Schedule(self.rules, self.universe), self.universe, grace)

    def _last_prices(self) -> dict[str, int]:
        symbols = {position.tradingsymbol for position in self.positions()}
        untraded = self.book.ledger.untraded.positions.values()
        symbols |= {position.tradingsymbol for position in untraded}
        quotes = {symbol: self.quote(symbol) for symbol in symbols}
        known = {symbol: quote.ltp for symbol, quote in quotes.items() if quote and quote.ltp}
        return {**{s: p for s, p in self._marks.items() if s in symbols}, **known}
