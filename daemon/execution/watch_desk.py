"""Watches: combined levels over the trades of a tag, set by strategies (SEMANTICS, "Watches")."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from operator import attrgetter

from daemon.domain.booked_fills import fill_of
from daemon.domain.dates import ist_date
from daemon.domain.events import TradingEvent
from daemon.domain.order import Order
from daemon.domain.position import Position
from daemon.domain.tag_watch import TagWatch, WatchTerms, find_watch
from daemon.execution.combined_market import CombinedMarket
from daemon.execution.entries import Entries
from daemon.execution.exits.runner import ExitRunner
from daemon.execution.quotes import Quotes
from daemon.execution.recorder import Recorder
from daemon.execution.waiters import FIRST_WATCH
from daemon.execution.watch_recorder import WatchRecorder
from daemon.levels.combined import CombinedLevels, Decision
from daemon.levels.stake import Stake, stake_of
from daemon.levels.watched import combined_terms, fault_of, floor_steps
from daemon.market.book import Book
from daemon.market.timestamp_end import EndRank, TimestampEnd

_NUMBER = attrgetter("number")
_Key = tuple[str, str]
"""(strategy, tag)."""


class WatchedTrades:
    """The open trades that one watch is over, by number, and its levels at work."""

    __slots__ = ("has_changed", "levels", "open")

    def __init__(self, levels: CombinedLevels, trades: list[Position]) -> None:
        self.levels = levels
        self.open = {position.number: position for position in trades}
        self.has_changed = True

    def take_fill(self, number: int, position: Position | None) -> None:
        """Note a fill of a trade, whose position is None if that closed it."""
        if position is None:
            self.open.pop(number, None)
        else:
            self.open[number] = position
        self.has_changed = True
        self.levels.reach()

    def decide(self, stake: Stake | None) -> Decision | None:
        """Decide at the end of a timestamp, with the stake of trades that have changed."""
        self.has_changed = False
        return self.levels.decide(stake)


class WatchDesk:
    """Set watches, value them at the end of a timestamp, close what they watch.

    Between two values they wait in the trigger books like stops: a tick that ends no interval costs
    nothing more, whatever their number.
    """

    def __init__(
        self,
        quotes: Quotes,
        end: TimestampEnd,
        recorder: Recorder,
        entries: Entries,
        runner: ExitRunner,
    ) -> None:
        self._quotes = quotes
        self._recorder = WatchRecorder(recorder)
        self._ledger = recorder.ledger
        self._entries = entries
        self._runner = runner
        self._market = CombinedMarket(quotes, end, FIRST_WATCH)
        self._watched: dict[_Key, WatchedTrades] = {}
        self._by_number: dict[int, CombinedLevels] = {}
        self._last = 0
        recorder.lifecycle.tell(self.saw)
        end.listen(EndRank.WATCHES, self.end_timestamp)
        for watch in self._all():
            watched = self._arm(watch)
            watched.levels.expect_prices(self._stake(watch, watched))

    # what strategies ask for

    def watch(self, strategy_id: str, tag: str, terms: WatchTerms) -> str:
        """Watch the trades of a tag of a strategy; return `bad_level` for levels with a fault.

        A second call replaces the levels of the first, and what was gained by them. Without any
        level the watch ends. Raises ValueError for an empty tag.
        """
        if not tag:
            raise ValueError("expected a tag to watch, was an empty one")
        if fault_of(terms):
            return "bad_level"
        key = (strategy_id, tag)
        if terms == WatchTerms():
            if key in self._watched:
                self._end(key, "removed")
            return ""
        before = find_watch(self._ledger.watches, strategy_id, tag)
        if before is None:
            realized = sum(position.realized_paise for position in self._open_of(key))
        else:
            realized = before.realized_paise
            self._drop(key)
        self._recorder.watch_set(strategy_id, tag, terms, realized)
        self._arm(self._ledger.watches[strategy_id][tag]).levels.reach()
        return ""

    # what happens

    def saw(self, event: TradingEvent) -> None:
        """Note that a fill has changed what a watch depends on."""
        if not self._watched or fill_of(event) is None:
            return
        order = self._ledger.orders[event.order_id]
        watched = self._watched.get((order.strategy_id, order.tag))
        if watched is not None:
            watched.take_fill(order.number, self._ledger.positions.get(order.order_id))

    def fire(self, waiter: int, book: Book) -> None:
        """Value a watch at the end of the timestamp: a price has left its interval."""
        self._by_number[waiter - FIRST_WATCH].reach()

    def start_day(self, date: dt.date) -> None:
        """End the watches of earlier dates whose trades are all over."""
        for watch in list(self._all()):
            key = (watch.strategy_id, watch.tag)
            is_alive = self._watched[key].open or self._working(key)
            if ist_date(watch.began_ts) < date and not is_alive:
                self._end(key, "flat")

    def end_timestamp(self, ts: int) -> Iterator[None]:
        """Decide what is due at the end of a timestamp, by strategy and tag."""
        for watch in list(self._all()):
            watched = self._watched[watch.strategy_id, watch.tag]
            if not watched.levels.is_due:
                continue
            stake = self._stake(watch, watched) if watched.has_changed else None
            decision = watched.decide(stake)
            if decision is not None:
                self._take(watch, decision, ts)
                yield

    # what it leads to

    def _take(self, watch: TagWatch, decision: Decision, ts: int) -> None:
        reached = decision.verdict.reached
        if decision.oldest_ts:
            self._quotes.count_value(ts - decision.oldest_ts)
        if reached is None:
            self._recorder.watch_stepped(watch, decision)
            return
        key, reason = (watch.strategy_id, watch.tag), f"watch_{reached.level}"
        self._recorder.watch_reached(watch, decision, reason, ts)
        trades = self._drop(key).open.values()
        self._close(key, list(trades), reason)

    def _close(self, key: _Key, trades: list[Position], reason: str) -> None:
        """Cancel what works, then leave: shorts first, then longs, each by number."""
        for order in self._working(key):
            self._entries.cancel(order, reason)
        for position in sorted(trades, key=lambda each: (each.sign, each.number)):
            self._runner.demand(position, reason)

    def _end(self, key: _Key, reason: str) -> None:
        self._recorder.watch_ended(*key, reason)
        self._drop(key)

    def _drop(self, key: _Key) -> WatchedTrades:
        watched = self._watched.pop(key)
        watched.levels.disarm()
        del self._by_number[watched.levels.key]
        return watched

    def _arm(self, watch: TagWatch) -> WatchedTrades:
        self._last += 1
        key = (watch.strategy_id, watch.tag)
        terms, steps = combined_terms(watch.terms), floor_steps(watch)
        levels = CombinedLevels(self._last, terms, self._market, steps)
        self._by_number[self._last] = levels
        watched = self._watched[key] = WatchedTrades(levels, self._open_of(key))
        return watched

    # what it watches

    def _all(self) -> Iterator[TagWatch]:
        """Yield the watches by strategy and tag."""
        watches = self._ledger.watches
        for strategy_id in sorted(watches):
            for tag in sorted(watches[strategy_id]):
                yield watches[strategy_id][tag]

    def _stake(self, watch: TagWatch, watched: WatchedTrades) -> Stake:
        trades = watched.open.values()
        held = [(self._quotes.index_of(each.tradingsymbol), each) for each in trades]
        return stake_of(held, watch.realized_paise)

    def _open_of(self, key: _Key) -> list[Position]:
        """Return the open trades of a tag."""
        orders = self._ledger.orders
        return [
            position
            for position in self._ledger.positions.values()
            if (position.strategy_id, orders[position.order_id].tag) == key
        ]

    def _working(self, key: _Key) -> list[Order]:
        """Return the orders of a tag whose entry may still fill, by number."""
        found = [
            order
            for order in self._ledger.orders.values()
            if (order.strategy_id, order.tag) == key and self._entries.works(order)
        ]
        return sorted(found, key=_NUMBER)
