"""Random runs in `fill_mode: depth` with the real charges: thin books, orders of up to 20 lots."""

from __future__ import annotations

import random
from typing import Any
from unittest import mock

from daemon.domain.events import TradingEvent
from daemon.domain.ledger import Ledger
from daemon.rules.loader import load_rulebook
from tests.exchange.depth_market import DepthMarket
from tests.kit.drive import FixedRules

LOT = 65
BOOK = load_rulebook()


def depth_run(seed: int, steps: int = 60, **config: Any) -> tuple[list[TradingEvent], Ledger]:
    """The events of a session in which entries and exits fill in parts, and its ledger."""
    draw = random.Random(seed)
    with mock.patch.object(FixedRules, "charges", staticmethod(BOOK.charges)):
        market = DepthMarket(
            charges=True,
            latency_ms=draw.choice([0, 0, 300]),
            market_rest=draw.choice(["rest", "cancel"]),
            time_stop_bars=draw.choice([1, 3]),
            reject_after_s=10,
            **config,
        )
        middle = 2_000
        for _ in range(steps):
            middle = max(1_500, middle + draw.randint(-6, 6))
            _tick(market, draw, middle)
            _act(market, draw, middle * 0.05)
        if draw.random() < 0.5:
            market.clock(7 * 3600)
    return market.events, market.engine.ledger


def _tick(market: DepthMarket, draw: random.Random, middle: int) -> None:
    market.depth_tick(
        round((middle + draw.randint(-3, 3)) * 0.05, 2),
        bids=_side(draw, middle, -1),
        asks=_side(draw, middle, 1),
        growth=draw.choice([0, 65, 130, 650]),
        after_s=draw.choice([0.2, 1, 4]),
    )


def _side(draw: random.Random, middle: int, sign: int) -> list[tuple[float, int]]:
    away = sorted(draw.sample(range(1, 40), draw.choice([0, 3, 5, 5, 5])))
    return [(round((middle + sign * step) * 0.05, 2), LOT * draw.randint(1, 6)) for step in away]


def _act(market: DepthMarket, draw: random.Random, price: float) -> None:
    what = draw.random()
    if what < 0.25:
        side, lots = draw.choice(["BUY", "SELL"]), draw.randint(1, 20)
        sign = 1 if side == "BUY" else -1
        stop = round(round((price - sign * draw.randint(4, 10)) * 20) / 20, 2)
        market.signal(side, lots * LOT, stop)
    elif what < 0.35:
        market.signal("EXIT")
    elif what < 0.45:
        market.clock(draw.choice([1, 20, 70]))
