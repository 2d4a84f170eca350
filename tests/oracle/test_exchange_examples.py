"""The worked examples C1 to C20 of the exchange, asked of its oracle."""

from __future__ import annotations

import dataclasses
from fractions import Fraction
from typing import Any

import pytest

from tests.oracle.exchange_kit import ASKS, BIDS, OPENS, OPTION, Script, fills, story
from tests.oracle.exchange_prices import lpp_allows, protection
from tests.oracle.exchange_scenario import MS, SECOND, Cancel, Kind

THIN = ((9930, 65),)


def five(first: int, *sizes: int, step: int = 5) -> tuple[tuple[int, int], ...]:
    return tuple((first + step * number, size) for number, size in enumerate(sizes))


def test_c1_a_market_buy_of_a_lot_takes_the_best() -> None:
    script = Script()
    naive = script.tick(10000, script.new("A", "BUY", "MARKET", 65)).run()
    assert fills(naive.events) == [(65, 10000)]
    assert naive.orders[0].limit == 10200


def test_c2_c3_c4_a_market_buy_walks_and_takes_nothing_twice() -> None:
    script = Script()
    script.tick(10000, script.new("A", "BUY", "MARKET", 585))
    script.tick(10000, script.new("B", "BUY", "MARKET", 195))
    more = (*ASKS[:2], (10010, 325), *ASKS[3:])
    script.tick(10000, script.new("C", "BUY", "MARKET", 130), asks=more)
    events = script.events()
    first = fills(events)
    assert first == [(130, 10000), (195, 10005), (260, 10010)]
    assert sum(quantity * price for quantity, price in first) == 5_853_575
    assert fills(events, "B") == [(195, 10020)]
    assert fills(events, "C") == [(65, 10010), (65, 10020)]


def test_c5_a_market_beyond_five_levels_is_still_taking_then_rests_then_is_crossed() -> None:
    script = Script()
    script.tick(10000, script.new("A", "BUY", "MARKET", 2600))
    naive = script.run()
    assert sum(quantity for quantity, _ in fills(naive.events)) == 1560
    assert (naive.orders[0].rest, naive.orders[0].limit) == (1040, 10200)
    assert (naive.orders[0].mode, naive.orders[0].status) == ("taking", "OPEN")
    script.tick(10000, asks=((10020, 130), (10030, 65), (10250, 65)))
    naive = script.run()
    assert fills(naive.events)[5:] == [(65, 10030)]
    assert (naive.orders[0].mode, naive.orders[0].rest) == ("resting", 975)
    assert naive.ahead(naive.orders[0]) == 0
    script.tick(10000, asks=((10190, 130),))
    events = script.events()
    assert fills(events)[6:] == [(130, 10200)]
    assert events[-1]["rule"] == "cross"


@pytest.mark.parametrize(
    ("ltp", "buy", "sell"),
    [
        (800, 840, 760),
        (5000, 5150, 4850),
        (9995, 10290, 9700),
        (23400, 23865, 22935),
        (51000, 51510, 50490),
        (50, 55, 45),
    ],
)
def test_c6_an_option_is_protected_by_the_slabs(ltp: int, buy: int, sell: int) -> None:
    assert protection(OPTION, 1, ltp, None) == buy
    assert protection(OPTION, -1, ltp, None) == sell


@pytest.mark.parametrize(
    ("kind", "ltp", "limit"),
    [
        # The slabs' edges: below 10 and 100, up to and with 500.
        ("option", 995, 1040),
        ("option", 1000, 1030),
        ("option", 10000, 10200),
        ("option", 50000, 51000),
        ("option", 50005, 50505),
        ("future", 2_345_000, 2_356_720),
        ("future", 9_990, 10_185),
        ("future", 10_000, 10_100),
        ("future", 50_000, 50_500),
        ("share", 50_010, 50_260),
    ],
)
def test_c6_a_buy_at_the_edge_of_a_slab(kind: Kind, ltp: int, limit: int) -> None:
    step = 10 if kind != "option" and ltp > 100_000 else 5
    contract = dataclasses.replace(OPTION, kind=kind, step_paise=step)
    assert protection(contract, 1, ltp, None) == limit


