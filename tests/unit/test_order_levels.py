"""The limits of what an order may ask for: levels, exit settings and ids."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from daemon.domain.dates import ist_ns
from daemon.domain.intent import ExitOverrides, OrderIntent, Signal
from daemon.domain.ledger import Ledger
from daemon.domain.order import Order, Side
from daemon.execution.builder import OrderBuilder
from daemon.risk.gates import Refusal
from daemon.settings.config import ExecutionConfig

TS = ist_ns(dt.date(2026, 11, 18), dt.time(10, 0))
MOST_RUPEES = 10**13


def builder(ledger: Ledger | None = None, **config: Any) -> OrderBuilder:
    return OrderBuilder(ExecutionConfig(**config), ledger or Ledger())


def built(side: Side = "BUY", **fields: Any) -> Order:
    return builder().build_order("F", 25, side, ts=TS, **fields)


def refused(side: Side, sl: float | None, tp: float | None) -> Refusal | None:
    order = built(side, sl_price=sl, tp_price=tp)
    intent = OrderIntent(symbol="F", signal=Signal(side), qty=25, sl_price=sl, tp_price=tp)
    return builder().check_levels(order, intent)


@pytest.mark.parametrize("price", [MOST_RUPEES, float(MOST_RUPEES), 9_999_999_999_999.95])
def test_a_level_may_be_as_high_as_money_goes(price: float) -> None:
    assert built(sl_price=price).sl_paise == round(price * 100)
    assert refused("SELL", price, None) is None


@pytest.mark.parametrize("price", [MOST_RUPEES + 1, 1e300, float("inf"), float("nan")])
def test_a_level_above_money_is_refused(price: float) -> None:
    assert built(sl_price=price).sl_paise is None
    refusal = refused("SELL", price, None)
    assert refusal is not None
    assert (refusal.reason, refusal.numbers) == (
        "bad_level", {"sl_price": repr(price), "tick_paise": 5}
    )  # fmt: skip


@pytest.mark.parametrize(("price", "paise"), [(0.05, 5), (0.03, 5), (0.02, 0), (0.0, 0)])
def test_a_level_is_at_least_a_tick(price: float, paise: int) -> None:
    assert built("BUY", sl_price=price).sl_paise == paise
    assert (refused("BUY", price, None) is None) is (paise >= 5)


@pytest.mark.parametrize(("side", "sl", "tp"), [
    ("BUY", 5, 5), ("BUY", 100.025, 100.025), ("SELL", 5, 5)
])  # fmt: skip
def test_a_stop_at_its_target_is_refused(side: Side, sl: float, tp: float) -> None:
    order = built(side, sl_price=sl, tp_price=tp)
    refusal = refused(side, sl, tp)
    if order.sl_paise == order.tp_paise:
        assert refusal is not None
        assert refusal.numbers == {"sl_paise": order.sl_paise, "tp_paise": order.tp_paise}
    else:
        assert refusal is None


def test_a_tie_between_two_ticks_goes_away_from_the_position() -> None:
    long = built("BUY", sl_price=100.025, tp_price=110.025)
    assert (long.sl_paise, long.tp_paise) == (10_000, 11_005)
    short = built("SELL", sl_price=110.025, tp_price=100.025)
    assert (short.sl_paise, short.tp_paise) == (11_005, 10_000)


@pytest.mark.parametrize(("enabled", "bars", "resolved"), [
    (True, 3, 3), (True, 1, 1), (True, 0, 0), (True, -2, 0), (False, 3, 0)
])  # fmt: skip
def test_a_time_stop_counts_bars_from_none_up(enabled: bool, bars: int, resolved: int) -> None:
    rules = builder(enable_time_stop=enabled).exit_rules(None, bars)
    assert rules.time_stop_bars == resolved


def test_break_even_that_is_off_leaves_nothing_of_its_settings() -> None:
    of = builder(break_even_at_r=2, break_even_with_charges=True)
    assert of.exit_rules(None, None) == builder().exit_rules(None, None)
    assert of.exit_rules(None, None).break_even_at_r is None
    on = of.exit_rules(ExitOverrides(enable_break_even=True), None)
    assert (on.break_even_at_r, on.break_even_with_charges) == (2.0, True)
    over = ExitOverrides(enable_break_even=True, break_even_at_r=1, break_even_with_charges=False)
    on = of.exit_rules(over, None)
    assert (on.break_even_at_r, on.break_even_with_charges) == (1.0, False)


def test_a_trail_that_begins_at_once_is_none() -> None:
    late = builder(trail_after_r=2)
    assert late.exit_rules(None, None).trail_after_r == 2.0
    assert late.exit_rules(ExitOverrides(trail_after_r=0), None).trail_after_r is None
    assert builder().exit_rules(None, None).trail_after_r is None


def test_the_intents_time_stop_comes_before_its_settings_and_the_configuration() -> None:
    of = builder(time_stop_bars=9)
    over = ExitOverrides(time_stop_bars=5)
    assert of.exit_rules(over, 2).time_stop_bars == 2
    assert of.exit_rules(over, None).time_stop_bars == 5
    assert of.exit_rules(ExitOverrides(), None).time_stop_bars == 9
    assert of.exit_rules(None, None).time_stop_bars == 9
    assert of.exit_rules(None, 4).time_stop_bars == 4
    assert of.exit_rules(None, None) is of.exit_rules(None, None)


def test_ids_count_through_a_day_and_begin_again_with_the_next() -> None:
    ledger = Ledger(day="20261118", orders_today=7, total_orders=11)
    order = builder(ledger).build_order("F", 25, "BUY", ts=TS)
    assert (order.order_id, order.number) == ("V3-20261118-000008", 12)
    tomorrow = TS + 24 * 3600 * 10**9
    order = builder(ledger).build_order("F", 25, "BUY", ts=tomorrow)
    assert (order.order_id, order.number) == ("V3-20261119-000001", 12)


def test_what_is_not_said_of_an_order_has_its_usual_value() -> None:
    order = built()
    assert (order.timeframe, order.lot_size, order.tick_paise) == ("1m", 1, 5)
    assert (order.confidence, order.product) == (1.0, "MIS")
    assert (order.sl_paise, order.tp_paise) == (None, None)
