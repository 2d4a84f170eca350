"""Trades and orders without a trade in one account: the books hold both, the ledger one."""

from __future__ import annotations

import random
from collections import defaultdict

import pytest

from daemon.broker.account_books import AccountBooks
from daemon.broker.executions import Execution
from daemon.broker.positions import Mark
from daemon.domain.gtt import GttLeg, GttTerms
from daemon.domain.ledger import Ledger
from daemon.domain.order import Side
from tests.broker.test_books_agree import OF_LOT, act, random_side
from tests.broker.test_gtt import GttMarket
from tests.kit.market import CALL, PUT
from tests.kit.tiers import seeds

pytestmark = pytest.mark.random
CAPITAL = 50_000_000_00


def random_gtt(rng: random.Random, symbol: str, ltp: int) -> GttTerms:
    sides: tuple[Side, ...] = ("BUY", "SELL")
    below, above = (max(5, ltp + 5 * n * rng.randint(1, 30)) for n in (-1, 1))
    legs = tuple(
        GttLeg(
            side=rng.choice(sides),
            quantity=OF_LOT * rng.randint(1, 5),
            price_paise=max(5, level + 5 * rng.randint(-30, 30)),
            product="NRML",
        )
        for level in (below, above)
    )
    if rng.random() < 0.5:
        return GttTerms(tradingsymbol=symbol, triggers=(below,), legs=legs[:1], last_paise=ltp)
    return GttTerms(tradingsymbol=symbol, triggers=(below, above), legs=legs, last_paise=ltp)


def session(seed: int) -> GttMarket:
    rng = random.Random(seed)
    market = GttMarket(latency_ms=rng.choice((0, 700)))
    ltp = {CALL: 10_000, PUT: 8_000}
    for _ in range(rng.randint(60, 120)):
        symbol = rng.choice((CALL, PUT))
        ltp[symbol] = max(100, ltp[symbol] + 5 * rng.randint(-40, 40))
        market.depth_tick(
            ltp[symbol] / 100,
            bids=random_side(rng, ltp[symbol] - 5, -1),
            asks=random_side(rng, ltp[symbol] + 5, 1),
            growth=OF_LOT * rng.randint(0, 20),
            symbol=symbol,
        )
        if rng.random() < 0.2:
            act(rng, market, symbol, ltp[symbol])
        if rng.random() < 0.2:
            market.place(random_gtt(rng, symbol, ltp[symbol]))
    return market


@pytest.mark.parametrize("seed", seeds(25))
def test_every_rupee_is_of_a_trade_or_of_an_order_without_one(seed: int) -> None:
    market = session(seed)
    books, ledger = AccountBooks(market.engine.universe, CAPITAL), Ledger()
    flow, held = 0, defaultdict[str, int](int)
    untraded: list[Execution] = []
    marks = {CALL: Mark(last_paise=9_990), PUT: Mark(last_paise=8_015)}
    for event in market.events:
        execution = books.apply(event)
        ledger.apply(event)
        if execution is not None and not execution.order_id:
            untraded.append(execution)
            flow -= execution.sign * execution.value_paise
            held[execution.tradingsymbol] += execution.sign * execution.quantity
        result = flow + sum(held[symbol] * mark.last_paise for symbol, mark in marks.items())
        result += ledger.realized_paise + sum(
            each.unrealized_paise(marks[each.tradingsymbol].last_paise)
            for each in ledger.positions.values()
        )
        assert sum(row.pnl_paise for row in books.positions.net(marks)) == result
        funds = books.funds(marks)
        assert books.cash.cash_paise + int(funds.m2m_unrealised * 100) == CAPITAL + result
        assert funds.net == books.cash.cash
    assert len(untraded) == sum(not trade.order_id for trade in books.trades)


def test_the_sessions_fire_gtts_whose_orders_fill() -> None:
    fired = [event for seed in range(10) for event in session(seed).told()]
    assert sum(kind == "triggered" for kind, _, _ in fired) > 20