def test_f10_a_percent_of_its_own_and_the_band_bound_the_protection() -> None:
    banded = dataclasses.replace(OPTION, band=(5000, 10100))
    assert protection(OPTION, 1, 10000, 5) == 10500
    assert protection(OPTION, 1, 10000, -1) == 10200
    assert protection(banded, 1, 10000, 5) == 10100
    assert protection(OPTION, -1, 5, None) == 5


def test_c7_a_limit_takes_what_is_within_and_rests_the_rest() -> None:
    script = Script()
    naive = script.tick(10000, script.new("A", "BUY", "LIMIT", 455, 10005)).run()
    assert fills(naive.events) == [(130, 10000), (195, 10005)]
    assert (naive.orders[0].rest, naive.ahead(naive.orders[0])) == (130, 0)


def c8(**execution: Any) -> Script:
    script = Script(**execution)
    script.tick(10000, script.new("A", "BUY", "LIMIT", 130, 9990), volume=1000)

    def bids(size: int) -> tuple[tuple[int, int], ...]:
        return ((9995, 65), (9990, size), *BIDS[2:])

    script.tick(9990, volume=1065, ltq=65, bids=bids(130))
    script.tick(9990, volume=1195, ltq=65, bids=bids(130))
    return script


def test_c8_a_resting_limit_waits_for_its_turn() -> None:
    script = c8()
    first = Script()
    first.inputs = script.inputs[:2]
    assert first.run().orders[0].market_part == 130
    assert script.run().orders[0].market_part == 65
    lower = ((9990, 65), *BIDS[2:])
    script.tick(9990, volume=1390, ltq=130, bids=lower, asks=((9995, 65), *ASKS))
    naive = script.run()
    assert fills(naive.events) == [(65, 9990)]
    assert naive.events[-1]["rule"] == "at"
    assert naive.events[-1]["ahead_before"] == 65
    assert naive.events[-1]["ahead_after"] == 0
    script.tick(9985, volume=1455, ltq=65, bids=BIDS[2:], asks=((9990, 130), *ASKS[:4]))
    events = script.events()
    assert fills(events) == [(65, 9990), (65, 9990)]
    assert (events[-1]["rule"], events[-1]["status"]) == ("cross", "COMPLETE")


def test_c8_by_volume_the_queue_is_shorter() -> None:
    assert c8(queue_evidence="volume").run().orders[0].market_part == 0


def test_c9_a_triggered_stop_is_never_compared_with_its_trigger_again() -> None:
    script = Script()
    script.tick(10000, script.new("A", "BUY", "SL", 65, 10100, trigger=10050))
    script.tick(10120, asks=five(10125, 65, 65, 65, 65, 65))
    events = script.events()
    assert story(events) == ["accepted", "trigger_pending", "triggered"]
    assert events[-1]["status"] == "OPEN"
    assert fills(events) == []
    script.tick(9980, bids=THIN, asks=five(9985, 65, 65, 65, 65, 65))
    events = script.events()
    assert fills(events) == [(65, 10100)]
    assert events[-1]["rule"] == "cross"


def test_c10_a_stop_market_on_an_option_is_rejected() -> None:
    script = Script()
    events = script.tick(10000, script.new("A", "SELL", "SL-M", 65, trigger=9900)).events()
    assert story(events) == ["rejected slm_on_options"]


def test_c11_ioc_takes_and_ends() -> None:
    script = Script()
    order = script.new("A", "BUY", "LIMIT", 455, 10005, validity="IOC")
    events = script.tick(10000, order).events()
    assert sum(quantity for quantity, _ in fills(events)) == 325
    assert story(events)[-1] == "cancelled ioc_rest"


