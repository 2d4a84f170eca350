"""What must hold after every single event, whatever the market and the user do.

`Watch` is put in the place of an engine's lifecycle manager, so it sees each event right after
the ledger has folded it.
"""

from __future__ import annotations

from fractions import Fraction

import msgspec

from daemon.clockwork.paper_engine import PaperEngine
from daemon.domain.events import (
    ExchangeOrderMoved,
    Fill,
    OrderCreated,
    OrderMoved,
    StopMoved,
    TradingEvent,
    decode_event,
    encode_event,
)
from daemon.domain.ledger import Ledger
from daemon.domain.order import OrderState
from daemon.domain.position import Position
from daemon.execution.lifecycle import TradeLifecycleManager
from daemon.settings.config import ExecutionConfig
from tests.kit.exchange_invariants import ExchangeWatch
from tests.oracle.ledger import FractionBooks

S = OrderState
# SEMANTICS, "Orders and states", written again
ARROWS = {
    S.CREATED: {S.SUBMITTED, S.REJECTED},
    S.SUBMITTED: {S.FILLED, S.REJECTED, S.CANCELLED},
    S.FILLED: {S.ACTIVE},
    S.ACTIVE: {S.SL_PENDING, S.TP_PENDING, S.EXIT_PENDING},
    S.SL_PENDING: {S.ACTIVE, S.CLOSED},
    S.TP_PENDING: {S.CLOSED},
    S.EXIT_PENDING: {S.ACTIVE, S.CLOSED},
    S.CLOSED: {S.ARCHIVED},
    S.REJECTED: {S.ARCHIVED},
    S.CANCELLED: {S.ARCHIVED},
    S.ARCHIVED: set(),
}
RESTS = {"cross", "through", "at", "touch"}
PENDING = {S.SL_PENDING, S.TP_PENDING, S.EXIT_PENDING}


