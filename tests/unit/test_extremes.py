"""Best and worst price since an entry."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.clockwork.paper_engine import PaperEngine
from daemon.domain.events import Excursion, OrderMoved
from daemon.market.extremes import Extremes
from tests.kit.drive import FixedRules
from tests.kit.market import CLOSE, DATE, OPEN, Market


def kept(extremes: Extremes) -> tuple[int, int]:
    return len(extremes._high_prices), len(extremes._low_prices)


@pytest.mark.parametrize("entries", [1, 2, 7])
@pytest.mark.parametrize("step", [-1, 1])
def test_ten_thousand_ticks_one_way_keep_no_more_than_an_entry_each(
    entries: int, step: int
) -> None:
    extremes = Extremes()
    told: list[tuple[int, int]] = []
    begun = 0
    for number in range(10_000):
        if number % -(-10_000 // entries) == 0:
            begun = extremes.begin()
        price = 50_000 + step * number
        extremes.push(price, price)
        told.append((begun, price))
        assert max(kept(extremes)) <= begun
    assert begun == entries
    for segment in range(1, entries + 1):
        prices = [price for seen, price in told if seen >= segment]
        assert extremes.high_since(segment) == max(prices)
        assert extremes.low_since(segment) == min(prices)


@given(steps=st.lists(st.none() | st.tuples(st.integers(1, 50), st.integers(0, 5)), max_size=60))
def test_extremes_are_those_of_looking_at_every_price(steps: list[tuple[int, int] | None]) -> None:
    """None is an entry; a pair is a low and how far the high is above it."""
    extremes = Extremes()
    told: list[tuple[int, int, int]] = []
    begun = extremes.begin()
    for step in steps:
        if step is None:
            begun = extremes.begin()
        else:
            low, high = step[0], sum(step)
            extremes.push(high, low)
            told.append((begun, high, low))
        assert max(kept(extremes)) <= begun
        for segment in range(1, begun + 1):
            since = [each for each in told if each[0] >= segment]
            highs, lows = [each[1] for each in since], [each[2] for each in since]
            assert extremes.high_since(segment) == max(highs, default=None)
            assert extremes.low_since(segment) == min(lows, default=None)


def test_a_position_knows_its_best_and_worst_price_after_a_long_fall() -> None:
    market = Market(enable_time_stop=False)
    market.tick(200)
    market.signal("BUY", 25)
    for number in range(300):
        market.tick(199 - number / 4)
    market.signal("BUY", 25)
    for number in range(300):
        market.tick(100 + (number % 7) / 4)
    market.signal("EXIT")
    seen = [e.excursion for e in market.events if isinstance(e, OrderMoved) and e.excursion]
    assert [(each.best_paise, each.worst_paise) for each in seen] == [
        (20_000, 10_000), (12_425, 10_000),
    ]  # fmt: skip


def test_a_position_that_is_taken_up_keeps_its_best_and_worst_price_from_before() -> None:
    market = Market(enable_time_stop=False)
    market.tick(100)
    market.signal("BUY", 25)
    for price in (120, 90, 100):
        market.tick(price)
    before = market.engine
    rules = FixedRules({(DATE, "NFO-OPT"): (OPEN, CLOSE)})
    market.engine = PaperEngine(
        before.config, universe=before.universe, rules=rules,
        ledger=before.ledger, carry=before.engine.carry(), first_input_no=before.input_no,
    )  # fmt: skip
    market.tick(101)
    market.signal("EXIT")
    closed = market.events[-1]
    assert isinstance(closed, OrderMoved)
    assert closed.excursion == Excursion(best_paise=12_000, worst_paise=9_000)
