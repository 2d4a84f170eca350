"""No id of an exchange order is used twice by a trade, also where the fill mode changes."""

from __future__ import annotations

import random

import pytest

from daemon.broker.account_books import AccountBooks
from daemon.domain.events import ExchangeOrderMoved, TradingEvent
from daemon.domain.order import OrderState
from tests.broker.test_gtt import folded
from tests.exchange.depth_market import DepthMarket
from tests.kit.tiers import seeds


def ids_by_day(days: list[list[TradingEvent]], books: AccountBooks) -> list[set[str]]:
    """Return the exchange ids of the executions of each day's events."""
    return [
        {done.exchange_id for event in events if (done := books.apply(event)) is not None}
        for events in days
    ]


def test_an_exit_in_depth_does_not_reuse_the_id_of_a_partial_exit_before_it() -> None:
    simple = DepthMarket(fill_mode="ltp", slippage_bps=0)
    simple.tick(100)
    simple.signal("BUY", 195, sl=95.0, product="NRML")
    simple.tick(94)
    assert [state for state, _ in simple.moves()][-1] == OrderState.ACTIVE
    depth = DepthMarket(ledger=folded(simple.events))
    depth.now = simple.now
    depth.depth_tick(96, bids=((95.95, 650),), asks=((96.05, 650),))
    depth.signal("EXIT")
    [exit_id] = {e.exchange_id for e in depth.events if isinstance(e, ExchangeOrderMoved)}
    assert exit_id == "X-20261118-000001-3"
    books = AccountBooks(depth.engine.universe)
    first, second = ids_by_day([simple.events, depth.events], books)
    assert first == {"X-20261118-000001-1", "X-20261118-000001-2"}
    assert second == {"X-20261118-000001-3"}


@pytest.mark.random
@pytest.mark.parametrize("seed", seeds(20))
def test_no_id_names_two_orders_however_often_the_mode_changes(seed: int) -> None:
    rng = random.Random(seed)
    events: list[TradingEvent] = []
    market, price = DepthMarket(), 100.0
    for _ in range(6):
        mode, now = rng.choice(("ltp", "bid_ask", "depth")), market.now
        market = DepthMarket(fill_mode=mode, ledger=folded(events), slippage_bps=0)
        market.now = now
        for _ in range(12):
            price = round(max(60.0, price + rng.randint(-60, 60) / 20), 2)
            bids, asks = ((round(price - 0.05, 2), 650),), ((round(price + 0.05, 2), 650),)
            market.depth_tick(price, bids=bids, asks=asks)
            if rng.random() < 0.3:
                market.signal("BUY", 195, sl=round(price - 1, 2), product="NRML")
            elif rng.random() < 0.1:
                market.signal("EXIT")
        events += market.events
    books, sides = AccountBooks(market.engine.universe), dict[str, set[str]]()
    units = dict[str, int]()
    for event in events:
        done = books.apply(event)
        if done is not None:
            sides.setdefault(done.exchange_id, set()).add(done.side)
            units[done.exchange_id] = units.get(done.exchange_id, 0) + done.quantity
    assert len(sides) > 3
    for exchange_id, each in sides.items():
        assert len(each) == 1, exchange_id
        order = books.orders.get(exchange_id)
        assert order is not None
        assert order.filled == units[exchange_id] <= order.quantity