def test_c12_a_cancel_that_arrives_after_the_last_fill_is_refused() -> None:
    script = Script(latency={"enter_ms": 0, "modify_ms": 0, "cancel_ms": 150})
    script.tick(10000, script.new("A", "BUY", "LIMIT", 65, 9990))
    script.after(10).clock(Cancel(label="A"))
    sent = script.ms
    script.after(90).tick(9985, bids=BIDS[2:], asks=((9990, 130), *ASKS))
    script.after(100).clock()
    events = script.events()
    assert fills(events) == [(65, 9990)]
    assert story(events)[-1] == "cancel_refused already_filled"
    assert events[-1]["ts"] == OPENS + (sent + 200) * MS


def test_c13_an_order_above_the_freeze_quantity_is_sliced() -> None:
    script = Script(dataclasses.replace(OPTION, freeze=1800))
    script.tick(10000, script.new("A", "BUY", "LIMIT", 3900, 9970))
    script.after(100).clock()
    script.after(100).clock()
    naive = script.run()
    assert [order.quantity for order in naive.orders] == [1755, 1755, 390]
    assert [order.sent - naive.orders[0].sent for order in naive.orders] == [
        0,
        100 * MS,
        200 * MS,
    ]


def test_c14_a_limit_beyond_the_price_protection_is_rejected() -> None:
    reference = Fraction(2000)
    assert lpp_allows(OPTION, 1, 4000, reference)
    assert not lpp_allows(OPTION, 1, 4005, reference)
    assert lpp_allows(OPTION, -1, 5, reference)
    script = Script(refusals={"lpp": "on"})
    script.tick(2000, bids=((1995, 65),), asks=((2000, 65),))
    script.after(30_000)
    script.tick(
        2000, script.new("A", "BUY", "LIMIT", 65, 4100), bids=((1995, 65),), asks=((2000, 65),)
    )
    assert story(script.events()) == ["accepted", "rejected lpp"]


def test_f62_the_reference_is_the_exact_mean_of_rows_with_growth() -> None:
    script = Script()
    script.tick(2000, volume=0).tick(2005, volume=65).tick(2010, volume=130).tick(2500, volume=130)
    naive = script.run()
    market = naive.markets["OPT"]
    assert market.reference(OPENS + 30 * SECOND) == Fraction(4015, 2)
    assert market.reference(OPENS + 61 * SECOND) == 2500
    assert market.reference(OPENS + 29 * SECOND) is None


def test_c15_the_rest_of_a_market_fills_later_at_its_limit() -> None:
    script = Script()
    asks = ((10000, 65), (10300, 65), (10305, 65), (10310, 65), (10315, 65))
    script.tick(10000, script.new("A", "BUY", "MARKET", 130), asks=asks)
    script.tick(10000, asks=((10100, 65), *asks[1:]))
    assert fills(script.events()) == [(65, 10000), (65, 10200)]


def test_c15_with_levels_already_taken_the_rest_is_still_taking() -> None:
    script = Script()
    asks = five(10000, 65, 65, 65, 65, 65)
    script.tick(10000, script.new("B", "BUY", "MARKET", 325), asks=asks)
    wider = ((9995, 65), *asks[1:])
    script.tick(10000, script.new("A", "BUY", "MARKET", 130), asks=wider, bids=BIDS[1:])
    script.tick(10000, asks=(*asks[1:], (10025, 65)))
    assert fills(script.events()) == [(65, 9995), (65, 10025)]


def test_c16_a_stop_that_stands_still_is_escalated_after_three_seconds() -> None:
    script = Script()
    script.tick(
        9500,
        script.new(
            "S", "SELL", "SL", 65, 8900, trigger=9000, group="T", open_units=65, is_exit=True
        ),
    )
    script.tick(8800, bids=((8795, 65),), asks=((8805, 65),))
    script.after(2985).tick(8800, bids=((8790, 65),), asks=((8805, 65),))
    assert story(script.events(), "S")[-1] == "triggered"
    script.after(10).tick(8800, bids=((8785, 65),), asks=((8805, 65),))
    naive = script.run()
    assert story(naive.events, "S")[-1] == "cancelled replaced"
    assert fills(naive.events, "S/1") == [(65, 8785)]
    assert naive.orders[1].limit == protection(OPTION, -1, 8785, None)


