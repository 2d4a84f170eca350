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
        self._levels: dict[_Key, CombinedLevels] = {}
        self._by_number: dict[int, CombinedLevels] = {}
        self._last = 0
        self._changed: set[_Key] = set()
        recorder.lifecycle.tell(self.saw)
        end.listen(EndRank.WATCHES, self.end_timestamp)
        for watch in self._all():
            levels = self._arm(watch)
            levels.expect_prices(self._stake(watch))

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
            if key in self._levels:
                self._end(key, "removed")
            return ""
        before = find_watch(self._ledger.watches, strategy_id, tag)
        realized = sum(position.realized_paise for position in self._positions(strategy_id, tag))
        if before is not None:
            realized = before.realized_paise
            self._drop(key)
        self._recorder.watch_set(strategy_id, tag, terms, realized)
        self._arm(self._ledger.watches[strategy_id][tag]).reach()
        self._changed.add(key)
        return ""

    # what happens

    def saw(self, event: TradingEvent) -> None:
        """Note that a fill has changed what a watch depends on."""
        if not self._levels or fill_of(event) is None:
            return
        order = self._ledger.orders[event.order_id]
        key = (order.strategy_id, order.tag)
        levels = self._levels.get(key)
        if levels is not None:
            self._changed.add(key)
            levels.reach()

    def fire(self, waiter: int, book: Book) -> None:
        """Value a watch at the end of the timestamp: a price has left its interval."""
        self._by_number[waiter - FIRST_WATCH].reach()

    def start_day(self, date: dt.date) -> None:
        """End the watches of earlier dates whose trades are all over."""
        for watch in list(self._all()):
            if ist_date(watch.began_ts) < date and not self._alive(watch):
                self._end((watch.strategy_id, watch.tag), "flat")

    def end_timestamp(self, ts: int) -> Iterator[None]:
        """Decide what is due at the end of a timestamp, by strategy and tag."""
        for watch in list(self._all()):
            key = (watch.strategy_id, watch.tag)
            levels = self._levels[key]
            if not levels.is_due:
                continue
            if key in self._changed:
                self._changed.discard(key)
                decision = levels.decide(self._stake(watch))
            else:
                decision = levels.decide()
            if decision is not None:
                self._take(watch, decision, ts)
                yield

    # what it leads to

    def _take(self, watch: TagWatch, decision: Decision, ts: int) -> None:
        reached = decision.verdict.reached
        if reached is None:
            self._recorder.watch_stepped(watch, decision)
            return
        reason = f"watch_{reached.level}"
        self._recorder.watch_reached(watch, decision, reason, ts)
        self._drop((watch.strategy_id, watch.tag))
        self._close(watch, reason)

    def _close(self, watch: TagWatch, reason: str) -> None:
        """Cancel what works, then leave: shorts first, then longs, each by number."""
        for order in self._working(watch.strategy_id, watch.tag):
            self._entries.cancel(order, reason)
        positions = self._positions(watch.strategy_id, watch.tag)
        for position in sorted(positions, key=lambda each: (each.sign, each.number)):
            self._runner.demand(position, reason)

    def _end(self, key: _Key, reason: str) -> None:
        self._recorder.watch_ended(*key, reason)
        self._drop(key)

    def _drop(self, key: _Key) -> None:
        levels = self._levels.pop(key)
        levels.disarm()
        del self._by_number[levels.key]
        self._changed.discard(key)

    def _arm(self, watch: TagWatch) -> CombinedLevels:
        self._last += 1
        terms, steps = combined_terms(watch.terms), floor_steps(watch)
        levels = CombinedLevels(self._last, terms, self._market, steps)
        self._levels[watch.strategy_id, watch.tag] = self._by_number[self._last] = levels
        return levels

    # what it watches

    def _all(self) -> Iterator[TagWatch]:
        """Yield the watches by strategy and tag."""
        watches = self._ledger.watches
        for strategy_id in sorted(watches):
            for tag in sorted(watches[strategy_id]):
                yield watches[strategy_id][tag]

    def _stake(self, watch: TagWatch) -> Stake:
        positions = self._positions(watch.strategy_id, watch.tag)
        held = [(self._quotes.index_of(each.tradingsymbol), each) for each in positions]
        return stake_of(held, watch.realized_paise)

    def _positions(self, strategy_id: str, tag: str) -> list[Position]:
        """Return the open trades of a tag, by number."""
        orders = self._ledger.orders
        return [
            position
            for position in self._ledger.open_positions()
            if position.strategy_id == strategy_id and orders[position.order_id].tag == tag
        ]

    def _working(self, strategy_id: str, tag: str) -> list[Order]:
        """Return the orders of a tag whose entry may still fill, by number."""
        own = (strategy_id, tag)
        found = [
            order
            for order in self._ledger.orders.values()
            if (order.strategy_id, order.tag) == own and self._entries.works(order)
        ]
        return sorted(found, key=_NUMBER)

    def _alive(self, watch: TagWatch) -> bool:
        own = (watch.strategy_id, watch.tag)
        return bool(self._positions(*own) or self._working(*own))
