"""The ledger: nothing but the fold of the trading events (ARCHITECTURE, "Events and the ledger").

`apply` is the only thing in the program that changes an order or a position.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

import msgspec
from msgspec import structs

from daemon.domain.dates import ist_day
from daemon.domain.events import (
    ExchangeOrderMoved,
    Fill,
    GttMoved,
    MarginMoved,
    OrderCreated,
    OrderMoved,
    PositionMarked,
    RiskMoved,
    RoundMoved,
    StopMoved,
    TradingEvent,
    WatchMoved,
)
from daemon.domain.exchange_order import number_of
from daemon.domain.exchange_tally import ExchangeTally
from daemon.domain.gtt import Gtt
from daemon.domain.gtt_fold import fold_gtt
from daemon.domain.level_fold import fold_modified
from daemon.domain.order import ENTRY_FILL, MODIFIED, OPEN_STATES, Order, OrderState
from daemon.domain.plan_fold import fold_attempt, fold_created, fold_round
from daemon.domain.plan_round import Round
from daemon.domain.plan_tally import PlanTally
from daemon.domain.position import PendingExit, Position
from daemon.domain.risk_state import RiskState
from daemon.domain.tag_watch import Watches, find_watch
from daemon.domain.tallies import OLD_QUOTE_NS as OLD_QUOTE_NS
from daemon.domain.tallies import FillTally as FillTally
from daemon.domain.tallies import StrategyTally as StrategyTally
from daemon.domain.tallies import has_book_side as has_book_side
from daemon.domain.tallies import is_optimistic as is_optimistic
from daemon.domain.untraded import Untraded
from daemon.domain.watch_fold import fold_watch

# Globals, because an attribute of an enum's class is looked up again for every event.
_SUBMITTED: Final = OrderState.SUBMITTED
_FILLED: Final = OrderState.FILLED
_ARCHIVED: Final = OrderState.ARCHIVED
_CLOSED: Final = OrderState.CLOSED
_DEAD_ENTRY: Final = frozenset({OrderState.REJECTED, OrderState.CANCELLED})


class RiskStanding(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The risk state, why, and when it ends by itself (UTC ns, 0 = when a person says so)."""

    state: RiskState = RiskState.ACTIVE
    reason: str = ""
    until_ts: int = 0
    ordered: RiskState = RiskState.ACTIVE
    """What a person last asked for, which holds again when a day's lockout is over."""


