"""Watches in the engine: what they cover, when they decide, what they close (plans, rule 11b)."""

from __future__ import annotations

import msgspec
import pytest

from daemon.domain.dates import DAY_NS
from daemon.domain.events import OrderMoved, WatchMoved, decode_event, encode_event
from daemon.domain.inputs import Clock
from daemon.domain.ledger import Ledger
from daemon.domain.order import OrderState
from daemon.domain.tag_watch import WatchTerms
from daemon.market.triggers import NO_LEVEL_ABOVE, NO_LEVEL_BELOW
from daemon.settings.config import ExecutionConfig
from tests.levels.watch_market import CALL, PUT, TAG, WatchMarket, folded


@pytest.fixture
def market() -> WatchMarket:
    return WatchMarket()


def test_example_12_both_legs_leave_at_the_combined_stop_the_ce_first(market: WatchMarket) -> None:
    market.watch(stop=3_000)
    market.sell_straddle()
    market.both(230, 168)
    assert market.told() == [("set", "")]
    market.both(236.20, 190.10)
    assert market.told() == [("set", ""), ("reached", "watch_stop")]
    assert (market.last.result_paise, market.last.level_paise) == (-300_950, -300_000)
    assert market.left() == [(CALL, "watch_stop"), (PUT, "watch_stop")]
    assert market.realized == -3_009.50
    assert market.engine.ledger.watches == {}


def test_a_jump_that_the_other_leg_undoes_in_its_timestamp_reaches_nothing(
    market: WatchMarket,
) -> None:
    market.watch(stop=3_000)
    market.sell_straddle()
    market.tick(260)
    market.tick(140, symbol=PUT, after_s=0)
    market.clock(1)
    assert market.told() == [("set", "")]


def test_what_is_decided_has_the_time_of_the_next_input_and_the_timestamp_as_due(
    market: WatchMarket,
) -> None:
    market.watch(stop=3_000)
    market.sell_straddle()
    market.tick(250)
    reached_at = market.now
    market.tick(180, symbol=PUT, after_s=2)
    event = market.last
    assert (event.kind, event.ts, event.due_ts) == ("reached", market.now, reached_at)
    assert event.oldest_age_ns == 10**9  # the put's price is the older one
    assert event.input_no == market.engine.input_no


def test_what_a_watch_closes_fills_as_of_the_timestamp_that_ended(market: WatchMarket) -> None:
    market.watch(stop=3_000)
    market.sell_straddle()
    market.tick(250)
    market.clock(70)  # by then neither quote is believed
    assert market.left() == [(CALL, "watch_stop"), (PUT, "watch_stop")]
    assert market.realized == -3_250
    assert market.engine.ledger.positions == {}


def test_p45a_shorts_leave_by_number_before_longs_and_working_entries_are_cancelled(
    market: WatchMarket,
) -> None:
    market.tick(100)
    market.tick(50, symbol=PUT)
    for side, symbol in (("BUY", PUT), ("SELL", CALL), ("BUY", PUT), ("SELL", CALL)):
        market.signal(side, 65, symbol=symbol, tag=TAG)
    market.signal("BUY", 65, tag=TAG, order_type="LIMIT", price=40.0)
    market.signal("SELL", 65, tag="another")
    market.watch(stop=1_000)
    market.tick(120)
    market.tick(50, symbol=PUT)
    assert market.left() == [(symbol, "watch_stop") for symbol in (CALL, CALL, PUT, PUT)]
    [resting] = [
        e for e in market.events if isinstance(e, OrderMoved) and e.to_state == "CANCELLED"
    ]
    assert resting.reason == "watch_stop"
    [left] = market.engine.ledger.open_positions()
    assert market.engine.ledger.orders[left.order_id].tag == "another"


def test_a_watch_is_over_one_strategys_tag_only(market: WatchMarket) -> None:
    market.tick(100)
    market.signal("BUY", 65, tag=TAG)
    market.signal("BUY", 65, tag=TAG, strategy_id="other")
    market.watch(stop=100, strategy="other")
    market.tick(90)
    market.clock(1)
    assert [each.strategy_id for each in market.engine.ledger.open_positions()] == ["story"]


