"""What must not matter: the direction, the size, and what other instruments do."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.domain.events import OrderCreated, OrderMoved, StopMoved
from tests.kit.invariants import watch
from tests.kit.market import CALL, PUT, Market
from tests.kit.tiers import at_most

pytestmark = pytest.mark.random

MIRROR = 20_000  # paise: what is at 120.00 is at 80.00


class Entry(NamedTuple):
    """An intent at a step of the walk, levels relative to the price of that step, paise."""

    step: int
    signal: Literal["BUY", "SELL", "EXIT"]
    lots: int
    stop: int | None
    target: int | None


class Story(NamedTuple):
    """A walk of one price a second, and what was wanted on the way."""

    prices: list[int]
    entries: list[Entry]
    latency_ms: int
    trail_step_r: float
    when: Literal["losing", "always"]


@st.composite
def stories(draw: st.DrawFn) -> Story:
    moves = draw(st.lists(st.integers(-40, 40), min_size=5, max_size=80))
    price, prices = 10_000, []
    for move in moves:
        price = min(19_000, max(1_000, price + 5 * move))
        prices.append(price)
    levels = st.one_of(st.none(), st.integers(1, 700))
    signals: st.SearchStrategy[Literal["BUY", "SELL", "EXIT"]] = st.sampled_from(
        ("BUY", "SELL", "BUY", "SELL", "EXIT")
    )
    entries = st.builds(
        Entry, st.integers(0, len(prices) - 1), signals, st.integers(1, 5), levels, levels
    )
    return Story(
        prices,
        draw(st.lists(entries, min_size=1, max_size=6)),
        draw(st.sampled_from((0, 0, 1500))),
        draw(st.sampled_from((0.5, 0.3, 1.0, 0.25))),
        draw(st.sampled_from(("losing", "always"))),
    )


def tell(
    story: Story,
    *,
    mirrored: bool = False,
    times: int = 1,
    beside: list[int] | None = None,
    **config: Any,
) -> Market:
    """Run the story; `beside` are prices of the other instrument, half a second later."""
    settings = {"latency_ms": story.latency_ms, "trail_step_r": story.trail_step_r}
    market = Market(**(settings | {"partial_exit_when": story.when} | config))
    watched = watch(market.engine)
    for step, price in enumerate(story.prices):
        market.tick((MIRROR - price if mirrored else price) / 100, after_s=0.5)
        for entry in story.entries:
            if entry.step == step:
                want(market, entry, price, mirrored=mirrored, times=times)
        if beside is not None:
            market.tick(beside[step % len(beside)] / 100, symbol=PUT, after_s=0.25)
            if step % 7 == 3:
                market.signal("BUY", 25, symbol=PUT, strategy_id="beside")
            market.now -= 250_000_000
        market.now += 500_000_000
    watched.check_end()
    return market


def want(market: Market, entry: Entry, price: int, *, mirrored: bool, times: int) -> None:
    sign = {"BUY": 1, "SELL": -1, "EXIT": 0}[entry.signal]
    levels = [
        None if away is None or not sign else price + sign * away
        for away in (None if entry.stop is None else -entry.stop, entry.target)
    ]
    signal: str = entry.signal
    if mirrored:
        signal = {"BUY": "SELL", "SELL": "BUY", "EXIT": "EXIT"}[signal]
        levels = [None if each is None else MIRROR - each for each in levels]
    stop, target = (None if each is None else each / 100 for each in levels)
    market.signal(signal, 25 * entry.lots * times, stop, target)


def course(market: Market, *, symbol: str = CALL, mirrored: bool = False) -> list[Any]:
    """Per event what happened, with prices as the unmirrored market would show them."""
    own = {
        each.order_id
        for each in market.events
        if isinstance(each, OrderCreated) and each.tradingsymbol == symbol
    }
    return [facts(each, mirrored) for each in market.events if each.order_id in own]


def facts(event: Any, mirrored: bool) -> Any:
    def price(paise: int | None) -> int | None:
        return None if paise is None else (MIRROR - paise if mirrored else paise)

    if isinstance(event, StopMoved):
        return (price(event.stop_from_paise), price(event.stop_to_paise), event.steps)
    if isinstance(event, OrderMoved):
        fill = event.fill
        levels = event.levels and (price(event.levels.stop_paise), event.levels.r_paise)
        money = fill and (price(fill.price_paise), fill.quantity, fill.realized_paise)
        return (event.to_state, event.reason, levels, money)
    return (event.quantity, price(event.sl_paise), price(event.tp_paise))


@settings(max_examples=at_most(150), deadline=None, print_blob=True)
@given(stories())
def test_a_mirrored_market_earns_the_same(story: Story) -> None:
    as_told, mirrored = tell(story), tell(story, mirrored=True)
    assert course(mirrored, mirrored=True) == course(as_told)
    assert mirrored.realized == as_told.realized


@settings(max_examples=at_most(100), deadline=None, print_blob=True)
@given(stories(), st.integers(2, 5))
def test_a_multiple_of_the_quantity_earns_the_multiple(story: Story, times: int) -> None:
    once = tell(story, enable_partial_exit=False)
    more = tell(story, enable_partial_exit=False, times=times)
    assert more.engine.ledger.realized_paise == times * once.engine.ledger.realized_paise
    assert more.moves() == once.moves()


@settings(max_examples=at_most(100), deadline=None, print_blob=True)
@given(stories(), st.lists(st.integers(20, 4_000).map(lambda n: 5 * n), min_size=1, max_size=20))
def test_ticks_of_one_instrument_never_touch_anothers_positions(
    story: Story, beside: list[int]
) -> None:
    alone, together = tell(story), tell(story, beside=beside)
    assert course(together) == course(alone)


@settings(max_examples=at_most(60), deadline=None, print_blob=True)
@given(stories(), st.sampled_from((1, 2.5, 5, 50, 500)))
def test_slippage_on_fills_never_earns_more(story: Story, bps: float) -> None:
    market = tell(story, slippage_bps=bps)
    fills = [each.fill for each in market.events if isinstance(each, OrderMoved) and each.fill]
    for fill in fills:
        worse = fill.price_paise - fill.ltp_paise
        assert (worse if fill.transaction_type == "BUY" else -worse) > 0