class MarginStanding(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The last level that was told (percent of the cash), and the peak that was known with it."""

    level: int = 0
    peak_rupees: int = 0


class Ledger(msgspec.Struct, kw_only=True):
    """Orders, positions and sums after the event `seq`. Archived orders leave the dicts."""

    seq: int = 0
    orders: dict[str, Order] = {}
    positions: dict[str, Position] = {}
    """Open positions, by number."""
    closed: dict[str, Position] = {}
    """Closed ones that are not archived yet."""
    total_orders: int = 0
    day: str = ""
    orders_today: int = 0
    realized_paise: int = 0
    realized_bid_ask_paise: int = 0
    cash_paise: int = 0
    charges: Decimal = Decimal(0)
    archived: int = 0
    refusals: dict[str, int] = {}
    exits: dict[str, int] = {}
    strategies: dict[str, StrategyTally] = {}
    fill_tally: FillTally = msgspec.field(default_factory=FillTally)
    exchange: ExchangeTally = msgspec.field(default_factory=ExchangeTally)
    gtts: dict[int, Gtt] = {}
    """GTTs that may still fire, or may be made active again."""
    total_gtts: int = 0
    risk: RiskStanding = RiskStanding()
    margin: MarginStanding = MarginStanding()
    m2m_paise: int = 0
    """What the `marks`, daily ones of carried futures, have paid, of closed ones too."""
    marks: int = 0
    watches: Watches = {}
    untraded_id: str = ""
    """The id of the last exchange order that belongs to no trade."""
    evidence: str = ""
    """The trade whose exchange order the last event filled, if its move books that fill next."""
    untraded: Untraded = msgspec.field(default_factory=Untraded)
    """What orders without a trade hold and made; no other sum of the ledger has them."""
    rounds: dict[str, Round] = {}
    """Rounds of plans that are not over."""
    plans: dict[str, PlanTally] = {}

    def apply(self, event: TradingEvent) -> None:
        """Fold one event. Raises InvalidTransition for a move that is not in the table."""
        assert event.seq == self.seq + 1, (event.seq, self.seq)
        if isinstance(event, OrderMoved):
            self._apply_move(event)
            if self.rounds:
                fold_attempt(self.rounds, event)
        elif isinstance(event, ExchangeOrderMoved):
            self._apply_exchange(event)
            if self.rounds:
                fold_attempt(self.rounds, event)
        elif isinstance(event, StopMoved):
            self._apply_stop(event)
        elif isinstance(event, OrderCreated):
            self._apply_created(event)
            if event.round:
                fold_created(self.rounds, event)
        elif isinstance(event, RoundMoved):
            fold_round(self.rounds, self.plans, event)
        elif isinstance(event, PositionMarked) and not event.order_id:
            self.untraded.mark(event)
        elif isinstance(event, PositionMarked):
            self.positions[event.order_id].marked_paise += event.m2m_paise
            self.m2m_paise += event.m2m_paise
            self.marks += 1
        elif isinstance(event, RiskMoved):
            self.risk = _risk_after(self.risk, event)
        elif isinstance(event, MarginMoved):
            self.margin = MarginStanding(level=event.level, peak_rupees=event.peak_rupees)
        elif isinstance(event, WatchMoved):
            fold_watch(self.watches, event)
        else:
            self._apply_gtt(event)
        self.evidence = _evidence(event) if isinstance(event, ExchangeOrderMoved) else ""
        self.seq = event.seq

    def tally(self, strategy_id: str) -> StrategyTally:
        """Return the strategy's tally; create it on first use."""
        found = self.strategies.get(strategy_id)
        if found is None:
            found = self.strategies[strategy_id] = StrategyTally()
        return found

    def tally_on(self, strategy_id: str, day: int) -> StrategyTally:
        """Return the tally, its daily counters cleared if they belong to another day."""
        found = self.strategies.get(strategy_id)
        return found if found and found.day == day else self.tally(strategy_id).turn_to(day)

    def _apply_created(self, event: OrderCreated) -> None:
        self.total_orders += 1
        day = day_of(event.order_id)
        if day != self.day:
            self.day, self.orders_today = day, 0
        self.orders_today += 1
        self.orders[event.order_id] = _order_of(event, self.total_orders)

    def _apply_stop(self, event: StopMoved) -> None:
        if event.reason == MODIFIED:
            fold_modified(event, self.orders[event.order_id], self.positions.get(event.order_id))
        else:
            _move_stop(self.positions[event.order_id], event)

    def _apply_move(self, event: OrderMoved) -> None:
        order = self.orders[event.order_id]
        assert order.state is event.from_state, (order.state, event)
        to = event.to_state
        if event.fill is not None and event.order_id != self.evidence:
            order.exchange_orders += 1  # one that made no events; it has a number all the same
        order.move(to, seq=event.seq, ts=event.ts, reason=event.reason)
        if to is _SUBMITTED:
            order.submitted_ts = event.ts
            order.submitted_seq = event.seq
            self.tally_on(order.strategy_id, ist_day(event.ts)).trades_today += 1
        elif to is _FILLED:
            assert event.fill is not None
            self._open(order, event, event.fill)
        elif event.demand is not None:
            demand = event.demand
            self.positions[event.order_id].pending = PendingExit(
                seq=event.seq,
                ts=event.ts,
                reason=event.reason,
                quantity=demand.quantity,
                partial=demand.partial,
                settling=demand.settling,
            )
        elif event.fill is not None:
            self._reduce(order, event, event.fill)
        elif to is _CLOSED:  # everything left while the entry might still have filled
            self._close(order, event)
        elif to is _ARCHIVED:
            self.archived += 1
            del self.orders[event.order_id]
            self.closed.pop(event.order_id, None)
        elif to in _DEAD_ENTRY:
            self._apply_dead_entry(order, event)
        if event.levels is not None:
            _set_levels(self.positions[event.order_id], event)

    def _apply_exchange(self, event: ExchangeOrderMoved) -> None:
        """Count what happened; book a fill that makes no move of its trade, and a new quantity.

        What orders without a trade do is in `untraded`.
        """
        self.exchange.take(event)
        if not event.order_id:
            self.untraded_id = max(self.untraded_id, event.exchange_id.partition("/")[0])
            self.untraded.take(event)
            return
        fill, order = event.fill, self.orders[event.order_id]
        order.exchange_orders = max(order.exchange_orders, number_of(event.exchange_id))
        if fill is None and not event.exit_quantity:
            # a slice cannot be given another quantity, nor is its own that of the trade
            is_whole = "/" not in event.exchange_id
            if event.kind == "modified" and not event.is_exit and is_whole:
                order.quantity = event.quantity
            return
        position = self.positions[event.order_id]
        if not event.is_exit:
            assert fill is not None
            self._enlarge(order, position, fill, event.due_ts or event.ts)
            return
        if fill is not None:
            self._take_out(order, fill, event.due_ts or event.ts)
        pending = position.pending
        if pending is None:  # a part of a target that lies at the exchange
            return
        if event.exit_quantity:
            left = event.exit_quantity
        elif pending.partial and event.order_type == "LIMIT":  # the target's, not the part's
            left = min(pending.quantity, position.quantity)
        else:
            assert fill is not None
            left = pending.quantity - fill.quantity
        is_partial = pending.partial and left < position.quantity
        position.pending = structs.replace(pending, quantity=left, partial=is_partial)

    def _apply_gtt(self, event: GttMoved) -> None:
        gtt = fold_gtt(self.gtts, event)
        if gtt is None:
            return
        self.total_gtts = max(self.total_gtts, gtt.gtt_id)
        if gtt.is_over:
            del self.gtts[gtt.gtt_id]

    def _enlarge(self, order: Order, position: Position, fill: Fill, booked_ts: int) -> None:
        """Add a further part of an entry: E is its cost by unit, to the nearest paisa."""
        cost = fill.price_paise * fill.quantity
        entered = order.average_price_paise * order.filled_quantity
        bought = position.opened_cost_paise or entered
        order.filled_quantity += fill.quantity
        pending = position.pending
        if pending is not None and not pending.partial:
            left = pending.quantity + fill.quantity
            position.pending = structs.replace(pending, quantity=left)
        position.opened_quantity += fill.quantity
        position.quantity += fill.quantity
        position.cost_paise += cost
        position.opened_cost_paise = bought + cost
        units = position.opened_quantity
        before = units - fill.quantity
        by_bid_ask = position.entry_bid_ask_paise * before + fill.bid_ask_paise * fill.quantity
        average = (2 * position.opened_cost_paise + units) // (2 * units)
        if position.anchor_paise == position.entry_paise and not position.on_rest:
            position.anchor_paise = average
        position.entry_paise = order.average_price_paise = average
        position.entry_bid_ask_paise = (2 * by_bid_ask + units) // (2 * units)
        self._book(position, fill, booked_ts, cash=-position.sign * cost)

    def _apply_dead_entry(self, order: Order, event: OrderMoved) -> None:
        self.refusals[event.reason] = self.refusals.get(event.reason, 0) + 1
        tally = self.tally(order.strategy_id)
        if event.from_state is _SUBMITTED and ist_day(order.submitted_ts) == tally.day:
            tally.trades_today -= 1

    def _open(self, order: Order, event: OrderMoved, fill: Fill) -> None:
        order.average_price_paise = fill.price_paise
        order.filled_quantity = fill.quantity
        cost = fill.price_paise * fill.quantity
        position = _position_of(order, event, fill)
        self.positions[order.order_id] = position
        self.tally(order.strategy_id).entries += 1
        self._book(position, fill, event.due_ts or event.ts, cash=-position.sign * cost)

    def _reduce(self, order: Order, event: OrderMoved, fill: Fill) -> None:
        self.positions[order.order_id].pending = None
        self._take_out(order, fill, event.due_ts or event.ts)
        if event.to_state is _CLOSED:
            self._close(order, event)
        else:
            self.exits[event.reason] = self.exits.get(event.reason, 0) + 1

    def _close(self, order: Order, event: OrderMoved) -> None:
        self.exits[event.reason] = self.exits.get(event.reason, 0) + 1
        position = self.closed[order.order_id] = self.positions.pop(order.order_id)
        assert position.quantity == 0, position
        position.pending = None
        position.closed_ts = event.ts
        position.exit_reason = event.reason
        tally = self.tally_on(order.strategy_id, ist_day(event.due_ts or event.ts))
        tally.closed += 1
        tally.loss_streak = tally.loss_streak + 1 if position.realized_paise < 0 else 0
        if position.realized_paise < 0:
            tally.lost_ts = event.ts

    def _take_out(self, order: Order, fill: Fill, booked_ts: int) -> None:
        """Book units that leave a position, in the day of `booked_ts` (UTC ns)."""
        position = self.positions[order.order_id]
        assert 0 < fill.quantity <= position.quantity, (fill, position)
        position.marked_paise -= position.marked_share(fill.quantity)
        position.cost_paise -= position.cost_share(fill.quantity)
        position.quantity -= fill.quantity
        position.exit_fills += 1
        position.realized_paise += fill.realized_paise
        position.realized_bid_ask_paise += fill.realized_bid_ask_paise
        self.realized_paise += fill.realized_paise
        self.realized_bid_ask_paise += fill.realized_bid_ask_paise
        watch = find_watch(self.watches, order.strategy_id, order.tag) if self.watches else None
        if watch is not None:
            watch.realized_paise += fill.realized_paise
        tally = self.tally_on(order.strategy_id, ist_day(booked_ts))
        tally.realized_paise += fill.realized_paise
        tally.realized_today_paise += fill.realized_paise
        cash = position.sign * fill.price_paise * fill.quantity
        self._book(position, fill, booked_ts, cash=cash)

    def _book(self, position: Position, fill: Fill, booked_ts: int, *, cash: int) -> None:
        position.cash_paise += cash
        self.cash_paise += cash
        charges = Decimal(fill.charges.total)
        position.charges += charges
        self.charges += charges
        tally = self.tally(position.strategy_id)
        tally.charges += charges
        if tally.day == ist_day(booked_ts):
            tally.charges_today += charges
        self.fill_tally.count(fill)

    def open_positions(self) -> list[Position]:
        """Return the positions with an open quantity, by number."""
        return sorted(self.positions.values(), key=_by_number)

    def m2m_open_paise(self) -> int:
        """Return what daily marks have paid for what is still open."""
        return sum(position.marked_paise for position in self.positions.values())

    def orders_by_state(self) -> dict[str, int]:
        """Return the number of orders in each state, archived ones included."""
        counts: dict[str, int] = {}
        for order in self.orders.values():
            counts[order.state] = counts.get(order.state, 0) + 1
        if self.archived:
            counts[OrderState.ARCHIVED] = self.archived
        return counts

    def is_open(self, order_id: str) -> bool:
        """Return whether the order has an open position."""
        order = self.orders.get(order_id)
        return order is not None and order.state in OPEN_STATES


def _risk_after(before: RiskStanding, event: RiskMoved) -> RiskStanding:
    state = RiskState(event.state)
    ordered = state if event.reason == "command" else before.ordered
    return RiskStanding(state=state, reason=event.reason, until_ts=event.until_ts, ordered=ordered)


def _move_stop(position: Position, event: StopMoved) -> None:
    if event.reason == ENTRY_FILL:
        stop = event.stop_to_paise or None
        position.stop_paise = position.initial_stop_paise = stop
        position.target_paise = event.target_to_paise or None
        return
    position.stop_paise = event.stop_to_paise
    position.ladder_steps = event.steps
    position.stop_moved_by = event.reason


def _evidence(event: ExchangeOrderMoved) -> str:
    """Return the trade whose move will book the fill that an event tells of, empty for none."""
    return event.order_id if event.kind == "filled" and event.fill is None else ""


def _set_levels(position: Position, event: OrderMoved) -> None:
    levels = event.levels
    assert levels is not None
    if event.from_state is _FILLED:
        position.initial_stop_paise = levels.stop_paise
    else:
        position.on_rest = True
    position.stop_paise = levels.stop_paise
    position.target_paise = levels.target_paise
    position.anchor_paise = levels.anchor_paise
    position.ladder_steps = 0
    position.stop_moved_by = ""


def _order_of(event: OrderCreated, number: int) -> Order:
    return Order(
        order_id=event.order_id,
        number=number,
        tradingsymbol=event.tradingsymbol,
        transaction_type=event.transaction_type,
        quantity=event.quantity,
        product=event.product,
        lot_size=event.lot_size,
        tick_paise=event.tick_paise,
        sl_paise=event.sl_paise,
        tp_paise=event.tp_paise,
        sl_rel=event.sl_rel,
        tp_rel=event.tp_rel,
        exits=event.exits,
        strategy_id=event.strategy_id,
        timeframe=event.timeframe,
        tag=event.tag,
        note=event.note,
        confidence=event.confidence,
        order_type=event.order_type,
        price_paise=event.price_paise,
        trigger_paise=event.trigger_paise,
        validity=event.validity,
        validity_ttl=event.validity_ttl,
        market_protection=event.market_protection,
        created_ts=event.ts,
    )


def _position_of(order: Order, event: OrderMoved, fill: Fill) -> Position:
    return Position(
        order_id=order.order_id,
        number=order.number,
        tradingsymbol=order.tradingsymbol,
        strategy_id=order.strategy_id,
        timeframe=order.timeframe,
        product=order.product,
        sign=order.sign,
        lot_size=order.lot_size,
        tick_paise=order.tick_paise,
        exits=order.exits,
        opened_quantity=fill.quantity,
        quantity=fill.quantity,
        entry_paise=fill.price_paise,
        entry_ts=event.ts,
        entry_input_no=event.input_no,
        cost_paise=fill.price_paise * fill.quantity,
        entry_bid_ask_paise=fill.bid_ask_paise,
    )


def day_of(order_id: str) -> str:
    """Return the session day (YYYYMMDD) in an order id."""
    return order_id.split("-")[1]


def _by_number(position: Position) -> int:
    return position.number