def c17(growth: int, *, quiet: bool = False) -> list[list[tuple[int, int]]]:
    script = Script(queue_evidence="volume")
    bids = ((9995, 65), (9990, 650), *BIDS[2:])
    script.tick(
        10000,
        script.new("A", "BUY", "LIMIT", 65, 9990),
        script.new("B", "BUY", "LIMIT", 65, 9990),
        volume=0,
        bids=bids,
    )
    if quiet:
        script.tick(10000, volume=0, bids=bids)
    script.tick(9990, volume=growth, bids=bids)
    events = script.events()
    return [fills(events, "A"), fills(events, "B")]


def test_c17_two_of_ours_at_one_price_share_the_growth() -> None:
    assert c17(650) == [[], []]
    assert c17(715) == [[(65, 9990)], []]
    assert c17(715, quiet=True) == [[(65, 9990)], []]


def test_c18_the_better_price_has_the_growth_first() -> None:
    script = Script()
    script.tick(
        10000,
        script.new("B", "BUY", "LIMIT", 65, 9985),
        script.new("A", "BUY", "LIMIT", 65, 9990),
        volume=0,
    )
    script.tick(9980, volume=65)
    events = script.events()
    assert (fills(events, "A"), fills(events, "B")) == ([(65, 9990)], [])
    assert events[-1]["rule"] == "through"


def test_c19_a_limit_beyond_five_levels_is_still_taking() -> None:
    script = Script()
    script.tick(10000, script.new("A", "BUY", "LIMIT", 2600, 10200))
    script.tick(10000, asks=five(10025, 260, 260, 260, 260, 260))
    found = fills(script.events())
    assert sum(quantity for quantity, _ in found[:5]) == 1560
    assert found[5:] == [(260, 10025), (260, 10030), (260, 10035), (260, 10040)]


def test_c20_stop_and_target_of_one_trade_never_reverse_it() -> None:
    script = Script()
    script.tick(
        10000,
        script.new(
            "S", "SELL", "SL", 65, 9800, trigger=9900, group="T", open_units=65, is_exit=True
        ),
        script.new("G", "SELL", "LIMIT", 65, 10080, group="T", is_exit=True),
    )
    script.tick(9890, bids=((10100, 65), *BIDS), asks=((10110, 65),))
    events = script.events()
    assert fills(events, "G") == [(65, 10080)]
    assert story(events, "S")[-1] == "cancelled exit_group"
    assert fills(events, "S") == []


def test_f34_a_new_exit_takes_its_quantity_from_the_others() -> None:
    script = Script()
    script.tick(
        10000,
        script.new(
            "S", "SELL", "SL", 130, 9800, trigger=9900, group="T", open_units=130, is_exit=True
        ),
        script.new("X", "SELL", "MARKET", 65, group="T", is_exit=True),
    )
    events = script.events()
    assert fills(events, "X") == [(65, 9995)]
    assert story(events, "S")[-1] == "modified replaced"
    assert events[-1]["event"] == "filled"


def test_f5_of_the_heads_of_two_sides_the_earlier_arrival_is_next() -> None:
    script = Script()
    script.tick(
        10000,
        script.new("A", "BUY", "LIMIT", 65, 9970),
        script.new("B", "SELL", "LIMIT", 65, 10005),
        script.new("C", "BUY", "LIMIT", 65, 9990),
    )
    script.tick(9960, bids=((10010, 65),), asks=((10020, 65),), volume=0)
    script.tick(9960, bids=(), asks=((9960, 650),), volume=1000)
    told = [each["order"] for each in script.events() if each["event"] == "filled"]
    assert told == ["B", "C", "A"]
