"""A small coherent session of trading events: every kind of life that an order can have."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

from daemon.domain.dates import MINUTE_NS, SECOND_NS, ist_ns
from daemon.domain.events import (
    Charges,
    ExitDemand,
    Fill,
    Levels,
    OrderCreated,
    OrderMoved,
    StopMoved,
    TradingEvent,
)
from daemon.domain.order import ExitRules, OrderState, Side

S = OrderState
START = ist_ns(dt.date(2026, 11, 18), dt.time(9, 20))
RULES = ExitRules(enable_partial_exit=True, enable_trailing=True, time_stop_bars=20)


class EventWriter:
    """Numbers events as a journal does: `seq` dense, one input per second."""

    def __init__(self, *, ts: int = START, first_order: int = 1) -> None:
        self.events: list[TradingEvent] = []
        self.ts = ts
        self.input_no = 0
        self.orders = first_order - 1

    def next_input(self, ns: int = SECOND_NS) -> None:
        """The next events are decided at a later input."""
        self.ts += ns
        self.input_no += 1

    def _stamp(self) -> dict[str, Any]:
        return {"seq": len(self.events) + 1, "ts": self.ts, "input_no": self.input_no}

    def create(self, symbol: str, side: Side, quantity: int, **fields: Any) -> str:
        self.orders += 1
        order_id = f"V3-20261118-{self.orders:06d}"
        defaults: dict[str, Any] = {
            "product": "MIS",
            "lot_size": 25,
            "tick_paise": 5,
            "sl_paise": None,
            "tp_paise": None,
            "exits": RULES,
            "strategy_id": "orb",
            "timeframe": "1m",
        }
        event = OrderCreated(
            **self._stamp(),
            order_id=order_id,
            tradingsymbol=symbol,
            transaction_type=side,
            quantity=quantity,
            **(defaults | fields),
        )
        self.events.append(event)
        return order_id

    def move(self, order_id: str, source: S, to: S, reason: str, **fields: Any) -> None:
        self.events.append(
            OrderMoved(
                **self._stamp(),
                order_id=order_id,
                from_state=source,
                to_state=to,
                reason=reason,
                **fields,
            )
        )

    def stop(self, order_id: str, old: int, new: int, steps: int, ltp: int) -> None:
        self.events.append(
            StopMoved(
                **self._stamp(),
                order_id=order_id,
                stop_from_paise=old,
                stop_to_paise=new,
                steps=steps,
                ltp_paise=ltp,
            )
        )

    def fill(self, side: Side, quantity: int, price: int, **fields: Any) -> Fill:
        defaults: dict[str, Any] = {
            "rule": "mid",
            "base_half_paise": 2 * price,
            "slippage_half_paise": 0,
            "ltp_paise": price,
            "bid_paise": price - 5,
            "ask_paise": price + 5,
            "quote_ts": self.ts - SECOND_NS // 4,
            "quote_age_ns": SECOND_NS // 4,
            "bid_ask_paise": price + 5 if side == "BUY" else price - 5,
            "charges": Charges(brokerage="20", total="23.60"),
        }
        return Fill(
            transaction_type=side, quantity=quantity, price_paise=price, **(defaults | fields)
        )


def sample_events(*, archive: bool = True) -> list[TradingEvent]:
    """The session: see the functions below; without `archive` the closed orders stay."""
    w = EventWriter()
    winner = worked_example(w)
    refused = refused_by_lot(w)
    slow = short_time_stop(w)
    unpriced = never_priced(w)
    cancelled = cancelled_at_square_off(w)
    left_open(w)
    if archive:
        w.next_input(MINUTE_NS)
        for order_id, state in (
            (winner, S.CLOSED),
            (refused, S.REJECTED),
            (slow, S.CLOSED),
            (unpriced, S.REJECTED),
            (cancelled, S.CANCELLED),
        ):
            w.move(order_id, state, S.ARCHIVED, "session_end")
    return w.events


def worked_example(w: EventWriter) -> str:
    """Return the example of SEMANTICS, "Exits of one position": +235.00 gross."""
    w.next_input()
    symbol = "NIFTY26NOV25000CE"
    order = w.create(symbol, "BUY", 50, sl_paise=9500, tp_paise=11200, note="range broken")
    w.move(order, S.CREATED, S.SUBMITTED, "submitted")
    w.move(order, S.SUBMITTED, S.FILLED, "filled", fill=w.fill("BUY", 50, 10000))
    levels = Levels(stop_paise=9500, target_paise=11200, anchor_paise=10000, r_paise=500)
    w.move(order, S.FILLED, S.ACTIVE, "active", levels=levels)
    w.next_input()
    w.stop(order, 9500, 9750, 1, 10250)
    w.next_input()
    demand = ExitDemand(quantity=25, partial=True, level_paise=9750, ltp_paise=9740)
    w.move(order, S.ACTIVE, S.SL_PENDING, "trailing_stop", demand=demand)
    fill = w.fill("SELL", 25, 9740, realized_paise=-6500, realized_bid_ask_paise=-6750)
    levels = Levels(stop_paise=9500, target_paise=11200, anchor_paise=9750, r_paise=500)
    w.move(order, S.SL_PENDING, S.ACTIVE, "trailing_stop", fill=fill, levels=levels)
    w.next_input()
    w.stop(order, 9500, 9750, 1, 10000)
    w.next_input(MINUTE_NS)
    demand = ExitDemand(quantity=25, level_paise=11200, ltp_paise=11200)
    w.move(order, S.ACTIVE, S.TP_PENDING, "take_profit", demand=demand)
    fill = w.fill("SELL", 25, 11200, realized_paise=30000, realized_bid_ask_paise=29750)
    w.move(order, S.TP_PENDING, S.CLOSED, "take_profit", fill=fill)
    return order


def refused_by_lot(w: EventWriter) -> str:
    """An order whose quantity is not whole lots."""
    w.next_input()
    order = w.create("NIFTY26NOV25000CE", "BUY", 60)
    numbers = {"quantity": 60, "lot_size": 25}
    w.move(order, S.CREATED, S.REJECTED, "lot_size", numbers=numbers)
    return order


def short_time_stop(w: EventWriter) -> str:
    """A short that runs out of time: -40.00 gross, filled from an old, stale, walked quote."""
    w.next_input()
    order = w.create("BANKNIFTY26NOVFUT", "SELL", 20, lot_size=20, tick_paise=20, sl_paise=5100000)
    w.move(order, S.CREATED, S.SUBMITTED, "submitted")
    no_book = {"bid_paise": 0, "ask_paise": 0, "bid_ask_paise": 5000000}
    entry = w.fill("SELL", 20, 5000000, rule="ltp_for_mid", **no_book)
    w.move(order, S.SUBMITTED, S.FILLED, "filled", fill=entry)
    levels = Levels(stop_paise=5100000, anchor_paise=5000000, r_paise=100000)
    w.move(order, S.FILLED, S.ACTIVE, "active", levels=levels)
    w.next_input(20 * MINUTE_NS)
    demand = ExitDemand(quantity=20, ltp_paise=5000100, bars_held=20)
    due = w.ts - 2 * SECOND_NS
    w.move(order, S.ACTIVE, S.EXIT_PENDING, "time_stop", demand=demand, due_ts=due)
    w.next_input()
    exit_fill = w.fill(
        "BUY",
        20,
        5000200,
        base_half_paise=10000301,
        slippage_half_paise=99,
        stale=True,
        walked=True,
        after_gap=True,
        quote_age_ns=7 * SECOND_NS,
        realized_paise=-4000,
        realized_bid_ask_paise=-4100,
    )
    w.move(order, S.EXIT_PENDING, S.CLOSED, "time_stop", fill=exit_fill)
    return order


def never_priced(w: EventWriter) -> str:
    """An order that waited for a price and got none."""
    w.next_input()
    order = w.create("NIFTY26NOV26000PE", "BUY", 25, strategy_id="mean_revert")
    w.move(order, S.CREATED, S.SUBMITTED, "submitted")
    w.next_input(30 * SECOND_NS)
    w.move(order, S.SUBMITTED, S.REJECTED, "no_price", numbers={"waited_ns": 30 * SECOND_NS})
    return order


def cancelled_at_square_off(w: EventWriter) -> str:
    """A waiting order that the square-off cancelled."""
    w.next_input()
    order = w.create("NIFTY26NOV26000PE", "BUY", 25, strategy_id="mean_revert")
    w.move(order, S.CREATED, S.SUBMITTED, "submitted")
    w.next_input()
    w.move(order, S.SUBMITTED, S.CANCELLED, "square_off")
    return order


def left_open(w: EventWriter) -> str:
    """A position that is still open, without levels."""
    w.next_input()
    order = w.create("NIFTY26NOVFUT", "SELL", 75, lot_size=75, tick_paise=10, product="NRML")
    w.move(order, S.CREATED, S.SUBMITTED, "submitted")
    fill = w.fill("SELL", 75, 2500000, base_half_paise=5000050, slippage_half_paise=50)
    w.move(order, S.SUBMITTED, S.FILLED, "filled", fill=fill)
    w.move(order, S.FILLED, S.ACTIVE, "active", levels=Levels(anchor_paise=2500000))
    return order


def many_events(rounds: int) -> list[TradingEvent]:
    """A long coherent run: the worked example and a refusal again and again (12 events each)."""
    w = EventWriter()
    for _ in range(rounds):
        worked_example(w)
        refused_by_lot(w)
    return w.events


def by_input(events: list[TradingEvent]) -> Iterator[tuple[int, list[TradingEvent]]]:
    """The events of each input together, as the engine hands them over."""
    group: list[TradingEvent] = []
    for event in events:
        if group and event.input_no != group[0].input_no:
            yield group[0].input_no, group
            group = []
        group.append(event)
    if group:
        yield group[0].input_no, group