class Watch(TradeLifecycleManager):
    """A lifecycle manager that checks the invariants after each event."""

    def __init__(self, ledger: Ledger, config: ExecutionConfig) -> None:
        super().__init__(ledger)
        self.config = config
        self.seen: list[TradingEvent] = []
        self.books = FractionBooks()
        self.exchange = ExchangeWatch()
        self.at_exchange = config.fill_mode == "depth"
        self.sent: set[str] = set()
        """Trades with orders at the exchange."""
        self.states: dict[str, OrderState] = {}
        self.created: dict[str, OrderCreated] = {}
        self.stops: dict[str, int | None] = {}
        self.steps: dict[str, int] = {}
        self.partials: set[str] = set()
        self.entries: dict[str, int] = {}

    def record(self, event: TradingEvent) -> None:
        super().record(event)
        try:
            self.check(event)
        except AssertionError as error:
            raise AssertionError(f"{error}\nafter {event}") from error
        self.seen.append(event)

    def check(self, event: TradingEvent) -> None:
        last = self.seen[-1] if self.seen else None
        assert event.seq == len(self.seen) + 1
        assert last is None or (event.ts >= last.ts and event.input_no >= last.input_no)
        assert 0 <= event.due_ts < max(event.ts, 1)
        assert decode_event(encode_event(event)) == event
        self.books.apply(event)
        if isinstance(event, OrderCreated):
            assert event.order_id not in self.created, "an order id came twice"
            self.created[event.order_id] = event
            self.exchange.created(event)
            self.states[event.order_id] = S.CREATED
        elif isinstance(event, OrderMoved):
            self.check_move(event)
        elif isinstance(event, StopMoved):
            self.check_stop(event)
        elif isinstance(event, ExchangeOrderMoved) and event.order_id:
            self.check_exchange(event)
        self.books.check(self.ledger, ltp_paise=10_003)

    def check_move(self, event: OrderMoved) -> None:
        before = self.states[event.order_id]
        assert event.from_state is before
        assert event.to_state in ARROWS[before], "a move that the table does not have"
        self.states[event.order_id] = event.to_state
        held = self.ledger.positions.get(event.order_id)
        assert (held is not None) == (event.to_state in {S.FILLED, S.ACTIVE} | PENDING)
        if held is not None:
            assert (held.pending is not None) == (event.to_state in PENDING), "one exit at a time"
            # an exit may have sold everything while more of its entry may still fill
            least = 0 if event.to_state in PENDING and event.order_id in self.sent else 1
            assert least <= held.quantity <= held.opened_quantity
        if event.to_state is S.ACTIVE:
            assert held is not None
            self.check_levels(event, held)
        fills = event.to_state is S.FILLED or before in PENDING
        is_empty = event.to_state is S.CLOSED and event.order_id in self.sent
        assert (event.fill is not None) == fills or is_empty, "a fill is on the moves it makes"
        if event.fill is not None:
            self.check_fill(event, event.fill)
        if self.at_exchange:
            self.exchange.moved(event)

    def check_exchange(self, event: ExchangeOrderMoved) -> None:
        if self.at_exchange:
            self.exchange.told(event)
        else:
            plain = event.order_type == "MARKET" and not event.is_exit
            assert not plain, "an entry at the market tells of itself in a simple mode"
        self.sent.add(event.order_id)
        fill, held = event.fill, self.ledger.positions.get(event.order_id)
        if fill is None:
            return
        assert held is not None, "a part of a position that is not there"
        self.check_price(fill, self.created[event.order_id].tick_paise)
        if event.is_exit:
            pending = held.pending  # None: a part of a target that lies at the exchange
            assert pending is None or pending.quantity <= held.quantity, "more than is open"
        else:
            self.entries[event.order_id] = held.entry_paise

    def check_fill(self, event: OrderMoved, fill: Fill) -> None:
        order = self.created[event.order_id]
        if event.to_state is S.FILLED:
            self.entries[event.order_id] = fill.price_paise
            assert fill.transaction_type == order.transaction_type
            if self.at_exchange:
                assert fill.quantity <= order.quantity
            else:
                assert fill.quantity == order.quantity
        else:
            assert fill.transaction_type != order.transaction_type
        assert fill.quantity % order.lot_size == 0, "expected whole lots"
        assert fill.quote_age_ns >= 0
        if fill.rule != "settlement":
            self.check_price(fill, order.tick_paise)

    def check_price(self, fill: Fill, tick: int) -> None:
        assert fill.price_paise >= tick
        assert fill.price_paise % tick == 0
        against = 2 * fill.price_paise - fill.base_half_paise
        if fill.transaction_type == "SELL":
            against = -against
        assert against == fill.slippage_half_paise
        if fill.price_paise == tick:
            return
        if self.at_exchange or fill.rule in RESTS:  # a rest has no slippage
            assert against >= 0, "slippage flatters"
            return
        if self.config.slippage:
            assert against > 0, "slippage flatters"
        elif all(each % tick == 0 for each in (fill.ltp_paise, fill.bid_paise, fill.ask_paise)):
            assert against >= 0, "snapping flatters"

    def check_levels(self, event: OrderMoved, position: Position) -> None:
        order_id = event.order_id
        if event.from_state is S.FILLED:
            stop = self.created[order_id].sl_paise
            assert position.stop_paise == stop
            assert stop is None or position.sign * (self.entries[order_id] - stop) > 0
        else:
            assert order_id not in self.partials, "a second partial exit"
            self.partials.add(order_id)
            breached = self.stops[order_id]
            assert breached is not None
            assert position.stop_paise is not None
            behind = position.sign * (breached - position.stop_paise)
            assert 0 <= behind - self.step(position) < position.tick_paise, "one step behind"
        self.stops[order_id] = position.stop_paise

    def check_stop(self, event: StopMoved) -> None:
        position = self.ledger.positions[event.order_id]
        before = self.stops[event.order_id]
        assert before is not None
        assert event.stop_from_paise == before
        assert position.sign * (event.stop_to_paise - before) > 0, "a stop moved against"
        assert position.sign * (event.ltp_paise - event.stop_to_paise) > 0, "a stop past the price"
        self.stops[event.order_id] = event.stop_to_paise
        if event.reason == "break_even":
            self.check_cost(event, position)
            return
        self.steps[event.order_id] = event.steps
        step = self.step(position)
        behind = step if position.on_rest else Fraction(self.risk(position))
        ladder = position.anchor_paise + position.sign * (event.steps * step - behind)
        off = position.sign * (ladder - event.stop_to_paise)
        assert 0 <= off < position.tick_paise, "a stop that the ladder does not have"

    def check_cost(self, event: StopMoved, position: Position) -> None:
        """Cost is at the entry or beyond it, and the ladder stays as it was."""
        assert not position.on_rest, "break-even after a partial exit"
        entry, sign, tick = self.entries[event.order_id], position.sign, position.tick_paise
        assert event.stop_to_paise % tick == 0
        assert sign * (event.stop_to_paise - entry) >= 0, "cost on the losing side"
        assert sign * (event.ltp_paise - event.stop_to_paise) >= tick, "a stop on the price"
        assert event.steps == self.steps.get(event.order_id, 0), "break-even moved the ladder"

    def risk(self, position: Position) -> int:
        """R by what was asked for and what was filled, never by the stop in force."""
        asked = self.created[position.order_id].sl_paise
        assert asked is not None
        return abs(self.entries[position.order_id] - asked)

    def step(self, position: Position) -> Fraction:
        return Fraction(repr(position.exits.trail_step_r)) * self.risk(position)

    def check_end(self) -> None:
        """The fold of the events from nothing is the ledger, byte for byte."""
        folded = Ledger()
        for event in self.seen:
            folded.apply(event)
        assert msgspec.json.encode(folded) == msgspec.json.encode(self.ledger)


def watch(paper: PaperEngine) -> Watch:
    """Watch an engine that has not begun yet."""
    watched = Watch(paper.engine.ledger, paper.config)
    paper.engine.recorder.lifecycle = watched
    return watched
