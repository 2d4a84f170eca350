"""The worked examples of the exchange, C1 to C20: the numbers are the contract's."""

from __future__ import annotations

from typing import Any

import pytest

from daemon.domain.instrument import Instrument
from daemon.exchange.depth_book import DepthBook
from daemon.exchange.protection import protection_price
from tests.exchange.desk import ASKS, BIDS, SYMBOL, Desk, instrument, told

FIVE_BEYOND = ((100.00, 65), (103.00, 65), (103.05, 65), (103.10, 65), (103.15, 65))


def desk(**execution: Any) -> Desk:
    made = Desk(**execution)
    made.first()
    return made


def bids_with(size: int) -> tuple[tuple[float, int], ...]:
    return ((99.95, 65), (99.90, size), (99.85, 260), (99.80, 325), (99.70, 650))


def test_c1_a_market_takes_the_best_level_and_has_its_protection() -> None:
    made = desk()
    assert told(made.new("A", "BUY", 65)) == [("accepted", ""), ("open", ""), ("filled", "")]
    assert made.fills("A") == [(65, 100.00)]
    assert made.order("A").limit_paise == 102_00
    assert made.status("A") == "COMPLETE"


def test_c2_a_market_walks_the_levels_each_at_its_own_price() -> None:
    made = desk()
    made.new("A", "BUY", 585)
    assert made.fills("A") == [(130, 100.00), (195, 100.05), (260, 100.10)]
    assert sum(quantity * round(price * 100) for quantity, price in made.fills("A")) == 58_535_75


def test_c3_what_was_taken_is_gone_for_the_next_order() -> None:
    made = desk()
    made.new("A", "BUY", 585)
    made.new("B", "BUY", 195)
    assert made.fills("B") == [(195, 100.20)]


def test_c4_what_a_level_shows_more_is_available() -> None:
    made = desk()
    made.new("A", "BUY", 585)
    made.new("B", "BUY", 195)
    made.tick(asks=(*ASKS[:2], (100.10, 325), *ASKS[3:]))
    made.new("C", "BUY", 130)
    assert made.fills("C") == [(65, 100.10), (65, 100.20)]


def test_c5_a_market_beyond_five_levels_is_still_taking_then_rests_and_is_crossed() -> None:
    made = desk()
    made.new("A", "BUY", 2600)
    order = made.order("A")
    assert (order.filled, order.pending, order.taking, order.limit_paise) == (
        1560,
        1040,
        True,
        102_00,
    )
    made.tick(asks=((100.20, 130), (100.30, 65), (102.50, 65)))
    assert made.fills("A")[5:] == [(65, 100.30)]
    assert (order.pending, order.taking, made.ahead("A")) == (975, False, 0)
    (event,) = made.tick(asks=((101.90, 130), (102.50, 65)))
    assert (event["rule"], event["quantity"], event["price"]) == ("cross", 130, 102_00)


@pytest.mark.parametrize(
    ("kind", "step", "ltp", "buy", "sell"),
    [
        ("CE", 5, 800, 840, 760),
        ("CE", 5, 50_00, 51_50, 48_50),
        ("CE", 5, 99_95, 102_90, 97_00),
        ("CE", 5, 234_00, 238_65, 229_35),
        ("CE", 5, 510_00, 515_10, 504_90),
        ("CE", 5, 50, 55, 45),
        ("FUT", 10, 23_450_00, 23_567_20, 23_332_80),
    ],
)
def test_c6_protection(kind: Any, step: int, ltp: int, buy: int, sell: int) -> None:
    row = Instrument(
        instrument_token=1,
        tradingsymbol="X",
        instrument_type=kind,
        tick_paise=step,
    )
    book = DepthBook(row)
    assert protection_price(book, True, None, ltp) == buy
    assert protection_price(book, False, -1, ltp) == sell


def test_c7_the_part_of_a_limit_that_is_within_it_is_taken_and_the_rest_rests() -> None:
    made = desk()
    made.limit("A", "BUY", 455, 100.05)
    assert made.fills("A") == [(130, 100.00), (195, 100.05)]
    assert (made.order("A").pending, made.ahead("A")) == (130, 0)