def test_example_15_steps_of_the_lock_are_told_and_its_floor_leaves(market: WatchMarket) -> None:
    market.tick(1_000)
    market.signal("BUY", 65, tag=TAG)
    market.watch(lock_at=5_000, lock_keep=3_000, lock_every=1_000, lock_by=700)
    for points in (77, 110, 110, 127):  # 5,005, 7,150, the same, 8,255
        market.tick(1_000 + points)
    market.clock(1)
    steps = [(e.lock_steps, e.level_paise) for e in market.events
             if isinstance(e, WatchMoved) and e.kind == "stepped"]  # fmt: skip
    assert steps == [(0, 300_000), (2, 440_000), (3, 510_000)]
    market.tick(1_079)  # 5,135
    market.clock(1)
    assert market.left() == []
    market.tick(1_078)  # 5,070
    market.clock(1)
    assert market.left() == [(CALL, "watch_lock")]


def test_what_is_realized_counts_with_what_is_open(market: WatchMarket) -> None:
    market.watch(stop=3_000)
    market.tick(200)
    market.tick(180, symbol=PUT)
    market.signal("SELL", 65, tag=TAG, sl=230.0)
    market.signal("SELL", 65, symbol=PUT, tag=TAG)
    market.tick(231)  # -2,015
    market.clock(1)
    assert len(market.engine.ledger.open_positions()) == 1
    market.tick(195, symbol=PUT)  # -975
    assert len(market.engine.ledger.open_positions()) == 1
    market.tick(195.20, symbol=PUT)
    market.clock(1)
    assert market.told()[-1] == ("reached", "watch_stop")
    assert market.engine.ledger.open_positions() == []


def test_a_trade_that_was_over_before_does_not_count(market: WatchMarket) -> None:
    market.tick(200)
    market.signal("SELL", 65, tag=TAG, sl=230.0)
    market.tick(260)  # -3,900
    market.watch(stop=3_000)
    market.signal("SELL", 65, tag=TAG)
    market.tick(300)
    market.clock(1)
    assert market.told() == [("set", "")]
    market.tick(307)
    market.clock(1)
    assert market.told()[-1] == ("reached", "watch_stop")


def test_a_second_call_replaces_the_levels_and_keeps_what_was_realized(market: WatchMarket) -> None:
    market.watch(stop=3_000)
    market.tick(200)
    market.tick(180, symbol=PUT)
    market.signal("SELL", 65, tag=TAG, sl=230.0)
    market.signal("SELL", 65, symbol=PUT, tag=TAG)
    market.tick(231)  # -2,015
    market.watch(stop=5_000)
    market.tick(200, symbol=PUT)  # -1,300
    market.clock(1)
    assert market.told() == [("set", ""), ("set", "")]
    assert market.last.realized_paise == -201_500
    market.tick(226, symbol=PUT)  # -2,990
    market.clock(1)
    assert market.last.result_paise == -500_500


def test_without_levels_a_watch_ends_and_without_a_watch_nothing_happens(
    market: WatchMarket,
) -> None:
    assert market.watch() == ""
    assert market.told() == []
    market.sell_straddle()
    market.watch(stop=100)
    market.watch()
    market.both(300, 300)
    assert market.told() == [("set", ""), ("ended", "removed")]
    books = [book for book in market.engine.books if book.instrument is not None]
    assert {(book.below, book.above) for book in books} == {(NO_LEVEL_BELOW, NO_LEVEL_ABOVE)}


def test_levels_with_a_fault_change_nothing(market: WatchMarket) -> None:
    market.watch(stop=100)
    assert market.watch(stop=-1) == "bad_level"
    assert market.watch(trail_every=10, trail_by=5) == "bad_level"
    assert market.watch(lock_at=10, lock_keep=20) == "bad_level"
    assert market.told() == [("set", "")]
    with pytest.raises(ValueError, match="tag"):
        market.watch("", stop=100)


