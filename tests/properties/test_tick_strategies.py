"""Strategies that ask for ticks: columns give what the row path gives, whatever they do."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.domain.events import OrderMoved, TradingEvent
from daemon.domain.instrument import Instrument, Universe
from daemon.domain.intent import OrderIntent, Signal
from daemon.domain.tick_view import TickView
from strategies.views import Desk
from tests.kit.drive import RuleStrategies, inputs_of, make_engine
from tests.kit.row_paths import NEVER, taking_rows
from tests.kit.scenario import Scenario, random_scenario
from tests.kit.tiers import at_most

Seen = tuple[TickView, tuple[int | None, ...]]


class Watchers(RuleStrategies):
    """Watches some instruments, looks at all, trades any: a pure function of what it sees.

    Every so often (by price and time) it buys or sells with levels close by, or leaves.
    """

    def __init__(self, scenario: Scenario, universe: Universe, watched: frozenset[int]) -> None:
        super().__init__(scenario, universe)
        self.tick_instruments = watched
        self.seen: list[Seen] = []
        self._universe = universe

    def on_tick(self, tick: TickView, desk: Desk, /) -> list[OrderIntent]:
        draw = hash((tick.ts // 1000, round(tick.ltp * 100))) % 97
        looks = draw % 3 == 0
        known = tuple(desk.ltp_paise(at) if looks else None for at in range(len(self._universe)))
        self.seen.append((tick, known))
        if draw > 12:
            return []
        other = self._universe[draw % len(self._universe)]
        if draw > 9:
            return [self._intent(other.tradingsymbol, Signal.EXIT, 0, tick.ltp)]
        side = Signal.BUY if draw % 2 else Signal.SELL
        own = [each for each in self._universe if each.tradingsymbol == tick.tradingsymbol]
        return [
            self._intent(each.tradingsymbol, side, each.lot_size, self._price(desk, each))
            for each in (own[0], other)
        ]

    def _price(self, desk: Desk, instrument: Instrument) -> float:
        index = self._universe.index_of(instrument.tradingsymbol)
        assert index is not None
        return (desk.ltp_paise(index) or 10_000) / 100

    def _intent(self, symbol: str, side: Signal, quantity: int, price: float) -> OrderIntent:
        sign = {Signal.BUY: 1, Signal.SELL: -1}.get(side, 0)
        return OrderIntent(
            symbol=symbol,
            signal=side,
            qty=quantity,
            sl_price=round(price * (1 - sign * 0.004), 2) if sign else None,
            tp_price=round(price * (1 + sign * 0.006), 2) if sign else None,
            strategy_id="ticks",
            timeframe="1m",
            product="NRML",
        )


def run(
    scenario: Scenario,
    watched: frozenset[int],
    fast_rows: int,
    block: int,
    *,
    passes_over: bool = False,
) -> tuple[list[TradingEvent], bytes, list[Seen]]:
    universe = Universe(scenario.instruments)
    strategies = Watchers(scenario, universe, watched)
    with taking_rows(fast_rows, passes_over=passes_over):
        engine = make_engine(scenario, strategies)
        events = [event for item in inputs_of(scenario, block) for event in engine.handle(item)]
    return events, msgspec.json.encode(engine.ledger), strategies.seen


@pytest.mark.random
@settings(max_examples=at_most(120), deadline=None)
@given(
    seed=st.integers(0, 10**6),
    watched=st.frozensets(st.integers(0, 3), max_size=3),
    fast_rows=st.sampled_from((1, 2, 5, 40, NEVER)),
    block=st.sampled_from((7, 50, 300, 65_536)),
    passes_over=st.booleans(),
)
def test_columns_show_and_decide_what_the_row_path_does(
    seed: int, watched: frozenset[int], fast_rows: int, block: int, passes_over: bool
) -> None:
    scenario = random_scenario(seed)
    present = frozenset(each for each in watched if each < len(scenario.instruments))
    found = run(scenario, present, fast_rows, block, passes_over=passes_over)
    assert found == run(scenario, present, NEVER, block)


def test_the_checked_in_seeds_trade_on_ticks_and_equal_the_row_path() -> None:
    fills = 0
    for seed in range(20):
        scenario = random_scenario(seed)
        fast = run(scenario, frozenset({0}), 1, 65_536, passes_over=seed % 2 == 0)
        assert fast == run(scenario, frozenset({0}), NEVER, 65_536), seed
        fills += sum(isinstance(each, OrderMoved) and each.fill is not None for each in fast[0])
    assert fills > 500
