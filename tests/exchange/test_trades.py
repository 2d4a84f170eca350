"""Trades in `fill_mode: depth`: entries and exits in parts, escalation, exactly one close."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from daemon.domain.dates import SECOND_NS
from daemon.domain.events import ExchangeOrderMoved, OrderMoved, decode_event, encode_event
from daemon.domain.exchange_order import number_of
from daemon.domain.ledger import Ledger
from daemon.domain.order import OrderState
from daemon.settings.config import LatencyConfig
from tests.exchange.depth_market import DepthMarket
from tests.exchange.desk import ASKS, BIDS
from tests.kit.drive import FixedRules
from tests.kit.market import CALL

THIN = ((100.00, 65), (103.00, 65), (103.05, 65), (103.10, 65), (103.15, 65))


def market(**config: Any) -> DepthMarket:
    made = DepthMarket(enable_trailing=False, enable_time_stop=False, **config)
    made.depth_tick()
    return made


def check(made: DepthMarket) -> None:
    """The ledger is the fold of the events as bytes, and the money is that of the fills."""
    folded = Ledger()
    for event in made.events:
        folded.apply(decode_event(encode_event(event)))
    ledger = made.engine.ledger
    assert folded == ledger
    cash = sum(
        (-1 if side == "BUY" else 1) * quantity * round(price * 100)
        for side, quantity, price in made.fills()
    )
    held = sum(p.cost_paise * p.sign for p in ledger.positions.values())
    assert cash == ledger.cash_paise
    assert cash + held == ledger.realized_paise


def test_f50_an_entry_walks_the_levels_and_its_price_is_cost_by_quantity() -> None:
    made = market()
    made.signal("BUY", 585, 90.0)
    assert made.fills() == [("BUY", 130, 100.00), ("BUY", 195, 100.05), ("BUY", 260, 100.10)]
    position = made.position
    assert (position.quantity, position.cost_paise) == (585, 58_535_75)
    assert position.entry_paise == 100_06  # 100.0611 to the nearest paisa
    assert [state for state, _ in made.moves()] == ["SUBMITTED", "FILLED", "ACTIVE"]
    check(made)


def test_f50_a_rest_that_fills_later_enlarges_the_position() -> None:
    made = DepthMarket(enable_time_stop=False)
    made.depth_tick(asks=THIN)
    made.signal("BUY", 130, 90.0)
    assert made.position.quantity == 65
    made.depth_tick(asks=((101.00, 65), (103.00, 65)))
    assert (made.position.quantity, made.position.entry_paise) == (130, 100_50)
    assert made.position.r_paise == 10_50
    assert made.fills() == [("BUY", 65, 100.00), ("BUY", 65, 101.00)]
    check(made)


def test_f50_an_entry_that_finds_nothing_is_rejected_no_price() -> None:
    made = DepthMarket(reject_after_s=30)
    made.depth_tick(asks=())
    made.signal("BUY", 65, 90.0)
    made.clock(30)
    assert made.moves()[-1] == ("REJECTED", "no_price")
    check(made)


def test_f50_levels_are_asked_on_arrival() -> None:
    made = market()
    made.signal("BUY", 65, 100.00)
    assert made.moves()[-1] == ("REJECTED", "stop_not_protective")
    assert made.fills() == []


def test_f4_what_was_sent_with_latency_acts_at_the_first_tick_after_it() -> None:
    made = DepthMarket(latency_ms=300, enable_time_stop=False)
    made.depth_tick()
    made.signal("BUY", 65, 90.0)
    assert made.fills() == []
    made.depth_tick(asks=((100.20, 65), (100.25, 65)))
    assert made.fills() == [("BUY", 65, 100.20)]
    made.signal("EXIT")
    made.clock(0.4)
    made.depth_tick(bids=((99.50, 65), (99.45, 65)))
    assert made.fills()[1:] == [("SELL", 65, 99.50)]
    check(made)


def test_f51_an_exit_cancels_the_rest_of_the_entry_and_closes_what_is_open() -> None:
    made = DepthMarket(enable_time_stop=False)
    made.depth_tick(asks=THIN)
    made.signal("BUY", 130, 90.0)
    made.signal("EXIT")
    assert made.moves()[-1] == ("CLOSED", "signal_exit")
    assert ("cancelled", "exit_began") in made.exchange_kinds()
    made.depth_tick(asks=((101.00, 65), (103.00, 65)))
    assert made.fills() == [("BUY", 65, 100.00), ("SELL", 65, 99.95)]
    check(made)


def test_f51_what_fills_before_the_cancel_arrives_is_closed_too() -> None:
    made = DepthMarket(latency=LatencyConfig(cancel_ms=2_500), enable_time_stop=False)
    made.depth_tick(asks=THIN, bids=())
    made.signal("BUY", 130, 90.0)
    made.signal("EXIT")
    assert made.moves()[-1] == ("EXIT_PENDING", "signal_exit")
    made.depth_tick(asks=((101.00, 65), (103.00, 65)), bids=())
    made.depth_tick(bids=((101.00, 650),), asks=((103.00, 65),))
    assert made.moves()[-1] == ("CLOSED", "signal_exit")
    assert sum(quantity for side, quantity, _ in made.fills() if side == "SELL") == 130
    check(made)


def test_f51_entry_and_exit_that_fill_at_one_tick_leave_nothing_twice() -> None:
    made = DepthMarket(latency=LatencyConfig(cancel_ms=2_500), enable_time_stop=False)
    made.depth_tick(asks=THIN, bids=())
    made.signal("BUY", 195, 90.0)
    made.signal("EXIT")
    # one row crosses the rest of the entry at 102.00 and the exit at 98.00
    made.depth_tick(asks=((101.00, 65), (103.00, 65)), bids=((99.00, 650),))
    made.depth_tick(asks=((103.00, 65),), bids=((99.00, 1_300),))
    assert made.position.quantity == 0  # while the rest of the entry may still fill
    made.depth_tick(asks=((103.00, 65),), bids=((99.00, 1_300),))
    assert made.moves()[-1] == ("CLOSED", "signal_exit")
    bought, sold = (
        sum(quantity for side, quantity, _ in made.fills() if side == which)
        for which in ("BUY", "SELL")
    )
    assert bought == sold == 130
    check(made)


def test_f52_an_exit_fills_in_parts_and_closes_once() -> None:
    made = market(enable_partial_exit=False)
    made.signal("BUY", 325, 90.0)
    made.depth_tick(89.00, bids=((89.00, 130), (80.00, 65)), asks=((89.50, 65),))
    assert made.engine.ledger.orders[made.position.order_id].state == "SL_PENDING"
    assert made.position.quantity == 195
    made.depth_tick(88.90, bids=((88.00, 650), (80.00, 65)), asks=((89.50, 65),))
    closes = [move for move in made.moves() if move[0] == "CLOSED"]
    assert closes == [("CLOSED", "stop_loss")]
    assert made.fills()[-2:] == [("SELL", 130, 89.00), ("SELL", 195, 87.25)]
    check(made)


def test_f12_the_rest_of_an_exit_is_sent_again_until_it_is_out() -> None:
    made = market(escalate_after_ms=3_000)
    made.signal("BUY", 65, 90.0)
    made.depth_tick(89.00, bids=(), asks=((89.50, 65),))
    made.depth_tick(70.00, bids=((69.00, 65),), asks=((70.50, 65),), after_s=3)
    assert made.moves()[-1] == ("CLOSED", "stop_loss")
    assert ("cancelled", "replaced") in made.exchange_kinds()
    assert made.fills()[-1] == ("SELL", 65, 69.00)
    check(made)


def test_f52_a_partial_exit_leaves_its_part_and_the_rest_its_stop() -> None:
    made = market(enable_partial_exit=True)
    made.signal("BUY", 260, 96.0)
    made.depth_tick(95.90, bids=((95.90, 65), (95.85, 650)), asks=((96.00, 65),))
    assert made.moves()[-1] == ("ACTIVE", "stop_loss")
    assert made.position.quantity == 130
    assert made.fills()[-2:] == [("SELL", 65, 95.90), ("SELL", 65, 95.85)]
    check(made)


def test_f52_a_partial_exit_that_gapped_takes_everything_with_its_last_part() -> None:
    made = market(enable_partial_exit=True)
    made.signal("BUY", 260, 96.0)
    made.depth_tick(80.00, bids=((80.00, 650), (79.95, 650)), asks=((80.05, 65),))
    assert made.moves()[-1] == ("CLOSED", "stop_loss")
    assert sum(quantity for side, quantity, _ in made.fills() if side == "SELL") == 260
    check(made)


def test_f53_an_order_in_parts_is_charged_like_one_fill_of_its_value(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from daemon.rules.loader import load_rulebook

    book = load_rulebook()
    monkeypatch.setattr(FixedRules, "charges", staticmethod(book.charges))
    made = DepthMarket(charges=True, enable_time_stop=False)
    made.depth_tick()
    made.signal("BUY", 585, 90.0)
    position = made.position
    date = made.engine.at.date
    assert date is not None
    whole = book.charges(
        date, made.engine.universe[0], transaction_type="BUY", quantity=1, price_paise=58_535_75
    )
    assert position.charges == Decimal(whole.total)


def test_f60_above_the_freeze_quantity_a_trade_goes_in_slices() -> None:
    made = DepthMarket(enable_time_stop=False)
    made.engine.engine.rules.freeze_quantity = lambda date, instrument: 130  # type: ignore[method-assign]
    big = tuple((price, 6_500) for price, _ in ASKS)
    made.depth_tick(asks=big)
    made.signal("BUY", 325, 90.0)
    assert made.position.quantity == 130
    made.clock(0.1)
    made.clock(0.1)
    assert made.position.quantity == 325
    check(made)


def test_a_kill_switch_closes_what_fills_after_it() -> None:
    made = DepthMarket(latency=LatencyConfig(cancel_ms=5_000), enable_time_stop=False)
    made.depth_tick(asks=())
    made.signal("BUY", 65, 90.0)
    made.command("kill_switch")
    made.depth_tick(asks=((101.00, 65),))
    assert made.moves()[-1] == ("CLOSED", "kill_switch")
    check(made)


def test_a_stop_that_moved_with_the_price_uses_the_average_entry() -> None:
    made = DepthMarket(enable_time_stop=False, enable_partial_exit=False)
    made.depth_tick(asks=THIN)
    made.signal("BUY", 130, 90.0)
    made.depth_tick(asks=((101.00, 65), (103.00, 65)))
    # R is 10.50 from the average of 100.50, a step half of it: 105.75 is one step
    made.depth_tick(105.70, bids=((105.60, 65),), asks=((105.80, 65),))
    assert made.stop == 90.00
    made.depth_tick(105.75, bids=((105.60, 65),), asks=((105.80, 65),))
    assert made.stop == 95.25
    check(made)


def test_with_size_enough_depth_gives_what_bid_ask_gives() -> None:
    results = []
    for mode in ("depth", "bid_ask"):
        made = DepthMarket(fill_mode=mode, slippage_bps=0, enable_time_stop=False)
        made.depth_tick(bids=((99.95, 6_500),), asks=((100.00, 6_500),))
        made.signal("BUY", 130, 95.0, 110.0)
        made.depth_tick(94.00, bids=((93.95, 6_500),), asks=((94.00, 6_500),))
        made.depth_tick(90.00, bids=((89.95, 6_500),), asks=((90.00, 6_500),))
        moves = [e for e in made.events if isinstance(e, OrderMoved)]
        results.append([(e.to_state, e.reason, e.fill and e.fill.price_paise) for e in moves])
    assert results[0] == results[1]


def test_in_simple_modes_no_exchange_event_is_made() -> None:
    made = DepthMarket(fill_mode="bid_ask", slippage_bps=0)
    made.depth_tick()
    made.signal("BUY", 65, 90.0)
    made.signal("EXIT")
    assert not any(isinstance(event, ExchangeOrderMoved) for event in made.events)


def test_without_orders_and_taken_units_nothing_waits_for_ticks() -> None:
    made = market()
    book = made.engine.books[made.engine.universe.index_of(CALL) or 0]
    assert book.skipper is None
    made.signal("BUY", 65, 90.0)
    assert book.skipper is not None  # what was taken is remembered
    made.depth_tick(asks=((101.00, 65), (101.05, 65)))
    assert book.skipper is None


def test_an_entry_that_rests_unfilled_sees_every_tick_that_may_fill_it() -> None:
    made = market()
    far = ((103.00, 65), (103.05, 65))
    made.depth_tick(asks=far)
    made.signal("BUY", 65, 90.0)
    assert not made.fills()
    made.depth_tick(asks=far)
    made.depth_tick(asks=far)
    made.depth_tick(asks=((100.50, 65), (101.05, 65)))
    assert made.fills() == [("BUY", 65, 101.00)]  # a future's protection: 1 %


def test_an_exit_that_meets_no_book_is_forced_at_the_end_of_the_session() -> None:
    made = market()
    made.signal("BUY", 65, 90.0)
    made.depth_tick(89.00, bids=(), asks=((89.50, 65),))
    made.clock(6 * 3600 + 900)
    closed = [e for e in made.events if isinstance(e, OrderMoved) and e.to_state == "CLOSED"]
    assert [(e.reason, e.fill and e.fill.stale) for e in closed] == [("stop_loss", True)]
    assert made.engine.ledger.orders_by_state() == {OrderState.ARCHIVED: 1}
    check(made)


def test_the_book_of_the_stories_is_that_of_the_examples() -> None:
    assert (ASKS[0], BIDS[0]) == ((100.00, 130), (99.95, 65))


def test_f4_a_request_whose_latency_is_over_sees_the_next_tick_of_its_instrument() -> None:
    made = market(latency=LatencyConfig(enter_ms=150))
    book = made.engine.books[0]
    made.signal("BUY", 65, 90.0)
    assert book.skipper is None
    made.clock(0.2)  # another instrument's tick, or nothing but time
    assert book.skipper is not None
    made.depth_tick()
    assert made.position.quantity == 65


def test_f4_an_exit_in_flight_acts_at_the_first_tick_after_its_latency() -> None:
    made = market(latency=LatencyConfig(enter_ms=150))
    made.signal("BUY", 65, 90.0)
    made.depth_tick()
    made.depth_tick(100.50, bids=((100.40, 65),), asks=((100.60, 65),))
    made.signal("EXIT")
    made.clock(1)  # its time comes at an input that is no tick
    made.depth_tick(100.50, bids=((100.40, 65),), asks=((100.60, 65),))
    assert made.moves()[-1] == ("CLOSED", "signal_exit")


def test_f51_an_entry_that_fills_in_the_tick_of_its_exit_is_not_closed_twice() -> None:
    made = DepthMarket(latency=LatencyConfig(cancel_ms=2_500), enable_time_stop=False)
    made.depth_tick(asks=THIN, bids=())
    made.signal("BUY", 130, 90.0)
    made.signal("EXIT")
    made.depth_tick(bids=((100.50, 65),), asks=((101.00, 65), (103.00, 65)))
    assert made.position.quantity == 65
    made.depth_tick(bids=((100.50, 650),), asks=((103.00, 65),))
    assert made.moves()[-1] == ("CLOSED", "signal_exit")
    sides = [(side, quantity) for side, quantity, _ in made.fills()]
    assert sides == [("BUY", 65), ("BUY", 65), ("SELL", 65), ("SELL", 65)]
    check(made)


def test_exchange_orders_of_a_trade_are_numbered_through() -> None:
    made = market()
    made.signal("BUY", 65, 90.0)
    made.signal("EXIT")
    (order,) = made.engine.ledger.orders.values()
    assert order.exchange_orders == 2
    assert number_of("X-20261117-000029-12/3") == 12


def test_an_exit_that_fills_with_the_last_of_the_entry_is_not_sent_twice() -> None:
    market = DepthMarket(latency_ms=700, enable_partial_exit=False)
    market.depth_tick(100, asks=((100.00, 65), (103.00, 650)))
    market.signal("BUY", 195, sl=95.0)
    market.depth_tick(100, asks=((100.00, 65), (103.00, 650)))
    market.depth_tick(94, asks=((103.00, 650),))  # the exit of 65 is on its way
    market.depth_tick(94, bids=((93.50, 650),), asks=((100.90, 650),))
    for _ in range(3):
        market.depth_tick(94, bids=((93.50, 650),), asks=((100.90, 650),), growth=65)
    sold = [quantity for side, quantity, _ in market.fills() if side == "SELL"]
    assert sold == [65, 130]
    assert market.engine.ledger.positions == {}


@pytest.mark.parametrize("latency_ms", [300, 1_000, 1_700])
def test_an_entry_on_its_way_arrives_at_the_next_tick_of_its_only_contract(latency_ms: int) -> None:
    market = DepthMarket(latency_ms=latency_ms)
    market.depth_tick()
    market.signal("BUY", 65)
    for _ in range(3):
        market.depth_tick()
    filled_ts = next(e.ts for e in market.events if isinstance(e, OrderMoved) and e.fill)
    assert filled_ts == market.events[0].ts + -(-latency_ms // 1000) * SECOND_NS
