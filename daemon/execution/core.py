"""What both engines share: from an intent to an open position and out again.

How a position is watched in between is the engine's own.
"""

from __future__ import annotations

import msgspec

from daemon.domain.dates import ist_date, ist_day, parse_timeframe
from daemon.domain.events import (
    Excursion,
    ExitDemand,
    Fill,
    Levels,
)
from daemon.domain.intent import OrderIntent, Signal, check_intent
from daemon.domain.ledger import StrategyTally
from daemon.domain.order import PENDING_EXIT_STATES, Order, OrderState, Side
from daemon.domain.position import Position
from daemon.execution.base import EngineBase, WaitingFill
from daemon.market.agenda import Phase
from daemon.market.book import Book, Quote
from daemon.risk.gates import (
    AFTER_LEVELS,
    BEFORE_LEVELS,
    NO_LIMITS,
    Refusal,
    Situation,
    first_refusal,
)

_S = OrderState


class ExecutionCore(EngineBase):
    """Orders, fills and exits; the plain market-fill part of both engines."""

    name = "core"

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
        book = self.book_of(order.tradingsymbol)
        quote = self._fresh_quote(book)
        if self._latency_ns == 0 and quote is not None:
            self._fill_entry(order, book, quote)
        else:
            self._wait_for_entry(order, book, self.at.now)
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
        open_ts, close_ts = (0, 0) if index is None else self._session(self.books[index])
        freeze = 0
        if instrument is not None:
            date = ist_date(self.at.now)
            freeze = instrument.freeze_quantity or self.rules.freeze_quantity(date, instrument)
        return Situation(
            order=order,
            instrument=instrument,
            now=self.at.now,
            open_ts=open_ts,
            close_ts=close_ts,
            square_off_ts=close_ts - self._square_off_ns,
            is_over=self.at.is_over,
            killed=self.killed,
            strategy_off=order.strategy_id in self.strategies_off
            or order.strategy_id in self.config_off,
            freeze_quantity=freeze,
            open_or_waiting=self._open_or_waiting() if self.risk.max_open_positions else 0,
            realized_today_paise=self._realized_today() if self.risk.daily_loss_rupees else 0,
            tally=self._tally_today(order.strategy_id),
            limits=self.limits_of(order.strategy_id) or NO_LIMITS,
            risk=self.risk,
        )

    def _open_or_waiting(self) -> int:
        return len(self.ledger.positions) + sum(book.entries for book in self.books)

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
        fill = msgspec.structs.replace(fill, charges=self._charges(book, fill))
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
        self._hold(position, book)
        self._opened(position, book)

    def _hold(self, position: Position, book: Book) -> None:
        book.hold(position.strategy_id, position.sign * position.quantity)
        if position.product == "MIS":
            self._intraday[position.number] = position

    # exits

    def exit_strategy(self, strategy_id: str, symbol: str) -> None:
        """An EXIT intent: cancel the strategy's waiting entries, close its positions."""
        self.cancel_entries("signal_exit", strategy_id=strategy_id, symbol=symbol)
        own = [each for each in self._positions_of(strategy_id) if each.tradingsymbol == symbol]
        for position in sorted(own, key=_by_number):
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

    def square_off_now(self) -> None:
        """A person stops and wants nothing left: what can fill now is closed, all else stays.

        A position without a quote to fill on keeps its exits; the next start watches it again.
        """
        self.cancel_entries("square_off")
        for position in self.ledger.open_positions():
            if self._fresh_quote(self.book_of(position.tradingsymbol)) is not None:
                self._demand(position, "square_off")

    def square_off(self, indices: frozenset[int]) -> None:
        """Cancel waiting intraday entries of these instruments, close their positions."""
        for order in self._waiting_entries():
            if order.product == "MIS" and self._index(order.tradingsymbol) in indices:
                self._cancel(order, "square_off")
        for position in sorted(self._intraday.values(), key=_by_number):
            if self._index(position.tradingsymbol) in indices:
                self._demand(position, "square_off")

    def cancel_entries(self, reason: str, *, strategy_id: str = "", symbol: str = "") -> None:
        """Cancel waiting entries, of one strategy and symbol or (both empty) all."""
        for order in self._waiting_entries():
            if not symbol or (order.strategy_id == strategy_id and order.tradingsymbol == symbol):
                self._cancel(order, reason)

    def _waiting_entries(self) -> list[Order]:
        """By number; kept per instrument, so that open positions are not looked through."""
        orders = self.ledger.orders
        waiting = (each for book in self.books for each in book.waiting if not each.is_exit)
        return sorted((orders[each.order_id] for each in waiting), key=_by_number)

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
            charges=fill.charges if fill.rule == "settlement" else self._charges(book, fill),
        )
        order = self.ledger.orders[position.order_id]
        closes = quantity == position.quantity
        levels = None if closes else self._rest_levels(position)
        excursion = self._excursion(position, book) if closes else None
        to = _S.CLOSED if closes else _S.ACTIVE
        self._move(order, to, reason, fill=fill, levels=levels, excursion=excursion)
        book.hold(position.strategy_id, -position.sign * quantity)
        if closes:
            self._intraday.pop(position.number, None)
            book.unmark(position.number)
            self._seen_before.pop(position.order_id, None)
            self._settling.discard(position.order_id)
        self._exit_filled(position, book)

    def _excursion(self, position: Position, book: Book) -> Excursion:
        high, low = self._extremes(position, book)
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

    def _wait_for_entry(self, order: Order, book: Book, since: int) -> None:
        """An entry waits for its fill, and not for ever."""
        limit = since + self._reject_after_ns
        self.agenda.add(limit, Phase.ENTRY_LIMIT, order.number, order.order_id)
        self._wait(book, WaitingFill(order.order_id, since + self._latency_ns, False))
        book.entries += 1

    def _wait(self, book: Book, waiting: WaitingFill) -> None:
        book.waiting.append(waiting)
        book.arm()

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

    def _restore(self) -> None:
        """Take up what a ledger from before left open: entries, exits and positions."""
        for order in self.ledger.orders.values():
            if order.state is _S.SUBMITTED:
                self._wait_for_entry(order, self.book_of(order.tradingsymbol), order.submitted_ts)
        for position in self.ledger.open_positions():
            self._restore_position(position, self.book_of(position.tradingsymbol))
        for book in self.books:
            book.waiting.sort(key=self._wait_seq)

    def _restore_position(self, position: Position, book: Book) -> None:
        book.mark_entry(position.number, ltp=position.entry_paise, input_no=-1)
        self._hold(position, book)
        pending = position.pending
        if pending is not None and pending.settling:
            self._settling.add(position.order_id)
        elif pending is not None and position.order_id in self._settling:
            pass  # an exit that waited when the contract expired: only the settlement closes it
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


def _by_number(numbered: Order | Position) -> int:
    return numbered.number


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
