"""Rules F1 to F6: the book, what was taken of it, and when requests act."""

from __future__ import annotations

from typing import Any

import pytest

from tests.exchange.desk import ASKS, BIDS, SYMBOL, Desk, instrument, told

THIN = ((100.00, 130), (100.05, 195))


def desk(**execution: Any) -> Desk:
    made = Desk(**execution)
    made.first()
    return made


def test_f1_a_side_that_is_absent_gives_nothing() -> None:
    made = Desk()
    made.first(asks=())
    made.new("A", "BUY", 65)
    assert (made.fills(), made.status("A")) == ([], "OPEN")


def test_f1_less_than_five_levels_are_the_whole_side() -> None:
    made = Desk()
    made.first(bids=((99.95, 65), (99.90, 195)))
    made.limit("A", "BUY", 65, 99.00)
    assert made.ahead("A") == 0


def test_f1_a_crossed_row_keeps_the_book_and_what_was_taken() -> None:
    made = desk()
    made.new("A", "BUY", 130)
    made.tick(asks=((99.00, 65),), bids=((99.95, 65),))
    made.new("B", "BUY", 65)
    assert made.fills("B") == [(65, 100.05)]


def test_f1_without_sizes_a_fill_is_whole_at_the_ask() -> None:
    made = Desk()
    made.first(bids=None, asks=None, bid=99_95, ask=100_05)
    made.new("A", "BUY", 6500)
    assert made.fills("A") == [(6500, 100.05)]


def test_f1_without_a_book_a_fill_is_whole_at_the_last_price() -> None:
    made = Desk()
    made.first(bids=None, asks=None)
    made.new("A", "SELL", 6500)
    assert made.fills("A") == [(6500, 100.00)]


def test_f2_what_trades_at_a_level_that_did_not_shrink_is_back() -> None:
    made = desk()
    made.new("A", "BUY", 130)
    made.tick(100.00, growth=65)
    made.new("B", "BUY", 130)
    assert made.fills("B") == [(65, 100.00), (65, 100.05)]


def test_f2_a_level_that_shrank_gives_nothing_back() -> None:
    made = desk()
    made.new("A", "BUY", 130)
    made.tick(100.00, growth=65, asks=((100.00, 65), *ASKS[1:]))
    made.new("B", "BUY", 65)
    assert made.fills("B") == [(65, 100.05)]


def test_f2_a_level_that_left_the_book_is_forgotten() -> None:
    made = desk()
    made.new("A", "BUY", 130)
    made.tick(asks=ASKS[1:])
    made.tick()
    made.new("B", "BUY", 65)
    assert made.fills("B") == [(65, 100.00)]


def test_f2_a_gap_forgets_what_was_taken() -> None:
    made = desk()
    made.new("A", "BUY", 130)
    made.gap()
    made.tick()
    made.new("B", "BUY", 65)
    assert made.fills("B") == [(65, 100.00)]


def test_f2_a_silence_forgets_what_was_taken() -> None:
    made = desk(stale_after_s=5)
    made.new("A", "BUY", 130)
    made.tick(after_ms=5_001)
    made.new("B", "BUY", 65)
    assert made.fills("B") == [(65, 100.00)]


def test_f2_a_cross_takes_from_the_best_level_on() -> None:
    made = desk()
    made.limit("A", "BUY", 195, 99.90)
    made.tick(asks=((99.80, 130), (99.90, 130), (100.00, 65)), bids=((99.70, 65),))
    assert made.fills("A") == [(195, 99.90)]
    made.new("B", "BUY", 130)
    assert made.fills("B") == [(65, 99.90), (65, 100.00)]


def test_f3_the_growth_of_a_tick_is_one_budget() -> None:
    made = desk(resting="touch")
    for label in "ABC":
        made.limit(label, "BUY", 65, 99.90)
    made.tick(99.90, growth=130)
    assert [made.order(label).filled for label in "ABC"] == [65, 65, 0]


def test_f3_the_first_row_of_a_day_has_no_growth() -> None:
    made = Desk(resting="touch")
    made.first()
    made.limit("A", "BUY", 65, 99.90)
    assert made.exchange.books[0].growth == 0


def test_f4_with_latency_an_order_acts_at_the_first_tick_after_it() -> None:
    made = desk(latency_ms=150)
    assert told(made.new("A", "BUY", 65)) == [("accepted", "")]
    assert made.tick(after_ms=100, asks=((99.00, 65),), bids=()) == []
    made.tick(after_ms=100)
    assert made.fills("A") == [(65, 100.00)]


def test_f4_a_quote_before_a_gap_is_not_believed() -> None:
    made = desk()
    made.gap()
    made.new("A", "BUY", 65)
    assert made.fills() == []
    made.tick(asks=THIN)
    assert made.fills("A") == [(65, 100.00)]