def test_a_tick_that_ends_no_interval_costs_what_it_did(market: WatchMarket) -> None:
    market.watch(stop=3_000)
    market.sell_straddle()
    market.clock(1)
    call = market.engine.books[0]
    reach = -(-300_000 // 130)
    assert (call.below, call.above) == (NO_LEVEL_BELOW, 20_000 + reach)
    market.watch(stop=3_000, target=3_000)
    market.clock(1)
    assert (call.below, call.above) == (20_000 - reach, 20_000 + reach)


def test_a_start_from_the_events_alone_watches_as_before(market: WatchMarket) -> None:
    kept: list[int] = []
    market.watch(stop=3_000, trail_every=500, trail_by=500, target=9_000)
    market.sell_straddle()
    for ce, pe in ((190, 180), (200, 180), (210, 185)):
        kept.append(len(market.events))
        market.both(ce, pe)
    market.both(240, 180)
    assert market.told()[-2:] == [("stepped", ""), ("reached", "watch_trail")]
    for number, count in enumerate(kept):
        again = WatchMarket(ledger=folded(market.events[:count]))
        for ce, pe in ((190, 180), (200, 180), (210, 185))[number:]:
            again.both(ce, pe)
        assert again.engine.ledger.watches
        again.tick(240)
        again.tick(180, symbol=PUT, after_s=0)
        again.clock(1)
        assert again.told()[-1] == ("reached", "watch_trail")
        assert again.last.result_paise == market.last.result_paise
        assert again.engine.ledger.open_positions() == []


def test_after_a_start_nothing_is_decided_before_every_open_contract_has_a_price(
    market: WatchMarket,
) -> None:
    market.watch(stop=3_000)
    market.sell_straddle()
    again = WatchMarket(ledger=folded(market.events))
    again.tick(260)
    again.clock(1)
    assert again.told() == []
    again.tick(180, symbol=PUT)
    again.clock(1)
    assert again.told() == [("reached", "watch_stop")]


def test_a_flat_watch_ends_with_its_day_and_one_with_a_carried_trade_stays() -> None:
    market = WatchMarket()
    market.tick(100)
    market.watch("flat", stop=1_000)
    market.watch(stop=1_000)
    market.signal("BUY", 65, tag=TAG, product="NRML")
    market.events += market.engine.handle(Clock(market.now + DAY_NS))
    assert market.told() == [("set", ""), ("set", ""), ("ended", "flat")]
    assert list(market.engine.ledger.watches["story"]) == [TAG]


def test_a_watch_event_is_read_as_written_and_an_unknown_kind_is_refused(
    market: WatchMarket,
) -> None:
    market.watch(stop=3_000, lock_at=10, lock_keep=5)
    line = encode_event(market.last)
    assert decode_event(line) == market.last
    assert b"target" not in line
    with pytest.raises(msgspec.ValidationError):
        decode_event(line.replace(b'"set"', b'"paused"'))
    with pytest.raises(msgspec.ValidationError):
        decode_event(line.replace(b'"stop_paise"', b'"stop_points"'))


def test_a_ledger_with_watches_survives_its_own_text(market: WatchMarket) -> None:
    market.watch(stop=3_000)
    market.sell_straddle()
    text = msgspec.json.encode(market.engine.ledger)
    assert msgspec.json.decode(text, type=Ledger) == market.engine.ledger
    assert market.engine.ledger.watches["story"][TAG].terms == WatchTerms(stop_paise=300_000)


def test_the_plain_engine_has_watches_too() -> None:
    market = WatchMarket(engine="v2")
    market.tick(100)
    market.signal("BUY", 65, tag=TAG)
    market.watch(target=650)
    market.tick(110)
    market.clock(1)
    assert market.told()[-1] == ("reached", "watch_target")
    assert [e.to_state for e in market.events if isinstance(e, OrderMoved)][-1] is OrderState.CLOSED
    assert ExecutionConfig(engine="v2").engine == market.engine.config.engine
