"""Levels of the cash that are passed, and what is closed of a short account (docs/MARGIN.md)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.clockwork.paper_engine import PaperEngine
from daemon.domain.carry_over import CarryOver
from daemon.domain.events import (
    ExchangeOrderMoved,
    MarginMoved,
    OrderMoved,
    decode_event,
    encode_event,
)
from daemon.domain.exchange_order import ExchangeProduct
from daemon.domain.ledger import Ledger
from daemon.domain.open_cost import OpenCost
from daemon.domain.untraded import UntradedPosition
from daemon.execution.margin_desk import MarginTerms
from daemon.journal.margin_words import margin_text
from daemon.margin.levels import LEVELS, Use, moves
from daemon.settings.config import ExecutionConfig
from tests.kit.market import Market
from tests.margin.portfolios import RULES
from tests.margin.test_gate import CALL, FUTURE, HEDGE, SPOT, UNIVERSE, market, status

RUPEE = 100


def told(story: Market) -> list[tuple[int, int]]:
    """The levels that were told, each with the one before it."""
    return [(e.from_level, e.level) for e in story.events if isinstance(e, MarginMoved)]


def closed(story: Market) -> list[tuple[str, str]]:
    """(order id's last digit, reason) of each exit that began."""
    return [
        (e.order_id[-1], e.reason)
        for e in story.events
        if isinstance(e, OrderMoved) and e.demand is not None
    ]


def squared(capital: float) -> Market:
    """A market whose account is closed when it is short."""
    story = market(capital)
    story.engine = PaperEngine(
        ExecutionConfig(fill_mode="ltp", slippage_bps=0, enable_time_stop=False, charges=False),
        universe=UNIVERSE,
        rules=RULES,
        margin=MarginTerms(round(capital * RUPEE), RULES.margin_rates, squares_off=True),
    )
    for symbol, price in ((SPOT, 24_000), (FUTURE, 24_100), (CALL, 300), (HEDGE, 200)):
        story.tick(price, symbol=symbol)
    return story


# the levels


def test_a_level_is_passed_by_more_than_its_share_of_the_cash() -> None:
    assert Use(900, 0, 1_000 * RUPEE).level == 0
    assert Use(900, 1, 1_000 * RUPEE).level == 90
    assert Use(1_000, 0, 1_000 * RUPEE).level == 90
    assert Use(1_000, 1, 1_000 * RUPEE).level == 100
    assert Use(0, 0, 0).level == 0


def test_cash_below_zero_is_short_with_nothing_used() -> None:
    assert Use(0, 0, -5).level == 100


@given(st.sampled_from((0, *LEVELS)), st.sampled_from((0, *LEVELS)))
def test_moves_end_at_the_level_and_go_up_one_by_one(known: int, level: int) -> None:
    way = list(moves(known, level))
    assert way == ([level] if level < known else [each for each in LEVELS if known < each <= level])
    assert not way or way[-1] == level


# the alerts


def short_future(capital: float) -> Market:
    story = market(capital, charges=False)
    story.signal("SELL", 65, symbol=FUTURE, product="NRML")
    assert story.moves()[-1] == ("ACTIVE", "active")
    return story


def blocked_future() -> int:
    return status(short_future(10_000_000)).used_rupees


def test_each_level_is_told_once_on_the_way_up_and_again_after_a_fall() -> None:
    used = blocked_future()
    story = short_future(round(used / 0.895))
    assert told(story) == []
    story.tick(24_400, symbol=FUTURE)
    story.clock(60)
    story.clock(60)
    assert told(story) == [(0, 90)]
    story.tick(27_000, symbol=FUTURE)
    story.clock(60)
    assert told(story) == [(0, 90), (90, 100)]
    assert status(story).free_paise is not None
    assert (status(story).free_paise or 0) < 0
    story.tick(24_000, symbol=FUTURE)
    story.clock(60)
    story.tick(27_000, symbol=FUTURE)
    story.clock(60)
    assert told(story) == [(0, 90), (90, 100), (100, 0), (0, 90), (90, 100)]


def test_an_event_says_what_was_compared_and_keeps_its_bytes() -> None:
    used = blocked_future()
    story = short_future(used + 1_000)
    found = [e for e in story.events if isinstance(e, MarginMoved)]
    assert [e.level for e in found] == [90]
    assert found[0].blocked_rupees == used == found[0].peak_rupees
    assert found[0].cash_paise == (used + 1_000) * RUPEE
    assert decode_event(encode_event(found[0])) == found[0]
    assert margin_text(found[0]).startswith("margin: more than 90 % of the cash is used, Rs ")


def test_without_a_capital_no_level_is_told() -> None:
    story = market()
    story.signal("SELL", 6_500, symbol=CALL)
    story.clock(60)
    assert told(story) == []


def test_a_level_that_was_told_is_not_told_again_after_a_start() -> None:
    used = blocked_future()
    story = short_future(used + 1_000)
    assert told(story) == [(0, 90)]
    again = market(used + 1_000, ledger=story.engine.ledger, charges=False)
    again.clock(60)
    assert told(again) == []
    assert again.engine.ledger.margin.level == 90


# the peak


def test_the_peak_is_the_accounts_over_nights() -> None:
    story = short_future(10_000_000)
    story.clock(60)
    peak = status(story).peak_rupees
    story.signal("EXIT", symbol=FUTURE)
    carried = story.engine.engine.carry().overnight()
    assert carried.peak_margin_rupees == peak == blocked_future()
    assert story.engine.lasting().peak_margin_rupees == peak
    next_day = PaperEngine(
        ExecutionConfig(), universe=UNIVERSE, rules=RULES, ledger=story.engine.ledger,
        carry=carried, margin=MarginTerms(None, RULES.margin_rates),
    )  # fmt: skip
    found = next_day.stats().margin
    assert found is not None
    assert (found.used_rupees, found.peak_rupees) == (0, peak)


def test_if_a_recording_is_lost_the_peak_is_that_of_the_last_alert() -> None:
    story = short_future(blocked_future() + 1_000)
    engine = PaperEngine(
        ExecutionConfig(), universe=UNIVERSE, rules=RULES, ledger=story.engine.ledger,
        carry=CarryOver(), margin=MarginTerms(None, RULES.margin_rates),
    )  # fmt: skip
    found = engine.stats().margin
    assert found is not None
    assert found.peak_rupees == blocked_future()


def test_an_account_that_never_blocked_anything_has_no_figures() -> None:
    engine = PaperEngine(
        ExecutionConfig(), universe=UNIVERSE, rules=RULES, ledger=Ledger(),
        margin=MarginTerms(None, RULES.margin_rates),
    )  # fmt: skip
    assert engine.stats().margin is None


# square_off


def test_intraday_shorts_go_first_and_only_as_many_as_needed() -> None:
    used = blocked_future()
    story = squared(2.1 * used)
    story.signal("SELL", 65, symbol=FUTURE, product="NRML")
    story.signal("SELL", 65, symbol=FUTURE, product="MIS", strategy_id="other")
    assert closed(story) == []
    story.tick(26_000, symbol=FUTURE)
    story.clock(60)
    story.tick(26_000, symbol=FUTURE)
    assert closed(story) == [("2", "margin_shortfall")]
    assert [p.order_id[-1] for p in story.engine.ledger.open_positions()] == ["1"]
    assert (status(story).free_paise or 0) >= 0
    story.clock(120)
    assert closed(story) == [("2", "margin_shortfall")]


def test_a_hedge_stays_while_what_it_hedges_is_open() -> None:
    story = squared(1_000_000)
    story.signal("BUY", 65, symbol=HEDGE, product="MIS")
    story.signal("SELL", 65, symbol=CALL, product="NRML", strategy_id="other")
    used = status(story).used_rupees
    story.engine = _with_capital(story, used // 2)
    story.clock(60)
    assert closed(story) == [("2", "margin_shortfall")]
    story.tick(300, symbol=CALL)
    assert [p.order_id[-1] for p in story.engine.ledger.open_positions()] == ["1"]


def test_waiting_entries_end_before_any_position_is_closed() -> None:
    story = squared(2.02 * blocked_future())
    story.signal("SELL", 65, symbol=FUTURE, product="NRML")
    story.signal("SELL", 65, symbol=FUTURE, order_type="LIMIT", price=26_000, strategy_id="other")
    assert len(story.engine.ledger.orders) == 2
    story.tick(25_400, symbol=FUTURE)
    story.clock(60)
    story.clock(60)
    assert ("CANCELLED", "margin_shortfall") in story.moves()
    assert closed(story) == []
    assert told(story)[-1] == (100, 0)


def closed_without_trade(story: Market) -> list[tuple[str, str, str]]:
    """(product, side, reason) of each close of a position without a trade that filled."""
    return [
        (str(e.product), e.side, e.tag)
        for e in story.events
        if isinstance(e, ExchangeOrderMoved) and not e.order_id and e.is_exit and e.fill
    ]


def hold(story: Market, symbol: str, quantity: int, price: int, product: ExchangeProduct) -> None:
    """Let the account have a position without a trade."""
    cost = OpenCost(quantity=quantity, cost_paise=abs(quantity) * price * RUPEE)
    position = UntradedPosition(tradingsymbol=symbol, product=product, cost=cost)
    story.engine.ledger.untraded.positions[position.key] = position


def test_an_intraday_short_without_a_trade_goes_before_a_carried_trade() -> None:
    story = squared(2.1 * blocked_future())
    story.signal("SELL", 65, symbol=FUTURE, product="NRML")
    hold(story, FUTURE, -65, 24_100, "MIS")
    story.tick(26_000, symbol=FUTURE)
    story.clock(60)
    story.tick(26_000, symbol=FUTURE)
    assert closed(story) == []
    assert closed_without_trade(story) == [("MIS", "BUY", "margin_shortfall")]
    assert [p.order_id[-1] for p in story.engine.ledger.open_positions()] == ["1"]
    assert story.engine.ledger.untraded.positions == {}
    assert (status(story).free_paise or 0) >= 0
    story.clock(120)
    assert len(closed_without_trade(story)) == 1


def test_an_intraday_trade_goes_before_a_carried_short_without_one() -> None:
    story = squared(2.1 * blocked_future())
    hold(story, FUTURE, -65, 24_100, "NRML")
    story.signal("SELL", 65, symbol=FUTURE, product="MIS")
    story.tick(26_000, symbol=FUTURE)
    story.clock(60)
    story.tick(26_000, symbol=FUTURE)
    assert closed(story) == [("1", "margin_shortfall")]
    assert closed_without_trade(story) == []
    assert list(story.engine.ledger.untraded.positions) == [f"{FUTURE}/NRML"]


def test_of_one_product_a_trade_goes_before_a_position_without_one() -> None:
    story = squared(2.1 * blocked_future())
    hold(story, FUTURE, -65, 24_100, "MIS")
    story.signal("SELL", 65, symbol=FUTURE, product="MIS")
    story.tick(26_000, symbol=FUTURE)
    story.clock(60)
    assert closed(story) == [("1", "margin_shortfall")]
    assert closed_without_trade(story) == []


def test_a_hedge_without_a_trade_stays_while_what_it_hedges_is_open() -> None:
    story = squared(1_000_000)
    hold(story, HEDGE, 65, 200, "MIS")
    story.signal("SELL", 65, symbol=CALL, product="NRML")
    used = status(story).used_rupees
    story.engine = _with_capital(story, used // 2)
    story.clock(60)
    assert closed(story) == [("1", "margin_shortfall")]
    assert closed_without_trade(story) == []


def test_what_is_closing_without_a_trade_is_not_closed_again() -> None:
    story = squared(2.1 * blocked_future())
    story.signal("SELL", 65, symbol=FUTURE, product="NRML")
    hold(story, FUTURE, -65, 24_100, "MIS")
    story.engine.ledger.untraded.positions[f"{FUTURE}/MIS"].closing = "square_off"
    story.engine = _with_capital(story, round(2.1 * blocked_future()))
    story.tick(26_000, symbol=FUTURE)
    story.clock(60)
    assert closed(story) == []
    assert closed_without_trade(story) == [("MIS", "BUY", "square_off")]


def test_a_shortfall_is_only_told_by_default() -> None:
    story = short_future(blocked_future() + 1_000)
    story.tick(27_000, symbol=FUTURE)
    story.clock(60)
    story.clock(120)
    assert told(story)[-1] == (90, 100)
    assert closed(story) == []


def _with_capital(story: Market, capital: int) -> PaperEngine:
    """An engine that holds the same with another capital, and the same prices."""
    engine = PaperEngine(
        ExecutionConfig(fill_mode="ltp", slippage_bps=0, enable_time_stop=False, charges=False),
        universe=UNIVERSE, rules=RULES, ledger=story.engine.ledger,
        margin=MarginTerms(capital * RUPEE, RULES.margin_rates, squares_off=True),
    )  # fmt: skip
    story.engine = engine
    for symbol, price in ((SPOT, 24_000), (FUTURE, 24_100), (CALL, 300), (HEDGE, 200)):
        story.tick(price, symbol=symbol)
    return engine


@pytest.mark.parametrize("level", LEVELS)
def test_a_fall_says_what_it_fell_below(level: int) -> None:
    event = MarginMoved(
        seq=1, ts=1, input_no=1, from_level=level, level=0, blocked_rupees=10, cash_paise=5_000
    )
    assert margin_text(event) == (
        f"margin: no more than {level} % of the cash is used, Rs 10.00 of Rs 50.00"
    )
    assert not event.is_alert
