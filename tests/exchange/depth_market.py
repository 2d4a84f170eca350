"""The market of the stories, with depth: trades in `fill_mode: depth`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from daemon.domain.dates import SECOND_NS
from daemon.domain.events import ExchangeOrderMoved, OrderMoved, TradingEvent
from daemon.domain.money import paise_exact
from daemon.domain.ticks import ABSENT, Ticks
from tests.exchange.desk import ASKS, BIDS
from tests.kit.market import CALL, Market

Side = Sequence[tuple[float, int]]


class DepthMarket(Market):
    """Options of lot 65 with five levels a side; orders go to the paper exchange."""

    def __init__(self, **config: Any) -> None:
        usual: dict[str, Any] = {"fill_mode": "depth", "lot": 65, "charges": False}
        super().__init__(**(usual | config))
        self.volume = 1_000

    def depth_tick(
        self,
        ltp: float = 100.00,
        *,
        bids: Side = BIDS,
        asks: Side = ASKS,
        growth: int = 0,
        symbol: str = CALL,
        after_s: float = 1,
    ) -> list[TradingEvent]:
        """One tick with depth `after_s` later; returns what was decided at it."""
        self.now += round(after_s * SECOND_NS)
        self.volume += growth
        index = self.engine.universe.index_of(symbol)
        block = Ticks(
            ts=np.array([self.now], dtype=np.int64),
            instrument=np.array([index], dtype=np.int32),
            ltp=np.array([paise_exact(ltp)], dtype=np.int64),
            bid=_best(bids),
            ask=_best(asks),
            volume=np.array([self.volume], dtype=np.int64),
            depth=np.array([[*_levels(bids), *_levels(asks)]], dtype=np.int64),
        )
        return self._keep(self.engine.handle(block))

    def fills(self) -> list[tuple[str, int, float]]:
        """Return (side, quantity, price in rupees) of every fill of a trade so far."""
        return [
            (fill.transaction_type, fill.quantity, fill.price_paise / 100)
            for event in self.events
            if isinstance(event, OrderMoved | ExchangeOrderMoved) and (fill := event.fill)
        ]

    def exchange_kinds(self) -> list[tuple[str, str]]:
        """Return (kind, reason) of every event of an exchange order."""
        return [
            (event.kind, event.reason)
            for event in self.events
            if isinstance(event, ExchangeOrderMoved)
        ]


def _best(side: Side) -> Any:
    return np.array([paise_exact(side[0][0]) if side else ABSENT], dtype=np.int64)


def _levels(side: Side) -> list[tuple[int, int, int]]:
    shown = [(size, paise_exact(price), 1) for price, size in side]
    return shown + [(0, 0, 0)] * (5 - len(shown))
