"""An engine that follows a leader decides what it decides alone, whatever the leader's blocks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.clockwork import followed_rows, rows
from daemon.clockwork.paper_engine import PaperEngine
from daemon.domain.events import TradingEvent
from daemon.domain.instrument import Universe
from daemon.domain.ticks import Ticks
from daemon.execution.context import NoStrategies
from daemon.market.rows import Rows
from daemon.market.shared_market import SharedMarket
from tests.kit.drive import FixedRules, inputs_of, make_engine, run_engine
from tests.kit.scenario import Scenario, WalkCandle, random_scenario
from tests.kit.tiers import examples, seeds

pytestmark = pytest.mark.random


class Tap(NoStrategies):
    """Puts the candles of the leader into the market."""

    def __init__(self, wanted: Mapping[str, frozenset[int]], market: SharedMarket) -> None:
        super().__init__()
        self.subscriptions = dict(wanted)
        self.market = market

    def on_candles(self, candles: Any, desk: Any, /) -> list[Any]:
        self.market.close(candles)
        return []


class Led:
    """A leader, and one engine that follows it."""

    def __init__(self, scenario: Scenario) -> None:
        universe = Universe(scenario.instruments)
        self.market = SharedMarket(len(universe) + 1)
        self.rows: list[Rows] = []
        wanted: list[Mapping[str, frozenset[int]]] = []

        walks = any(isinstance(item, WalkCandle) for item in scenario.inputs)

        def market_of(timeframes: Mapping[str, frozenset[int]]) -> SharedMarket | None:
            wanted.append(timeframes)
            return None if walks else self.market

        self.follower = make_engine(scenario, market_of=market_of)
        self.leader = PaperEngine(
            scenario.execution,
            universe=universe,
            rules=FixedRules(scenario.sessions, scenario.tariffs),
            strategies=Tap(wanted[0], self.market),
            on_rows=self.rows.append,
        )
        self.leader.bars.tell_late(self.market.note_late)

    def run(self, scenario: Scenario, block: int) -> tuple[list[TradingEvent], bytes]:
        events: list[TradingEvent] = []
        for item in inputs_of(scenario, block):
            self.market.begin_input()
            self.rows.clear()
            assert self.leader.handle(item) == []
            if isinstance(item, Ticks):
                accepted = [rows.again() for rows in self.rows]
                events += self.follower.follow(accepted, self.leader.input_no)
            else:
                events += self.follower.handle(item)
        return events, msgspec.json.encode(self.follower.ledger)


def led(scenario: Scenario, block: int, few: int, ahead: int) -> tuple[list[TradingEvent], bytes]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(followed_rows, "FEW_ROWS", few)
        patch.setattr(followed_rows, "AHEAD_ROWS", ahead)
        patch.setattr(rows, "FAST_ROWS", 5)
        patch.setattr(rows, "FAST_ROWS_EACH", 0)
        return Led(scenario).run(scenario, block)


def alone(scenario: Scenario) -> tuple[list[TradingEvent], bytes]:
    events, ledger = run_engine(scenario)
    return events, msgspec.json.encode(ledger)


@settings(max_examples=examples(60), deadline=None)
@given(
    seed=st.integers(0, 10**6),
    few=st.sampled_from((1, 30)),
    ahead=st.sampled_from((1, 3, 1_024)),
    block=st.sampled_from((7, 50, 300, 65_536)),
)
def test_s3_a_follower_decides_what_it_decides_alone(
    seed: int, few: int, ahead: int, block: int
) -> None:
    scenario = random_scenario(seed)
    assert led(scenario, block, few, ahead) == alone(scenario)


@pytest.mark.parametrize("seed", seeds(12))
def test_s3_so_it_does_on_the_checked_in_seeds(seed: int) -> None:
    scenario = random_scenario(seed)
    assert led(scenario, 65_536, 1, 1_024) == alone(scenario)