def test_f4_a_cancel_acts_at_the_first_input_of_any_kind() -> None:
    made = desk(latency={"cancel_ms": 150})
    made.limit("A", "BUY", 65, 99.90)
    made.cancel("A")
    assert made.clock(149) == []
    assert told(made.clock(1)) == [("cancelled", "user")]


def test_f4_a_request_never_overtakes_the_one_ahead_of_it() -> None:
    made = desk(latency={"enter_ms": 200, "cancel_ms": 0})
    made.limit("A", "BUY", 65, 99.90)
    made.cancel("A")
    assert made.clock(100) == []
    assert told(made.tick(after_ms=100)) == [("open", ""), ("cancelled", "user")]


def test_f4_an_entry_in_flight_too_long_is_rejected_but_an_exit_is_not() -> None:
    made = desk(latency_ms=150, reject_after_s=30)
    made.new("A", "BUY", 65)
    made.new("B", "SELL", 65, group="T", open=65, is_exit=True)
    assert told(made.clock(30_000)) == [("rejected", "no_price")]
    assert (made.status("A"), made.status("B")) == ("REJECTED", "NEW")


def test_f5_resting_then_triggers_then_requests() -> None:
    made = desk(latency_ms=50)
    made.limit("R", "SELL", 65, 100.60)
    made.stop("S", "BUY", 65, 100.50, 101.00)
    made.tick()
    made.new("N", "BUY", 65)
    events = made.tick(100.55, growth=65, bids=((100.60, 65),), asks=((100.70, 260), (100.75, 65)))
    assert [event["order"] for event in events if event["event"] == "filled"] == ["R", "S", "N"]


def test_f5_the_better_price_is_first_then_the_earlier_arrival() -> None:
    made = desk(resting="touch")
    made.limit("A", "BUY", 65, 99.85)
    made.limit("B", "BUY", 65, 99.90)
    made.limit("C", "BUY", 65, 99.90)
    made.tick(99.80, growth=195)
    events = made.driver.events
    assert [e["order"] for e in events if e["event"] == "filled"] == ["B", "C", "A"]


def test_f5_of_the_heads_of_both_sides_the_earlier_arrival_is_next() -> None:
    made = Desk()
    made.first(bids=(), asks=())
    made.limit("S", "SELL", 65, 99.90)
    made.limit("B", "BUY", 65, 100.10)
    # the print lies beyond both, but only one unit of growth is there
    made.tick(100.00, growth=65, bids=(), asks=())
    assert (made.order("S").filled, made.order("B").filled) == (65, 0)


def test_f5_older_snapshots_fill_and_trigger_nothing() -> None:
    made = desk()
    made.limit("A", "BUY", 65, 99.90)
    made.stop("S", "SELL", 65, 99.50, 99.00)
    made.volume -= 500
    assert made.tick(99.00, growth=0, asks=((99.80, 65),), bids=()) == []


def test_f6_ioc_takes_and_the_rest_is_cancelled() -> None:
    made = desk()
    assert told(made.limit("A", "BUY", 65, 99.00, validity="IOC"))[-1] == ("cancelled", "ioc_rest")


def test_f6_ioc_with_a_trigger_is_refused() -> None:
    made = desk()
    events = made.stop("A", "BUY", 65, 101.00, 102.00, validity="IOC")
    assert told(events) == [("rejected", "bad_validity")]


def test_f6_ttl_ends_minutes_after_the_arrival() -> None:
    made = desk()
    made.limit("A", "BUY", 65, 99.00, validity="TTL", ttl_minutes=2)
    assert made.clock(119_999) == []
    assert told(made.clock(1)) == [("cancelled", "ttl_over")]


def test_f6_a_day_order_ends_with_the_session_before_any_fill() -> None:
    made = Desk(instrument(closes=60_000 * 1_000_000))
    made.first()
    made.limit("A", "BUY", 65, 99.90)
    events = made.tick(after_ms=60_000, asks=((99.00, 650),), bids=())
    assert told(events) == [("cancelled", "day_over")]


@pytest.mark.parametrize("at", [-1, 22_500_000])
def test_an_order_outside_the_session_is_refused(at: int) -> None:
    made = Desk(instrument(opens=1_000_000))
    made.ms = max(at, 0)
    assert told(made.new("A", "BUY", 65)) == [("rejected", "market_closed")]


def test_another_instrument_is_untouched() -> None:
    other = instrument(symbol="OTHER")
    made = Desk(instrument(), other)
    made.first()
    made.tick(at=1)
    made.limit("A", "BUY", 65, 99.90)
    assert made.tick(98.00, growth=650, asks=((98.05, 650),), bids=(), at=1) == []
    assert SYMBOL in made.driver.symbols
    assert BIDS[0][0] == 99.95