@pytest.mark.parametrize(("evidence", "after_second"), [("last_qty", 65), ("volume", 0)])
def test_c8_the_queue_moves_with_what_trades_at_the_price(evidence: str, after_second: int) -> None:
    made = desk(queue_evidence=evidence)
    made.limit("A", "BUY", 130, 99.90)
    assert made.ahead("A") == 195
    made.tick(99.90, growth=65, ltq=65, bids=bids_with(130))
    assert made.ahead("A") == 130
    made.tick(99.90, growth=130, ltq=65, bids=bids_with(130))
    assert made.ahead("A") == after_second
    if evidence == "volume":
        return
    (event,) = made.tick(
        99.90, growth=195, ltq=130, bids=bids_with(65), asks=((99.95, 65), *ASKS[:4])
    )
    assert (event["quantity"], event["price"], event["rule"]) == (65, 99_90, "at")
    assert made.ahead("A") == 0
    bids = ((99.85, 65), (99.80, 65), (99.75, 65), (99.70, 65), (99.65, 65))
    (event,) = made.tick(99.85, growth=65, ltq=65, bids=bids, asks=((99.90, 130), *ASKS[:4]))
    assert (event["quantity"], event["price"], event["rule"]) == (65, 99_90, "cross")
    assert made.status("A") == "COMPLETE"


def test_c9_a_triggered_stop_is_a_limit_and_is_never_compared_again() -> None:
    made = desk()
    made.stop("A", "BUY", 65, 100.50, 101.00)
    assert made.status("A") == "TRIGGER PENDING"
    assert told(made.tick(101.20, asks=((101.25, 65),))) == [("triggered", "")]
    assert (made.status("A"), made.fills("A")) == ("OPEN", [])
    made.tick(99.80, asks=((99.85, 65),), bids=((99.75, 65),))
    assert made.fills("A") == [(65, 101.00)]


def test_c10_slm_on_an_option_is_refused() -> None:
    made = desk()
    events = made.new("A", "SELL", 65, order_type="SL-M", trigger=99.00)
    assert told(events) == [("rejected", "slm_on_options")]


def test_c11_ioc_takes_what_it_can_and_the_rest_is_cancelled() -> None:
    made = desk()
    events = made.limit("A", "BUY", 455, 100.05, validity="IOC")
    assert made.fills("A") == [(130, 100.00), (195, 100.05)]
    assert told(events)[-1] == ("cancelled", "ioc_rest")
    assert made.order("A").pending == 130


def test_c12_a_cancel_that_arrives_after_the_last_fill_is_refused() -> None:
    made = desk(latency={"cancel_ms": 150})
    made.limit("A", "BUY", 65, 99.90)
    sent = made.ms
    made.cancel("A")
    made.tick(99.85, growth=65, asks=((99.90, 65), (99.95, 65)), bids=((99.80, 65),))
    assert made.status("A") == "COMPLETE"
    (event,) = made.clock()
    assert (event["event"], event["reason"]) == ("cancel_refused", "already_filled")
    assert event["ts"] == (sent + 200) * 1_000_000


def test_c13_above_the_freeze_quantity_an_order_goes_in_slices() -> None:
    made = Desk(instrument(freeze=1800))
    made.first()
    made.limit("A", "BUY", 3900, 99.00)
    assert list(made.exchange.orders) == ["A/1"]
    made.clock()
    made.clock()
    sizes = [made.order(label).quantity for label in ("A/1", "A/2", "A/3")]
    assert sizes == [1755, 1755, 390]


def test_c14_limit_price_protection() -> None:
    made = Desk(refusals={"lpp": "on"})
    made.first(20.00, asks=((20.05, 65),), bids=((20.00, 65),))
    made.tick(20.00, growth=65, after_ms=1000, asks=((20.05, 65),), bids=((20.00, 65),))
    made.tick(20.00, after_ms=30_000, asks=((20.05, 65),), bids=((20.00, 65),))
    events = made.limit("A", "BUY", 65, 41.00)
    assert told(events) == [("accepted", ""), ("rejected", "lpp")]
    assert events[-1]["numbers"] == {"price_paise": 41_00, "low_paise": 5, "high_paise": 40_00}
    made.limit("B", "BUY", 65, 40.00)
    assert made.status("B") == "COMPLETE"


