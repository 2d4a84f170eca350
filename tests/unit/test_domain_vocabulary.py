"""Money, dates, instruments, ticks, orders and the ledger: the small print."""

from __future__ import annotations

import datetime as dt

import msgspec
import numpy as np
import pytest

from daemon.domain.dates import (
    DAY_NS,
    HOUR_NS,
    MINUTE_NS,
    SECOND_NS,
    iso_ist,
    ist_ns,
    parse_timeframe,
    parse_ts,
)
from daemon.domain.errors import BadNumber, InvalidTransition
from daemon.domain.events import Fill, encode_event
from daemon.domain.instrument import Instrument, Universe
from daemon.domain.ledger import Ledger, is_optimistic
from daemon.domain.money import decimal_from, paise_exact, rupees_text
from daemon.domain.order import NEXT_STATES, OrderState, can_move
from daemon.domain.ticks import ABSENT, NOT_FINITE, NOT_PAISE, Ticks, paise_column
from tests.kit.invariants import ARROWS
from tests.kit.market import Market, an_order
from tests.kit.sample_events import sample_events

NINE = ist_ns(dt.date(2026, 11, 18), dt.time(9, 15))


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("30s", 30 * SECOND_NS),
        ("1m", MINUTE_NS),
        ("15m", 15 * MINUTE_NS),
        ("1h", HOUR_NS),
        ("1d", DAY_NS),
        ("5d", DAY_NS),
        ("99h", DAY_NS),
    ],
)
def test_a_timeframe_is_a_number_and_a_unit(text: str, span: int) -> None:
    assert parse_timeframe(text) == span


@pytest.mark.parametrize("text", ["", "m", "0m", "-1m", "1", "1w", "1.5m", "1 m", "²m"])
def test_what_is_no_timeframe_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError):
        parse_timeframe(text)


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-18T09:15:00",
        "2026-11-18T09:15:00+05:30",
        "2026-11-18 03:45:00+00:00",
        "1794973500000000000",
    ],
)
def test_a_time_is_iso_text_or_a_number_of_ns(text: str) -> None:
    assert parse_ts(text) == NINE


@pytest.mark.parametrize("text", ["", "now", "12", "2026-13-01"])
def test_what_is_no_time_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError):
        parse_ts(text)


def test_times_are_shown_as_indian_wall_time() -> None:
    assert iso_ist(NINE + 1_234_567) == "2026-11-18T09:15:00.001234+05:30"
    assert iso_ist(ist_ns(dt.date(2026, 11, 18), dt.time())) == "2026-11-18T00:00:00.000000+05:30"


def test_money_that_is_none_is_refused() -> None:
    for wrong in (float("nan"), float("inf"), "ten", None, 100.005, 10**14):
        with pytest.raises(BadNumber):
            paise_exact(wrong)  # type: ignore[arg-type]
    with pytest.raises(BadNumber, match="finite"):
        decimal_from("NaN")
    assert rupees_text(-123_456_789) == "-12,34,567.89"


def test_a_universe_names_everything_once() -> None:
    one = Instrument(instrument_token=1, tradingsymbol="A")
    universe = Universe([one, Instrument(instrument_token=2, tradingsymbol="B")])
    assert (universe.symbols, universe.index_of_token(2)) == (("A", "B"), 1)
    assert (universe.index_of("C"), universe.index_of_token(3)) == (None, None)
    for other in (
        Instrument(instrument_token=2, tradingsymbol="A"),
        Instrument(instrument_token=1, tradingsymbol="B"),
    ):
        with pytest.raises(ValueError, match="once"):
            Universe([one, other])


def test_a_rupee_column_becomes_paise_or_says_what_it_is_not() -> None:
    column = paise_column(np.array([100.05, np.nan, np.inf, -np.inf, 100.001, 1e300]))
    assert column.tolist() == [10005, ABSENT, NOT_FINITE, NOT_FINITE, NOT_PAISE, NOT_PAISE]
    assert paise_column(np.array([100, -1])).tolist() == [10000, -100]
    assert paise_column(np.array([100.05], dtype=np.float32)).tolist() == [10005]


def test_rows_of_a_block_share_its_memory() -> None:
    block = Ticks(
        ts=np.arange(4, dtype=np.int64),
        instrument=np.zeros(4, dtype=np.int32),
        ltp=np.arange(4, dtype=np.int64),
        bid=np.arange(4, dtype=np.int64),
    )
    part = block.rows(1, 3)
    assert (len(part), part.ts.tolist(), part.ask) == (2, [1, 2], None)
    assert np.shares_memory(part.ltp, block.ltp)
    taken = block.take(np.array([True, False, False, True]))
    assert taken.ltp.tolist() == [0, 3]


def test_the_table_of_moves_is_the_one_that_was_agreed() -> None:
    assert {state: set(after) for state, after in NEXT_STATES.items()} == ARROWS
    assert can_move(OrderState.SL_PENDING, OrderState.ACTIVE)
    assert not can_move(OrderState.TP_PENDING, OrderState.ACTIVE)


def test_an_order_keeps_its_history_and_refuses_a_wrong_move() -> None:
    order = an_order()
    order.move(OrderState.SUBMITTED, seq=2, ts=5, reason="submitted")
    with pytest.raises(InvalidTransition, match="SUBMITTED -> CLOSED"):
        order.move(OrderState.CLOSED, seq=3, ts=6, reason="no")
    assert [(each.seq, each.ts, each.state) for each in order.history] == [(2, 5, "SUBMITTED")]
    assert an_order().history == []


def test_a_ledger_takes_events_in_their_order_only() -> None:
    ledger = Ledger()
    first, second, third, *_ = sample_events()
    ledger.apply(first)
    with pytest.raises(AssertionError):
        ledger.apply(third)
    ledger.apply(second)
    assert ledger.seq == 2


def test_a_ledger_counts_orders_by_state_with_the_archived() -> None:
    ledger = Ledger()
    for event in sample_events():
        ledger.apply(event)
    assert ledger.orders_by_state() == {"ACTIVE": 1, "ARCHIVED": 5}
    assert (ledger.total_orders, ledger.archived, len(ledger.closed)) == (6, 5, 0)
    assert ledger.is_open(ledger.open_positions()[0].order_id)
    assert not ledger.is_open("V3-20261118-000001")


def test_orders_are_counted_within_the_day_and_numbered_for_ever() -> None:
    market = Market(enable_time_stop=False)
    market.tick(100)
    market.signal("BUY", 25, product="NRML")
    market.clock(86_400)
    market.signal("BUY", 25)
    market.signal("BUY", 25)
    orders = market.engine.ledger
    assert (orders.total_orders, orders.orders_today, orders.day) == (3, 2, "20261119")
    assert [each.order_id for each in market.events][-1] == "V3-20261119-000002"


def test_a_fill_at_mid_or_ltp_is_optimistic_where_the_side_was_there() -> None:
    fill = Fill(
        transaction_type="BUY", quantity=1, price_paise=1, rule="mid", base_half_paise=2,
        slippage_half_paise=0, ltp_paise=1, bid_paise=0, ask_paise=2, quote_ts=0, quote_age_ns=0,
        bid_ask_paise=2,
    )  # fmt: skip
    assert is_optimistic(fill)
    assert not is_optimistic(msgspec.structs.replace(fill, transaction_type="SELL"))
    assert not is_optimistic(msgspec.structs.replace(fill, rule="ask"))


def test_the_same_event_is_the_same_bytes() -> None:
    events = sample_events()
    assert [encode_event(each) for each in events] == [encode_event(each) for each in events]
    assert all(b"\n" not in encode_event(each) for each in events)
