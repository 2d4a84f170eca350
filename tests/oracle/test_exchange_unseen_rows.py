"""Rows that the exchange does not look at, because nothing works there, are not missed.

This holds for rows that carry what the rows before them carried. The exchange does not know the
book before a dropped one, or the volume before a row without, if it did not look at them.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from daemon.exchange.depth_book import MarketTick
from tests.exchange.driver import Driver, market_tick, rows_of, run, setup_of
from tests.kit.tiers import seeds
from tests.oracle.exchange_market import crossed
from tests.oracle.exchange_random import random_scenario
from tests.oracle.exchange_scenario import Input, Levels, Scenario, Tick

pytestmark = pytest.mark.random


class Sparing(Driver):
    """Shows a row when something needs it, or before an order is sent; calls when it is time."""

    def __init__(self, setup: dict[str, Any]) -> None:
        super().__init__(setup)
        self.unseen: dict[int, MarketTick] = {}
        self.skipped = 0

    def _tick(self, tick: Any) -> None:
        at = self.symbols[tick["symbol"]]
        if self.exchange.next_due <= self.now:
            self.note(self.exchange.advance(self.now, ticking=at))
        self.believe(at, tick)
        row = market_tick(self.now, tick)
        if self.exchange.works_at(at):
            self.unseen.pop(at, None)
            self.note(self.exchange.on_tick(at, row))
        else:
            self.skipped += 1
            self.unseen[at] = row

    def send(self, request: Any) -> None:
        at = self.symbols.get(request.get("symbol", ""), -1)
        if at in self.unseen:
            self.exchange.show(at, self.unseen.pop(at))
        super().send(request)


class Rows:
    """Makes every row of a contract carry what the rows before it carried."""

    def __init__(self) -> None:
        self.books: dict[str, tuple[Levels, Levels]] = {}
        self.volumes: dict[str, int] = {}

    def whole(self, item: Input) -> Input:
        tick = item.what
        if not isinstance(tick, Tick):
            return item
        symbol, volume = tick.symbol, max(tick.volume or 0, self.volumes.get(tick.symbol, 0))
        self.volumes[symbol] = volume
        bids, asks = tick.bids, tick.asks
        if bids is not None and asks is not None and not crossed(bids, asks):
            self.books[symbol] = bids, asks
        bids, asks = self.books.get(symbol, (None, None))
        tick = dataclasses.replace(tick, volume=volume, bids=bids, asks=asks)
        return dataclasses.replace(item, what=tick)


def whole(scenario: Scenario) -> Scenario:
    rows = Rows()
    inputs = tuple(rows.whole(item) for item in scenario.inputs)
    return dataclasses.replace(scenario, inputs=inputs)


@pytest.mark.parametrize("seed", seeds(20))
def test_a_row_that_nothing_needed_is_not_missed(seed: int) -> None:
    scenario = whole(random_scenario(seed))
    assert Sparing(setup_of(scenario)).play(rows_of(scenario)) == run(scenario)


def test_rows_are_skipped() -> None:
    skipped = rows = 0
    for seed in range(40):
        scenario = whole(random_scenario(seed))
        driver = Sparing(setup_of(scenario))
        driver.play(rows_of(scenario))
        skipped += driver.skipped
        rows += sum(isinstance(item.what, Tick) for item in scenario.inputs)
    assert 20 * skipped > rows
