"""What both engines share: from an intent to an open position and out again.

Time, input number and due time come from the caller; every decision is an event that the
lifecycle manager applies to the ledger. How a position is watched in between is the engine's own.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from typing import Any, Final, NamedTuple

import msgspec

from daemon.config import ExecutionConfig, RiskConfig
from daemon.domain.dates import MINUTE_NS, SECOND_NS, ist_date, ist_day, parse_timeframe
from daemon.domain.events import (
    Charges,
    Excursion,
    ExitDemand,
    Fill,
    Levels,
    OrderCreated,
    OrderMoved,
)
from daemon.domain.inputs import Settlement
from daemon.domain.instrument import Universe
from daemon.domain.intent import OrderIntent, Signal, StrategyLimits, check_intent
from daemon.domain.ledger import Ledger, StrategyTally
from daemon.domain.order import PENDING_EXIT_STATES, Order, OrderState, Side
from daemon.domain.position import Position
from daemon.execution.builder import OrderBuilder
from daemon.execution.context import Rules
from daemon.execution.fills import FillEngine
from daemon.execution.lifecycle import TradeLifecycleManager
from daemon.execution.views import engine_metrics, position_view
from daemon.market.agenda import Agenda, Phase
from daemon.market.book import Book, Quote
from daemon.market.intake import Rows
from daemon.market.schedule import Schedule
from daemon.risk.gates import (
    AFTER_LEVELS,
    BEFORE_LEVELS,
    NO_LIMITS,
    Refusal,
    Situation,
    first_refusal,
)

MILLISECOND_NS: Final = 1_000_000
_S = OrderState


class WaitingFill(NamedTuple):
    """An order or exit that waits for a tick at or after `due` (UTC ns)."""

    order_id: str
    due: int
    is_exit: bool


class Moment:
    """Where the engine is in its inputs. Times UTC ns; `due_ts` 0 when nothing was due earlier.

    `is_over` while candles of a session that has ended are told: nothing may follow from them.
    """

    __slots__ = ("due_ts", "feed_last", "input_no", "is_over", "now", "resumed_ts")

    def __init__(self) -> None:
        self.now = -1
        self.input_no = 0
        self.due_ts = 0
        self.is_over = False
        self.feed_last = -1
        self.resumed_ts = -1


class ExecutionCore:
    """Orders, fills and the ledger; the plain market-fill part of both engines."""

    name = "core"

    def __init__(
        self,
        config: ExecutionConfig,
        *,
        universe: Universe,
        rules: Rules,
        risk: RiskConfig | None = None,
        ledger: Ledger | None = None,
        agenda: Agenda | None = None,
        schedule: Schedule | None = None,
    ) -> None:
        self.config = config
        self.universe = universe
        self.rules = rules
        self.schedule = schedule if schedule is not None else Schedule(rules, universe)
        self.risk = risk or RiskConfig()
        self.ledger = ledger if ledger is not None else Ledger()
        self.agenda = agenda if agenda is not None else Agenda()
        self.at = Moment()
        self.rows: Rows | None = None
        self.books = [Book(index, each) for index, each in enumerate(universe)]
        self.books.append(Book(len(universe), None))
        self.fills = FillEngine(config)
        self.builder = OrderBuilder(config, self.ledger)
        self.lifecycle = TradeLifecycleManager(self.ledger)
        self.limits_of: Callable[[str], StrategyLimits | None] = _no_limits
        self.killed = False
        self.strategies_off: set[str] = set()
        self.settlements: dict[tuple[str, str], tuple[int, int]] = {}
        """(underlying, date) -> (official close in paise, when it became known)."""
        self._settling: set[str] = set()
        self._latency_ns = config.latency_ms * MILLISECOND_NS
        self._reject_after_ns = round(config.reject_after_s * SECOND_NS)
        self._stale_after_ns = round(config.stale_after_s * SECOND_NS)
        self._max_age_ns = round(config.quote_max_age_s * SECOND_NS)
        self._square_off_ns = config.square_off_before_close_min * MINUTE_NS
        self._prepare()
        self._restore()

    def _prepare(self) -> None:
        """What an engine needs before it takes up what was open."""

    # intents and entries

    def process_signal(self, intent: OrderIntent) -> str | None:
        """Take an intent; returns the id of its order, None for HOLD and EXIT.

        Raises BadIntent, having changed nothing, for one whose fields are not of their types.
        """
        check_intent(intent)
        if intent.signal is Signal.HOLD:
            return None
        if intent.signal is Signal.EXIT:
            self.exit_strategy(intent.strategy_id, intent.symbol)
            return None
        index = self.universe.index_of(intent.symbol)
        order = self.builder.build_order(
            intent.symbol,
            intent.qty,
            "BUY" if intent.signal is Signal.BUY else "SELL",
            intent.sl_price,
            intent.tp_price,
            intent.time_stop_bars,
            intent.tag,
            intent.strategy_id,
            ts=self.at.now,
            instrument=None if index is None else self.universe[index],
            timeframe=intent.timeframe,
            product=intent.product,
            note=intent.reason,
            confidence=intent.confidence,
            exits=intent.exits,
        )
        self._record_created(order)
        refusal = self._first_refusal(order, intent, index)
        if refusal is not None:
            self._move(self.ledger.orders[order.order_id], _S.REJECTED, refusal.reason, refusal)
            return order.order_id
        return self.submit_order(self.ledger.orders[order.order_id])

    def submit_order(self, order: Order) -> str:
        """Send a CREATED order to the market: it fills now if it can, else it waits."""
        self._move(order, _S.SUBMITTED, "submitted")
        now = self.at.now
        self.agenda.add(
            now + self._reject_after_ns, Phase.ENTRY_LIMIT, order.number, order.order_id
        )
        book = self.book_of(order.tradingsymbol)
        quote = self._fresh_quote(book)
        if self._latency_ns == 0 and quote is not None:
            self._fill_entry(order, book, quote)
        else:
            self._wait(book, WaitingFill(order.order_id, now + self._latency_ns, False))
            book.entries += 1
        return order.order_id

    def check_managed(self, intent: OrderIntent) -> Refusal | None:
        """Whether this engine can manage what the intent asks for."""
        return None

    def _first_refusal(
        self, order: Order, intent: OrderIntent, index: int | None
    ) -> Refusal | None:
        at = self._situation(order, index)
        return (
            first_refusal(BEFORE_LEVELS, at)
            or _check_timeframe(order)
            or self.builder.check_levels(order, intent)
            or self.check_managed(intent)
            or first_refusal(AFTER_LEVELS, at)
        )

    def _situation(self, order: Order, index: int | None) -> Situation:
        instrument = None if index is None else self.universe[index]
        open_ts, close_ts = (0, 0) if index is None else self._session(index)
        freeze = 0
        if instrument is not None:
            date = ist_date(self.at.now)
            freeze = instrument.freeze_quantity or self.rules.freeze_quantity(date, instrument.name)
            freeze = freeze if instrument.exchange == "NFO" else instrument.freeze_quantity
        return Situation(
            order=order,
            instrument=instrument,
            now=self.at.now,
            open_ts=open_ts,
            close_ts=close_ts,
            square_off_ts=close_ts - self._square_off_ns,
            is_over=self.at.is_over,
            killed=self.killed,
            strategy_off=order.strategy_id in self.strategies_off,
            freeze_quantity=freeze,
            open_or_waiting=self._open_or_waiting() if self.risk.max_open_positions else 0,
            realized_today_paise=self._realized_today() if self.risk.daily_loss_rupees else 0,
            tally=self._tally_today(order.strategy_id),
            limits=self.limits_of(order.strategy_id) or NO_LIMITS,
            risk=self.risk,
        )

    def _open_or_waiting(self) -> int:
        return len(self.ledger.open_positions()) + sum(book.entries for book in self.books)

    def _realized_today(self) -> int:
        today = ist_day(self.at.now)
        tallies = self.ledger.strategies.values()
        return sum(each.realized_today_paise for each in tallies if each.day == today)

    def _tally_today(self, strategy_id: str) -> StrategyTally:
        tally = self.ledger.strategies.get(strategy_id)
        if tally is None or tally.day != ist_day(self.at.now):
            return StrategyTally()
        return tally

    def reject_unfilled(self, order_id: str) -> None:
        """An entry's time is over: rejected, unless it has filled or gone."""
        order = self.ledger.orders.get(order_id)
        if order is None or order.state is not _S.SUBMITTED:
            return
        waited = self.at.now - order.submitted_ts
        self._drop_entry(order)
        self._move(order, _S.REJECTED, "no_price", Refusal("no_price", {"waited_ns": waited}))

    def _fill_entry(self, order: Order, book: Book, quote: Quote) -> None:
        side = order.transaction_type
        fill = self.fills.fill_order(
            order, quote, ts=self.at.now, side=side, quantity=order.quantity
        )
        refusal = _check_protective(order, fill)
        if refusal is not None:
            self._move(order, _S.REJECTED, refusal.reason, refusal)
            return
        fill = self._with_charges(book, fill)
        self._move(order, _S.FILLED, "filled", fill=fill)
        stop = order.sl_paise
        levels = Levels(
            stop_paise=stop,
            target_paise=order.tp_paise,
            anchor_paise=0 if stop is None else fill.price_paise,
            r_paise=0 if stop is None else abs(fill.price_paise - stop),
        )
        book.mark_entry(order.number, ltp=quote.ltp, input_no=self.at.input_no)
        self._move(order, _S.ACTIVE, "active", levels=levels)
        position = self.ledger.positions[order.order_id]
        book.net += position.sign * position.quantity
        self._opened(position, book)

    # exits

    def exit_strategy(self, strategy_id: str, symbol: str) -> None:
        """An EXIT intent: cancel the strategy's waiting entries, close its positions."""
        self.cancel_entries("signal_exit", strategy_id=strategy_id, symbol=symbol)
        for position in self.ledger.open_positions():
            if position.strategy_id == strategy_id and position.tradingsymbol == symbol:
                self._demand(position, "signal_exit")

    def exit_order(self, order_id: str, reason: str) -> None:
        """Cancel one waiting entry or close one position."""
        order = self.ledger.orders.get(order_id)
        if order is None:
            return
        if order.state is _S.SUBMITTED:
            self._cancel(order, reason)
        elif self.ledger.is_open(order_id):
            self._demand(self.ledger.positions[order_id], reason)

    def kill(self) -> None:
        """The kill switch: cancel and close everything, open nothing any more."""
        self.killed = True
        self.cancel_entries("kill_switch")
        for position in self.ledger.open_positions():
            self._demand(position, "kill_switch")

    def square_off(self, indices: frozenset[int]) -> None:
        """Cancel waiting intraday entries of these instruments, close their positions."""
        for order in list(self.ledger.orders.values()):
            intraday = order.state is _S.SUBMITTED and order.product == "MIS"
            if intraday and self._index(order.tradingsymbol) in indices:
                self._cancel(order, "square_off")
        for position in self.ledger.open_positions():
            if position.product == "MIS" and self._index(position.tradingsymbol) in indices:
                self._demand(position, "square_off")

    def cancel_entries(self, reason: str, *, strategy_id: str = "", symbol: str = "") -> None:
        """Cancel waiting entries, of one strategy and symbol or (both empty) all."""
        for order in list(self.ledger.orders.values()):
            if order.state is not _S.SUBMITTED:
                continue
            if not symbol or (order.strategy_id == strategy_id and order.tradingsymbol == symbol):
                self._cancel(order, reason)

    def _cancel(self, order: Order, reason: str) -> None:
        self._drop_entry(order)
        self._move(order, _S.CANCELLED, reason)

    def _drop_entry(self, order: Order) -> None:
        book = self.book_of(order.tradingsymbol)
        book.waiting = [each for each in book.waiting if each.order_id != order.order_id]
        book.entries -= 1
        book.arm()

    def _begin_exit(
        self, position: Position, state: OrderState, reason: str, demand: ExitDemand
    ) -> None:
        order = self.ledger.orders[position.order_id]
        self._move(order, state, reason, demand=demand)
        book = self.book_of(position.tradingsymbol)
        quote = self._fresh_quote(book)
        if self._latency_ns == 0 and quote is not None:
            self._fill_exit(position, book, quote)
        else:
            due = self.at.now + self._latency_ns
            self._wait(book, WaitingFill(position.order_id, due, True))

    def _fill_exit(
        self, position: Position, book: Book, quote: Quote, *, forced: bool = False
    ) -> None:
        pending = position.pending
        assert pending is not None, position
        quantity = position.quantity
        if pending.partial and not forced:
            quantity = self._partial_quantity(position, quote.ltp)
        order = self.ledger.orders[position.order_id]
        side: Side = "SELL" if position.sign > 0 else "BUY"
        fill = self.fills.fill_order(
            order, quote, ts=self.at.now, side=side, quantity=quantity, stale=forced
        )
        self._book_exit(position, book, fill, pending.reason)

    def _book_exit(self, position: Position, book: Book, fill: Fill, reason: str) -> None:
        quantity = fill.quantity
        fill = msgspec.structs.replace(
            fill,
            realized_paise=position.sign
            * (fill.price_paise * quantity - position.cost_share(quantity)),
            realized_bid_ask_paise=position.sign
            * (fill.bid_ask_paise - position.entry_bid_ask_paise)
            * quantity,
        )
        if fill.rule != "settlement":
            fill = self._with_charges(book, fill)
        order = self.ledger.orders[position.order_id]
        closes = quantity == position.quantity
        levels = None if closes else self._rest_levels(position)
        excursion = self._excursion(position, book) if closes else None
        to = _S.CLOSED if closes else _S.ACTIVE
        self._move(order, to, reason, fill=fill, levels=levels, excursion=excursion)
        book.net -= position.sign * quantity
        if closes:
            book.unmark(position.number)
            self._settling.discard(position.order_id)
        self._exit_filled(position, book)

    def _excursion(self, position: Position, book: Book) -> Excursion:
        high, low = book.excursion(position.number)
        best, worst = (high, low) if position.sign > 0 else (low, high)
        return Excursion(best_paise=best, worst_paise=worst)

    # the tick

    def update_positions(self, book: Book) -> None:
        """Steps 2 and 3 for the tick that the book has just taken: waiting fills, exit rules."""
        if book.waiting:
            self._fill_waiting(book)
        self._check_exits(book)
        book.arm()

    def _fill_waiting(self, book: Book) -> None:
        now = self.at.now
        due = [each for each in book.waiting if each.due <= now]
        if not due:
            return
        book.waiting = [each for each in book.waiting if each.due > now]
        quote = book.quote()
        assert quote is not None
        for each in due:
            if each.is_exit:
                self._fill_exit(self.ledger.positions[each.order_id], book, quote)
            else:
                book.entries -= 1
                self._fill_entry(self.ledger.orders[each.order_id], book, quote)

    def _wait(self, book: Book, waiting: WaitingFill) -> None:
        book.waiting.append(waiting)
        book.arm()

    # the end of a session

    def end_session(self, indices: frozenset[int], date: str) -> None:
        """Close what square-off could not, settle what expires, archive what is over."""
        for position in self.ledger.open_positions():
            index = self._index(position.tradingsymbol)
            if index not in indices:
                continue
            expiry = self.universe[index].expiry
            if expiry and expiry <= date:
                self._expire(position)
            elif position.product == "MIS":
                self._force_close(position)
        for order in list(self.ledger.orders.values()):
            at = self.universe.index_of(order.tradingsymbol)
            ended = at is None or at in indices
            if ended and self.lifecycle.can_transition(order, _S.ARCHIVED):
                self._move(order, _S.ARCHIVED, "session_end")

    def settle(self, settlement: Settlement) -> None:
        """The official close of an underlying: settles what waits for it."""
        key = (settlement.underlying, settlement.date)
        self.settlements[key] = (settlement.close_paise, settlement.ts)
        for position in self.ledger.open_positions():
            if position.order_id in self._settling:
                self._settle_if_known(position)

    def settlements_pending(self) -> list[str]:
        """Order ids of expired positions whose official close is not known."""
        return sorted(self._settling)

    def _force_close(self, position: Position) -> None:
        book = self.book_of(position.tradingsymbol)
        quote = self.quote_of(book)
        if quote is None:
            return
        if position.pending is None:
            order = self.ledger.orders[position.order_id]
            self._release(position)
            demand = ExitDemand(quantity=position.quantity)
            self._move(order, _S.EXIT_PENDING, "square_off", demand=demand)
        self._stop_waiting(book, position.order_id)
        self._fill_exit(position, book, quote, forced=True)

    def _expire(self, position: Position) -> None:
        if position.order_id in self._settling:
            return
        if position.pending is None:
            order = self.ledger.orders[position.order_id]
            self._release(position)
            demand = ExitDemand(quantity=position.quantity, settling=True)
            self._move(order, _S.EXIT_PENDING, "expiry", demand=demand)
        self._stop_waiting(self.book_of(position.tradingsymbol), position.order_id)
        self._settling.add(position.order_id)
        self._settle_if_known(position)

    def _settle_if_known(self, position: Position) -> None:
        book = self.book_of(position.tradingsymbol)
        instrument = book.instrument
        assert instrument is not None
        known = self.settlements.get((instrument.name, instrument.expiry))
        if known is None:
            return
        close, known_ts = known
        price = close
        if instrument.is_option:
            sign = 1 if instrument.instrument_type == "CE" else -1
            price = max(0, sign * (close - instrument.strike_paise))
        charges = Charges()
        if self.config.charges:
            charges = self.rules.exercise_charges(
                self._booking_date(),
                instrument,
                sign=position.sign,
                quantity=position.quantity,
                intrinsic_paise=price,
            )
        fill = Fill(
            transaction_type="SELL" if position.sign > 0 else "BUY",
            quantity=position.quantity,
            price_paise=price,
            rule="settlement",
            base_half_paise=2 * price,
            slippage_half_paise=0,
            ltp_paise=close,
            bid_paise=0,
            ask_paise=0,
            quote_ts=known_ts,
            quote_age_ns=self.at.now - known_ts,
            bid_ask_paise=price,
            charges=charges,
        )
        self._book_exit(position, book, fill, "expiry")

    def _stop_waiting(self, book: Book, order_id: str) -> None:
        book.waiting = [each for each in book.waiting if each.order_id != order_id]
        book.arm()

    # what an engine adds

    def _opened(self, position: Position, book: Book) -> None:
        """A position was born."""

    def _demand(self, position: Position, reason: str) -> None:
        """A full exit is wanted; dropped if a full exit is under way."""
        order = self.ledger.orders[position.order_id]
        if order.state in PENDING_EXIT_STATES:
            return
        self._begin_exit(position, _S.EXIT_PENDING, reason, ExitDemand(quantity=position.quantity))

    def _check_exits(self, book: Book) -> None:
        """The exit rules see the tick."""

    def _exit_filled(self, position: Position, book: Book) -> None:
        """An exit fill was booked."""

    def _release(self, position: Position) -> None:
        """The position will not be watched any more."""

    def _partial_quantity(self, position: Position, ltp_paise: int) -> int:
        """How much a partial exit lets go now that it fills."""
        raise AssertionError("this engine makes no partial exits")

    def _rest_levels(self, position: Position) -> Levels:
        """The levels of what a partial exit leaves."""
        raise AssertionError("this engine makes no partial exits")

    # quotes and events

    def book_of(self, tradingsymbol: str) -> Book:
        """The book of a symbol of the universe."""
        return self.books[self._index(tradingsymbol)]

    def quote_of(self, book: Book) -> Quote | None:
        """The last quote of a book, up to date with the block in work."""
        if book.row >= 0:
            assert self.rows is not None
            book.settle(self.rows)
        return book.quote()

    def _fresh_quote(self, book: Book) -> Quote | None:
        """The quote if an order may fill on it now (semantics.md section 6), else None."""
        quote = self.quote_of(book)
        at = self.at
        open_ts, close_ts = self._session(book.index)
        if quote is None or not open_ts <= at.now < close_ts:
            return None
        if quote.ts < at.resumed_ts or quote.input_no < book.fresh_from_no:
            return None
        if at.now - at.feed_last > self._stale_after_ns or at.now - quote.ts > self._max_age_ns:
            return None
        return quote

    def _session(self, index: int) -> tuple[int, int]:
        """The instrument's session on the date of now, which may be ahead of what is due."""
        return self.schedule.span(index, ist_date(self.at.now))

    def _index(self, tradingsymbol: str) -> int:
        index = self.universe.index_of(tradingsymbol)
        assert index is not None, tradingsymbol
        return index

    def _booking_date(self) -> dt.date:
        """The date that a fill belongs to: that of its due time, where it was due before."""
        return ist_date(self.at.due_ts or self.at.now)

    def _with_charges(self, book: Book, fill: Fill) -> Fill:
        if not self.config.charges:
            return fill
        assert book.instrument is not None
        charges = self.rules.charges(
            self._booking_date(),
            book.instrument,
            transaction_type=fill.transaction_type,
            quantity=fill.quantity,
            price_paise=fill.price_paise,
        )
        return msgspec.structs.replace(fill, charges=charges)

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

    def _restore(self) -> None:
        """Take up what a ledger from before left open: entries, exits and positions."""
        for order in self.ledger.orders.values():
            if order.state is _S.SUBMITTED:
                book = self.book_of(order.tradingsymbol)
                due = order.submitted_ts + self._latency_ns
                limit = order.submitted_ts + self._reject_after_ns
                self.agenda.add(limit, Phase.ENTRY_LIMIT, order.number, order.order_id)
                self._wait(book, WaitingFill(order.order_id, due, False))
                book.entries += 1
        for position in self.ledger.open_positions():
            self._restore_position(position, self.book_of(position.tradingsymbol))
        for book in self.books:
            book.waiting.sort(key=self._wait_seq)

    def _restore_position(self, position: Position, book: Book) -> None:
        book.mark_entry(position.number, ltp=position.entry_paise, input_no=-1)
        book.net += position.sign * position.quantity
        pending = position.pending
        if pending is not None and pending.settling:
            self._settling.add(position.order_id)
        elif pending is not None:
            due = pending.ts + self._latency_ns
            self._wait(book, WaitingFill(position.order_id, due, True))
        self._opened(position, book)

    def _wait_seq(self, waiting: WaitingFill) -> int:
        if waiting.is_exit:
            pending = self.ledger.positions[waiting.order_id].pending
            assert pending is not None
            return pending.seq
        return self.ledger.orders[waiting.order_id].submitted_seq

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
        return sum(
            each.sign * each.quantity
            for each in self._positions_of(strategy_id)
            if each.tradingsymbol == symbol
        )

    def waiting(self, strategy_id: str, symbol: str) -> int:
        """How many of a strategy's entries on a symbol wait for their fill."""
        index = self.universe.index_of(symbol)
        if index is None:
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
        return (each for each in self.ledger.positions.values() if each.strategy_id == strategy_id)


def _no_limits(strategy_id: str) -> StrategyLimits | None:
    return None


def _check_timeframe(order: Order) -> Refusal | None:
    try:
        parse_timeframe(order.timeframe)
    except ValueError:
        return Refusal("bad_timeframe", {"timeframe": order.timeframe})
    return None


def _check_protective(order: Order, fill: Fill) -> Refusal | None:
    """A stop must be behind both entry and ltp, a target beyond both (semantics.md section 7)."""
    sign, entry, ltp = order.sign, fill.price_paise, fill.ltp_paise
    stop, target = order.sl_paise, order.tp_paise
    if stop is not None and (sign * (entry - stop) <= 0 or sign * (ltp - stop) <= 0):
        numbers: dict[str, int | str] = {"sl_paise": stop, "fill_paise": entry, "ltp_paise": ltp}
        return Refusal("stop_not_protective", numbers)
    if target is not None and (sign * (target - entry) <= 0 or sign * (target - ltp) <= 0):
        numbers = {"tp_paise": target, "fill_paise": entry, "ltp_paise": ltp}
        return Refusal("target_not_beyond_entry", numbers)
    return None
