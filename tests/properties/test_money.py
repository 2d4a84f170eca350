"""Money and fills against fractions."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction
from typing import Literal

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.domain.errors import BadNumber
from daemon.domain.money import (
    PAISE_MAX,
    ceil_to_tick,
    floor_to_tick,
    nearest_tick,
    paise_exact,
    ratio,
    rupees,
    rupees_text,
)
from daemon.domain.ticks import ABSENT, NOT_FINITE, NOT_PAISE, paise_column
from daemon.exchange.fills import FillEngine
from daemon.market.book import Quote
from daemon.settings.config import ExecutionConfig

TICK = st.integers(1, 50)
NUMBER = st.integers(-(10**12), 10**12)


@given(NUMBER, st.integers(1, 10**6), TICK)
def test_snapping_finds_the_multiple_that_fractions_find(n: int, d: int, tick: int) -> None:
    exact = Fraction(n, d) / tick
    assert floor_to_tick(n, d, tick) == math.floor(exact) * tick
    assert ceil_to_tick(n, d, tick) == math.ceil(exact) * tick
    assert nearest_tick(n, d, tick, ties_up=True) == math.floor(exact + Fraction(1, 2)) * tick
    assert nearest_tick(n, d, tick, ties_up=False) == math.ceil(exact - Fraction(1, 2)) * tick


@given(st.integers(-PAISE_MAX, PAISE_MAX))
def test_paise_go_to_rupees_and_back(paise: int) -> None:
    assert paise_exact(Decimal(paise) / 100) == paise
    text = rupees_text(paise)
    assert paise_exact(text.replace(",", "")) == paise
    if abs(paise) < 10**14:
        assert paise_exact(rupees(paise)) == paise


@given(st.floats())
def test_a_price_is_paise_by_its_shortest_decimal_or_refused(price: float) -> None:
    column = int(paise_column(np.array([price]))[0])
    try:
        assert column == paise_exact(price)
    except BadNumber:
        assert column in (ABSENT, NOT_FINITE, NOT_PAISE)
        assert math.isnan(price) == (column == ABSENT)
        assert math.isinf(price) == (column == NOT_FINITE)


@given(st.decimals(0, 1000, allow_nan=False, places=4))
def test_a_ratio_is_the_fraction_that_was_written(value: Decimal) -> None:
    assert Fraction(*ratio(value)) == Fraction(value)
    assert Fraction(*ratio(float(value))) == Fraction(repr(float(value)))


@settings(max_examples=500)
@given(
    st.integers(1, 4000),
    st.integers(0, 4000),
    st.integers(0, 400),
    st.sampled_from((0, 0.5, 1, 2.5, 5, 50, 9_999, 10_000)),
    st.sampled_from((1, 5, 10)),
    st.sampled_from(("mid", "bid_ask", "ltp")),
    st.sampled_from(("BUY", "SELL")),
)
def test_a_fill_is_the_base_moved_against_the_order(
    ltp: int,
    bid: int,
    spread: int,
    bps: float,
    tick: int,
    mode: Literal["mid", "bid_ask", "ltp"],
    side: Literal["BUY", "SELL"],
) -> None:
    ask = bid + spread if bid else 0
    at = Quote(1, ltp * tick, bid * tick, ask * tick, 1, False, False)
    price = FillEngine(ExecutionConfig(fill_mode=mode, slippage_bps=bps)).determine_fill_price(
        at, side, tick
    )
    base = Fraction(at.ltp)
    if mode == "mid" and bid:
        base = Fraction(at.bid + at.ask, 2)
    elif mode == "bid_ask" and bid:
        base = Fraction(at.ask if side == "BUY" else at.bid)
    sign = 1 if side == "BUY" else -1
    slipped = base * (1 + sign * Fraction(repr(bps)) / 10_000)
    assert price >= tick
    assert price % tick == 0
    if price > tick:
        worse = sign * (price - base)
        assert worse > 0 if bps else worse >= 0
        # as near as it gets, or the first tick that is worse than the base
        assert abs(price - slipped) * 2 <= tick or 0 < worse <= tick