def test_c15_an_entry_rests_at_its_protection_and_is_crossed_there() -> None:
    made = Desk()
    made.first(asks=FIVE_BEYOND)
    made.new("A", "BUY", 130)
    assert made.fills("A") == [(65, 100.00)]
    assert (made.order("A").limit_paise, made.order("A").taking) == (102_00, False)
    made.tick(asks=((101.00, 65), (103.00, 65)))
    assert made.fills("A")[1:] == [(65, 102.00)]


def test_c15_an_entry_that_still_takes_pays_the_levels_prices() -> None:
    made = Desk()
    levels = ((100.00, 65), (100.50, 65), (101.00, 65), (101.50, 65), (101.95, 65))
    made.first(asks=levels)
    made.limit("B", "BUY", 325, 101.95)
    made.tick(asks=((100.00, 130), *levels[1:]))
    made.new("A", "BUY", 130)
    assert made.fills("A") == [(65, 100.00)]
    assert made.order("A").taking
    made.tick(asks=((100.20, 65), *levels[1:]))
    assert made.fills("A")[1:] == [(65, 100.20)]


def test_c16_a_stop_that_does_not_fill_is_followed_by_a_protected_market() -> None:
    made = Desk()
    made.first()
    made.stop("A", "SELL", 65, 90.00, 89.00, group="T", open=65, is_exit=True)
    bids = ((87.95, 65),)
    made.tick(88.00, bids=bids, asks=((88.50, 65),))
    assert (made.status("A"), made.fills()) == ("OPEN", [])
    assert made.clock(2_999) == []
    events = made.clock(1)
    assert told(events) == [
        ("accepted", ""), ("cancelled", "replaced"), ("open", ""), ("filled", "")
    ]  # fmt: skip
    assert events[-1]["order"] == "A/1"
    assert made.order("A/1").limit_paise == 85_35  # 3 % under the best bid, 87.95
    assert made.fills("A/1") == [(65, 87.95)]


@pytest.mark.parametrize("quiet", [False, True])
@pytest.mark.parametrize(("growth", "first"), [(650, 0), (715, 65)])
def test_c17_two_orders_behind_the_same_queue_never_fill_from_one_unit(
    growth: int, first: int, quiet: bool
) -> None:
    bids = ((99.95, 65), (99.90, 650), (99.85, 260), (99.80, 325), (99.70, 650))
    made = Desk(queue_evidence="volume")
    made.first(bids=bids)
    made.limit("A", "BUY", 65, 99.90)
    made.limit("B", "BUY", 65, 99.90)
    assert (made.ahead("A"), made.ahead("B")) == (650, 715)
    if quiet:
        made.tick(99.90, bids=bids)
    made.tick(99.90, growth=growth, bids=bids)
    assert (made.order("A").filled, made.order("B").filled) == (first, 0)


def test_c18_one_tick_gives_no_more_than_its_growth_at_two_prices() -> None:
    made = desk()
    made.limit("A", "BUY", 65, 99.90)
    made.limit("B", "BUY", 65, 99.85)
    made.tick(99.80, growth=65)
    assert (made.order("A").filled, made.order("B").filled) == (65, 0)
    assert made.driver.events[-1]["rule"] == "through"


def test_c19_a_limit_beyond_five_levels_is_still_taking_too() -> None:
    made = desk()
    made.limit("A", "BUY", 2600, 102.00)
    assert made.order("A").filled == 1560
    levels = ((100.25, 260), (100.30, 260), (100.35, 260), (100.40, 260), (100.45, 260))
    made.tick(asks=levels)
    assert made.fills("A")[5:] == [(260, 100.25), (260, 100.30), (260, 100.35), (260, 100.40)]


def test_c20_target_and_stop_at_the_exchange_never_reverse_the_position() -> None:
    made = desk()
    made.stop("S", "SELL", 65, 99.00, 98.00, group="T", open=65, is_exit=True)
    made.limit("P", "SELL", 65, 100.80, group="T", open=65, is_exit=True)
    events = made.tick(98.90, bids=((101.00, 65),), asks=((101.50, 65),))
    assert [(event["order"], event["event"], event["reason"]) for event in events] == [
        ("P", "filled", ""), ("S", "cancelled", "exit_group")
    ]  # fmt: skip
    assert made.fills("P") == [(65, 100.80)]


def test_the_book_of_the_examples_is_the_one_they_name() -> None:
    assert (SYMBOL[-2:], BIDS[0], ASKS[0]) == ("CE", (99.95, 65), (100.00, 130))
