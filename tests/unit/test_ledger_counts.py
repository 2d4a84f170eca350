"""What the ledger counts and sums, against numbers worked out by hand."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from daemon.domain.dates import MINUTE_NS, SECOND_NS, ist_day, ist_ns
from daemon.domain.events import Charges, ExitDemand, Fill, Levels, TradingEvent
from daemon.domain.ledger import FillTally, Ledger, StrategyTally, has_book_side, is_optimistic
from daemon.domain.order import OrderState as S
from tests.kit.sample_events import START, EventWriter, sample_events

CALL = "NIFTY26NOV25000CE"
DAY = ist_day(START)
DAY_NS = 24 * 60 * MINUTE_NS


def folded(events: list[TradingEvent]) -> Ledger:
    ledger = Ledger()
    for event in events:
        ledger.apply(event)
    return ledger


def opened(w: EventWriter, side: Any = "BUY", price: int = 10_000, **fill: Any) -> str:
    order = w.create(CALL, side, 25)
    w.move(order, S.CREATED, S.SUBMITTED, "submitted")
    w.move(order, S.SUBMITTED, S.FILLED, "filled", fill=w.fill(side, 25, price, **fill))
    w.move(order, S.FILLED, S.ACTIVE, "active", levels=Levels(stop_paise=9_500))
    return order


def closed(w: EventWriter, order: str, realized: int, *, due_ts: int = 0, **fill: Any) -> None:
    demand = ExitDemand(quantity=25)
    w.move(order, S.ACTIVE, S.EXIT_PENDING, "signal_exit", demand=demand)
    out = w.fill("SELL", 25, 10_000, realized_paise=realized, **fill)
    w.move(order, S.EXIT_PENDING, S.CLOSED, "signal_exit", fill=out, due_ts=due_ts)


def test_a_ledger_begins_with_nothing() -> None:
    assert msgspec.to_builtins(Ledger()) == {
        "seq": 0, "orders": {}, "positions": {}, "closed": {}, "total_orders": 0, "day": "",
        "orders_today": 0, "realized_paise": 0, "realized_bid_ask_paise": 0, "cash_paise": 0,
        "charges": "0", "archived": 0, "refusals": {}, "exits": {}, "strategies": {},
        "fill_tally": {
            "fills": 0, "quote_older_than_1s": 0, "stale": 0, "walked": 0, "after_gap": 0,
            "optimistic": 0, "settled": 0, "no_book": 0,
        },
        "exchange": {
            "day": 0, "working": {}, "fills": {}, "units": {}, "refused": {}, "cancelled": {},
        },
        "gtts": {}, "total_gtts": 0, "watches": {}, "rounds": {}, "plans": {}, "untraded_id": "",
            "evidence": "",
            "untraded": {
                "positions": {}, "realized_paise": 0, "cash_paise": 0, "charges": "0", "day": 0,
                "realized_today_paise": 0, "charges_today": "0",
            },
        "risk": {"state": "ACTIVE", "reason": "", "until_ts": 0, "ordered": "ACTIVE"},
        "margin": {"level": 0, "peak_rupees": 0}, "m2m_paise": 0, "marks": 0,
    }  # fmt: skip
    assert msgspec.to_builtins(StrategyTally()) == {
        "day": 0, "trades_today": 0, "loss_streak": 0, "entries": 0, "closed": 0,
        "realized_paise": 0, "realized_today_paise": 0, "charges": "0", "charges_today": "0",
        "lost_ts": 0,
    }  # fmt: skip


def test_the_sums_of_a_session_are_what_a_person_adds_up() -> None:
    ledger = folded(sample_events(archive=False))
    assert (ledger.total_orders, ledger.day, ledger.orders_today) == (6, "20261118", 6)
    assert ledger.realized_paise == -6_500 + 30_000 - 4_000
    assert ledger.realized_bid_ask_paise == -6_750 + 29_750 - 4_100
    assert ledger.cash_paise == (
        (-50 * 10_000 + 25 * 9_740 + 25 * 11_200)
        + 20 * (5_000_000 - 5_000_200)
        + 75 * 2_500_000
    )  # fmt: skip
    assert ledger.charges == 6 * Decimal("23.60")
    assert ledger.refusals == {"lot_size": 1, "no_price": 1, "square_off": 1}
    assert ledger.exits == {"trailing_stop": 1, "take_profit": 1, "time_stop": 1}
    assert ledger.fill_tally == FillTally(
        fills=6, quote_older_than_1s=1, stale=1, walked=1, after_gap=1, optimistic=5, no_book=1
    )
    [lost_ts] = [each.closed_ts for each in ledger.closed.values() if each.realized_paise < 0]
    assert ledger.strategies == {
        "orb": StrategyTally(
            day=DAY, trades_today=3, loss_streak=1, entries=3, closed=2, realized_paise=19_500,
            realized_today_paise=19_500, charges=6 * Decimal("23.60"),
            charges_today=6 * Decimal("23.60"), lost_ts=lost_ts,
        ),
        "mean_revert": StrategyTally(day=DAY),
    }  # fmt: skip
    assert ledger.archived == 0
    assert len(ledger.closed) == 2
    assert ledger.orders_by_state() == {"CLOSED": 2, "REJECTED": 2, "CANCELLED": 1, "ACTIVE": 1}


def test_archived_orders_leave_and_are_still_counted() -> None:
    ledger = folded(sample_events())
    assert ledger.archived == 5
    assert ledger.closed == {}
    assert [order.number for order in ledger.orders.values()] == [6]
    assert ledger.total_orders == 6


def test_orders_are_numbered_through_and_counted_by_day() -> None:
    w = EventWriter()
    w.create(CALL, "BUY", 25)
    w.create(CALL, "BUY", 25)
    w.next_input(DAY_NS)
    created = msgspec.structs.replace(
        sample_events()[0], seq=3, order_id="V3-20261119-000001", ts=w.ts
    )
    ledger = folded([*w.events, created])
    assert (ledger.total_orders, ledger.day, ledger.orders_today) == (3, "20261119", 1)
    assert [order.number for order in ledger.orders.values()] == [1, 2, 3]


def test_a_position_keeps_how_it_began_and_what_an_exit_took() -> None:
    w = EventWriter()
    order = opened(w, bid_ask_paise=10_005)
    ledger = folded(w.events)
    position = ledger.positions[order]
    assert (position.cash_paise, position.cost_paise) == (-250_000, 250_000)
    assert (position.initial_stop_paise, position.stop_paise) == (9_500, 9_500)
    assert not position.on_rest
    assert position.exit_fills == 0
    assert position.charges == Decimal("23.60")
    assert (ledger.orders[order].submitted_ts, ledger.orders[order].submitted_seq) == (START, 2)
    assert ledger.orders[order].filled_quantity == 25
    assert ledger.is_open(order)
    closed(w, order, 0)
    for event in w.events[4:]:
        ledger.apply(event)
    assert not ledger.is_open(order)
    assert not ledger.is_open("V3-20261118-000009")
    assert (position.exit_fills, position.quantity, position.cost_paise) == (1, 0, 0)
    assert position.cash_paise == 0
    assert position.pending is None
    assert (position.exit_reason, position.closed_ts) == ("signal_exit", w.ts)


def test_a_ladder_begins_again_below_the_rest_that_a_partial_exit_leaves() -> None:
    w = EventWriter()
    order = opened(w)
    w.stop(order, 9_500, 9_750, 2, 10_500)
    ledger = folded(w.events)
    assert ledger.positions[order].ladder_steps == 2
    demand = ExitDemand(quantity=10, partial=True)
    w.move(order, S.ACTIVE, S.SL_PENDING, "trailing_stop", demand=demand)
    fill = w.fill("SELL", 10, 9_740, realized_paise=-2_600, realized_bid_ask_paise=-2_700)
    levels = Levels(stop_paise=9_600, anchor_paise=9_750)
    w.move(order, S.SL_PENDING, S.ACTIVE, "trailing_stop", fill=fill, levels=levels)
    for event in w.events[5:]:
        ledger.apply(event)
    position = ledger.positions[order]
    assert position.on_rest
    assert (position.ladder_steps, position.stop_paise) == (0, 9_600)
    assert position.initial_stop_paise == 9_500
    assert (position.quantity, position.cost_paise) == (15, 150_000)
    assert (position.realized_paise, position.realized_bid_ask_paise) == (-2_600, -2_700)


@pytest.mark.parametrize(("results", "streak"), [
    ([-1, -1], 2), ([-1, 0], 0), ([-1, 5, -3], 1), ([0], 0),
])  # fmt: skip
def test_a_streak_counts_losses_since_the_last_trade_that_was_none(
    results: list[int], streak: int
) -> None:
    w = EventWriter()
    for realized in results:
        closed(w, opened(w), realized)
    assert folded(w.events).strategies["orb"].loss_streak == streak


def test_what_is_of_today_begins_again_on_the_next_day() -> None:
    w = EventWriter()
    kept = opened(w)
    closed(w, opened(w), -700)
    assert folded(w.events).strategies["orb"].trades_today == 2
    w.next_input(DAY_NS)
    opened(w)
    tally = folded(w.events).strategies["orb"]
    assert (tally.day, tally.trades_today, tally.loss_streak) == (DAY + 1, 1, 0)
    assert (tally.realized_paise, tally.realized_today_paise) == (-700, 0)
    assert (tally.entries, tally.closed) == (3, 1)
    closed(w, kept, 300)
    tally = folded(w.events).strategies["orb"]
    assert (tally.realized_paise, tally.realized_today_paise) == (-400, 300)


def test_an_exit_counts_on_the_day_that_it_was_due() -> None:
    w = EventWriter()
    order = opened(w)
    due = w.ts
    w.next_input(DAY_NS)
    closed(w, order, -500, due_ts=due)
    tally = folded(w.events).strategies["orb"]
    assert (tally.day, tally.realized_today_paise, tally.loss_streak) == (DAY, -500, 1)


@pytest.mark.parametrize(("later_ns", "left"), [(SECOND_NS, 1), (DAY_NS, 1)])
def test_an_entry_that_came_to_nothing_was_no_trade_of_its_day(later_ns: int, left: int) -> None:
    w = EventWriter()
    waiting = w.create(CALL, "BUY", 25)
    w.move(waiting, S.CREATED, S.SUBMITTED, "submitted")
    w.next_input(later_ns)
    other = w.create(CALL, "BUY", 25)
    w.move(other, S.CREATED, S.SUBMITTED, "submitted")
    w.move(waiting, S.SUBMITTED, S.CANCELLED, "square_off")
    assert folded(w.events).strategies["orb"].trades_today == left


def test_an_order_that_was_refused_at_once_takes_no_trade_away() -> None:
    w = EventWriter()
    opened(w)
    for _ in range(2):
        refused = w.create(CALL, "BUY", 60)
        w.move(refused, S.CREATED, S.REJECTED, "lot_size")
    ledger = folded(w.events)
    assert ledger.strategies["orb"].trades_today == 1
    assert ledger.refusals == {"lot_size": 2}


def test_reasons_of_exits_are_counted() -> None:
    w = EventWriter()
    for _ in range(2):
        closed(w, opened(w), 100)
    assert folded(w.events).exits == {"signal_exit": 2}


@pytest.mark.parametrize(("age_ns", "old"), [
    (SECOND_NS - 1, 0), (SECOND_NS, 0), (SECOND_NS + 1, 1),
])  # fmt: skip
def test_a_quote_is_old_after_more_than_a_second(age_ns: int, old: int) -> None:
    w = EventWriter()
    opened(w, quote_age_ns=age_ns)
    assert folded(w.events).fill_tally.quote_older_than_1s == old


@pytest.mark.parametrize("flag", ["stale", "walked", "after_gap"])
def test_a_fill_is_counted_by_what_was_odd_about_it(flag: str) -> None:
    w = EventWriter()
    opened(w, rule="ask", **{flag: True})
    assert folded(w.events).fill_tally == FillTally(fills=1, **{flag: 1})


def test_a_settlement_has_no_book_and_is_no_fill_without_one() -> None:
    w = EventWriter()
    closed(w, opened(w, rule="ask"), 0, rule="settlement", bid_paise=0, ask_paise=0)
    assert folded(w.events).fill_tally == FillTally(fills=2, settled=1)


def a_fill(**fields: Any) -> Fill:
    return msgspec.structs.replace(EventWriter().fill("BUY", 25, 10_000), **fields)


@pytest.mark.parametrize(("side", "bid", "ask", "there"), [
    ("BUY", 0, 1, True), ("BUY", 1, 0, False), ("SELL", 1, 0, True), ("SELL", 0, 1, False),
])  # fmt: skip
def test_a_buyer_crosses_the_ask_and_a_seller_the_bid(
    side: Any, bid: int, ask: int, there: bool
) -> None:
    fill = a_fill(transaction_type=side, bid_paise=bid, ask_paise=ask)
    assert has_book_side(fill) is there
    assert is_optimistic(fill) is there


@pytest.mark.parametrize(("side", "price", "optimistic"), [
    ("BUY", 9_999, True), ("BUY", 10_000, False), ("BUY", 10_001, False),
    ("SELL", 9_999, False), ("SELL", 10_000, False), ("SELL", 10_001, True),
])  # fmt: skip
def test_a_forced_close_is_optimistic_only_where_it_beat_the_book(
    side: Any, price: int, optimistic: bool
) -> None:
    fill = a_fill(rule="last_quote", transaction_type=side, price_paise=price, bid_ask_paise=10_000)
    assert is_optimistic(fill) is optimistic


@pytest.mark.parametrize(("rule", "optimistic"), [
    ("mid", True), ("ltp", True), ("ltp_for_mid", True), ("ask", False), ("ltp_for_ask", False),
])  # fmt: skip
def test_a_fill_that_did_not_cross_a_spread_that_was_there_is_optimistic(
    rule: str, optimistic: bool
) -> None:
    assert is_optimistic(a_fill(rule=rule)) is optimistic


def test_charges_are_summed_exactly() -> None:
    w = EventWriter()
    for _ in range(3):
        opened(w, charges=Charges(total="0.1"))
    ledger = folded(w.events)
    assert ledger.charges == Decimal("0.3")
    assert ledger.strategies["orb"].charges == Decimal("0.3")


def test_open_positions_come_by_number() -> None:
    w = EventWriter(ts=ist_ns(dt.date(2026, 11, 18), dt.time(10, 0)))
    orders = [opened(w) for _ in range(3)]
    ledger = folded(w.events)
    ledger.positions = {order: ledger.positions[order] for order in reversed(orders)}
    assert [each.order_id for each in ledger.open_positions()] == orders
