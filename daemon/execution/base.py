"""What every engine stands on: its moment, its books, its events, and what others may ask.

Time, input number and due time come from the caller; every decision is an event that the
lifecycle manager applies to the ledger.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple, NotRequired, TypedDict, Unpack

from msgspec import structs

from daemon.domain.carry_over import Carry, RememberedDemand
from daemon.domain.dates import ist_date
from daemon.domain.events import (
    Charges,
    Excursion,
    ExitDemand,
    Fill,
    Levels,
    OrderCreated,
    OrderMoved,
)
from daemon.domain.instrument import Universe
from daemon.domain.intent import StrategyLimits
from daemon.domain.ledger import Ledger
from daemon.domain.order import Order, OrderState
from daemon.domain.position import Position
from daemon.exchange.fills import FillEngine
from daemon.execution.builder import OrderBuilder
from daemon.execution.context import Rules
from daemon.execution.lifecycle import TradeLifecycleManager
from daemon.execution.views import engine_metrics, position_view
from daemon.market.agenda import Agenda
from daemon.market.book import Book, Quote
from daemon.market.moment import Moment
from daemon.market.schedule import Schedule
from daemon.risk.gates import (
    Refusal,
)
from daemon.settings.config import ExecutionConfig, RiskConfig


class WaitingFill(NamedTuple):
    """An order or exit that waits for a tick at or after `due` (UTC ns)."""

    order_id: str
    due: int
    is_exit: bool


class EngineParts(TypedDict):
    """What an engine is built from besides its configuration; what is absent it makes itself."""

    universe: Universe
    rules: Rules
    risk: NotRequired[RiskConfig | None]
    ledger: NotRequired[Ledger | None]
    agenda: NotRequired[Agenda]
    schedule: NotRequired[Schedule]
    carry: NotRequired[Carry | None]
    limits_of: NotRequired[Callable[[str], StrategyLimits | None]]


class EngineBase:
    """State shared by the engines, quotes, and the one place where events are made."""

    name = "base"

    def __init__(self, config: ExecutionConfig, **parts: Unpack[EngineParts]) -> None:
        universe, rules, ledger = parts["universe"], parts["rules"], parts.get("ledger")
        self.config = config
        self.universe = universe
        self.rules = rules
        self.schedule = parts.get("schedule") or Schedule(rules, universe)
        self.risk = parts.get("risk") or RiskConfig()
        self.ledger = Ledger() if ledger is None else ledger
        self.agenda = parts.get("agenda") or Agenda()
        self.at = Moment()
        self.books = [Book(index, each) for index, each in enumerate(universe)]
        self.books.append(Book(len(universe), None))
        self.fills = FillEngine(config)
        self.builder = OrderBuilder(config, self.ledger)
        self.lifecycle = TradeLifecycleManager(self.ledger)
        self.limits_of = parts.get("limits_of") or _no_limits
        self.killed = False
        self.strategies_off: set[str] = set()
        """Switched off by a person, for the day."""
        self.config_off: set[str] = set()
        """Switched off by a change of the configuration; a new start reads it anew."""
        self.settlements: dict[tuple[str, str], tuple[int, int]] = {}
        """(underlying, date) -> (official close in paise, when it became known)."""
        self._settling: set[str] = set()
        self._intraday: dict[int, Position] = {}
        """Open positions that are squared off, so that others need not be looked through."""
        self._latency_ns = config.latency_ns
        self._reject_after_ns = config.reject_after_ns
        self._stale_after_ns = config.stale_after_ns
        self._max_age_ns = config.quote_max_age_ns
        self._square_off_ns = config.square_off_ns
        self._seen_before: dict[str, tuple[int, int]] = {}
        """Highest and lowest ltp of a position before this engine took it up."""
        self._until = -1
        self._prepare()
        carry = parts.get("carry") or Carry()
        self._take_up(carry)
        self._restore()
        self._recall(carry.remembered)

    def _prepare(self) -> None:
        """What an engine needs before it takes up what was open."""

    def _restore(self) -> None:
        """Take up what a ledger from before left open."""

    # what no event holds

    def lasting(self) -> Carry:
        """The part of `carry` that only changes with a decision; no position is looked at."""
        return Carry(
            killed=self.killed,
            strategies_off=sorted(self.strategies_off),
            settlements=[(*key, *known) for key, known in sorted(self.settlements.items())],
            settling=sorted(self._settling),
            remembered=self._all_remembered(),
            until=max(self.at.now, self._until),  # a start may end before its first input
        )

    def carry(self) -> Carry:
        """Return what an engine on another day must know beyond the ledger."""
        books = {each.order_id: self.book_of(each.tradingsymbol) for each in self._open()}
        excursions = {
            each.order_id: self._extremes(each, books[each.order_id]) for each in self._open()
        }
        return structs.replace(self.lasting(), excursions=excursions)

    def _take_up(self, carry: Carry) -> None:
        self.killed = carry.killed
        self.strategies_off = set(carry.strategies_off)
        self.settlements = {
            (name, date): (close, ts) for name, date, close, ts in carry.settlements
        }
        self._settling = {each for each in carry.settling if each in self.ledger.positions}
        self._seen_before = dict(carry.excursions)
        self._until = carry.until

    def _all_remembered(self) -> dict[str, RememberedDemand]:
        """Full exits that wait for a partial one, by order id."""
        return {}

    def _recall(self, remembered: Mapping[str, RememberedDemand]) -> None:
        """Take up full exits that wait for a partial one."""

    def _open(self) -> list[Position]:
        return self.ledger.open_positions()

    def _extremes(self, position: Position, book: Book) -> tuple[int, int]:
        """The highest and the lowest ltp since the position's entry."""
        self.quote_of(book)
        high, low = book.excursion(position.number)
        highest, lowest = self._seen_before.get(position.order_id, (high, low))
        return max(high, highest), min(low, lowest)

    def set_risk(self, risk: RiskConfig) -> None:
        """Change the limits, from the next intent on."""
        self.risk = risk

    # quotes and events

    def book_of(self, tradingsymbol: str) -> Book:
        """The book of a symbol of the universe."""
        return self.books[self._index(tradingsymbol)]

    def quote_of(self, book: Book) -> Quote | None:
        """The last quote of a book, up to date with the block in work."""
        rows = self.at.rows
        if rows is not None:
            book.settle(rows)
        return book.quote()

    def _fresh_quote(self, book: Book) -> Quote | None:
        """The quote if an order may fill on it now (semantics.md section 6), else None."""
        quote = self.quote_of(book)
        at = self.at
        open_ts, close_ts = self._session(book)
        if quote is None or not open_ts <= at.now < close_ts:
            return None
        if quote.ts < at.resumed_ts or quote.input_no < book.fresh_from_no:
            return None
        if at.now - at.feed_last > self._stale_after_ns or at.now - quote.ts > self._max_age_ns:
            return None
        return quote

    def _session(self, book: Book) -> tuple[int, int]:
        """The instrument's session on the date of now, which may be ahead of what is due."""
        now = self.at.now
        if book.open_ts <= now < book.close_ts:  # nearly always
            return book.open_ts, book.close_ts
        return self.schedule.span(book.index, ist_date(now))

    def _index(self, tradingsymbol: str) -> int:
        index = self.universe.index_of(tradingsymbol)
        assert index is not None, tradingsymbol
        return index

    def _booking_date(self) -> dt.date:
        """The date that a fill belongs to: that of its due time, where it was due before."""
        return ist_date(self.at.due_ts or self.at.now)

    def _charges(self, book: Book, fill: Fill) -> Charges:
        """What an executed order costs on the day that it is booked on."""
        if not self.config.charges:
            return fill.charges
        assert book.instrument is not None
        return self.rules.charges(
            self._booking_date(),
            book.instrument,
            transaction_type=fill.transaction_type,
            quantity=fill.quantity,
            price_paise=fill.price_paise,
        )

    def _record_created(self, order: Order) -> None:
        at = self.at
        self.lifecycle.record(
            OrderCreated(
                seq=self.ledger.seq + 1,
                ts=at.now,
                input_no=at.input_no,
                order_id=order.order_id,
                due_ts=at.due_ts,
                tradingsymbol=order.tradingsymbol,
                transaction_type=order.transaction_type,
                quantity=order.quantity,
                product=order.product,
                lot_size=order.lot_size,
                tick_paise=order.tick_paise,
                sl_paise=order.sl_paise,
                tp_paise=order.tp_paise,
                exits=order.exits,
                strategy_id=order.strategy_id,
                timeframe=order.timeframe,
                tag=order.tag,
                note=order.note,
                confidence=order.confidence,
            )
        )

    def _move(
        self,
        order: Order,
        to: OrderState,
        reason: str,
        refusal: Refusal | None = None,
        *,
        fill: Fill | None = None,
        demand: ExitDemand | None = None,
        levels: Levels | None = None,
        excursion: Excursion | None = None,
    ) -> None:
        at = self.at
        self.lifecycle.transition_state(
            OrderMoved(
                seq=self.ledger.seq + 1,
                ts=at.now,
                input_no=at.input_no,
                order_id=order.order_id,
                due_ts=at.due_ts,
                from_state=order.state,
                to_state=to,
                reason=reason,
                fill=fill,
                demand=demand,
                levels=levels,
                excursion=excursion,
                numbers=None if refusal is None else refusal.numbers,
            )
        )

    # for people

    def get_positions(self) -> list[dict[str, Any]]:
        """Open positions in rupees, by number."""
        return [position_view(self, each) for each in self.ledger.open_positions()]

    def get_metrics(self) -> dict[str, Any]:
        """Counts and P&L in rupees: total_orders, active_positions, realized_pnl, ..."""
        return engine_metrics(self)

    # what strategies may ask (the Desk)

    @property
    def now(self) -> int:
        """The engine's time, UTC ns."""
        return self.at.now

    def ltp_paise(self, index: int) -> int | None:
        """The last price of an instrument, None before its first tick."""
        quote = self.quote_of(self.books[index])
        return None if quote is None else quote.ltp

    def position(self, strategy_id: str, symbol: str) -> int:
        """A strategy's signed open quantity of a symbol."""
        index = self.universe.index_of(symbol)
        return 0 if index is None else self.books[index].held.get(strategy_id, 0)

    def waiting(self, strategy_id: str, symbol: str) -> int:
        """How many of a strategy's entries on a symbol wait for their fill."""
        index = self.universe.index_of(symbol)
        if index is None or not self.books[index].waiting:
            return 0
        orders = self.ledger.orders
        return sum(
            not each.is_exit and orders[each.order_id].strategy_id == strategy_id
            for each in self.books[index].waiting
        )

    def session_open(self, index: int) -> int:
        """When the instrument's session of the day opens, UTC ns; 0 without one."""
        return self.books[index].open_ts

    def _positions_of(self, strategy_id: str) -> Iterable[Position]:
        return [each for each in self.ledger.positions.values() if each.strategy_id == strategy_id]


def _no_limits(strategy_id: str) -> StrategyLimits | None:
    return None
