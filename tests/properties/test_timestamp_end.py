"""The end of a timestamp: heard once, in rank, before anything later, on columns as on rows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.clockwork import rows as row_path
from daemon.clockwork.paper_engine import PaperEngine
from daemon.domain.dates import ist_date
from daemon.domain.events import TradingEvent
from daemon.domain.instrument import Universe
from daemon.domain.intent import OrderIntent
from daemon.domain.tick_view import TickView
from daemon.market.agenda import Agenda
from daemon.market.moment import Moment
from daemon.market.timestamp_end import EndRank, TimestampEnd
from strategies.views import Desk
from tests.kit.drive import inputs_of, make_engine
from tests.kit.market import CALL, PUT, Market
from tests.kit.scenario import Row, Scenario, WalkCandle, random_scenario
from tests.kit.tiers import examples
from tests.properties.test_tick_strategies import Watchers

NEVER_FAST = 10**9


class Heard(NamedTuple):
    """One end of a timestamp, as a listener finds the engine."""

    ended: int
    due_ts: int
    as_of: int
    now: int
    input_no: int
    prices: tuple[int | None, ...]


class Asking(Watchers):
    """Asks for the end of some timestamps at which it is shown a tick."""

    engine: PaperEngine

    def on_tick(self, tick: TickView, desk: Desk, /) -> list[OrderIntent]:
        if hash((tick.ts // 500, round(tick.ltp * 20))) % 5 == 0:
            self.engine.engine.timestamp_end.ask()
        return super().on_tick(tick, desk)


class Run(NamedTuple):
    """What a run decided and heard."""

    events: list[TradingEvent]
    ledger: bytes
    heard: list[Heard]


def run(scenario: Scenario, fast_rows: int, block: int) -> Run:
    """Run a scenario with a strategy that asks; every end closes its oldest position."""
    heard: list[Heard] = []
    strategies = Asking(scenario, Universe(scenario.instruments), frozenset({0}))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(row_path, "FAST_ROWS", fast_rows)
        patch.setattr(row_path, "FAST_ROWS_EACH", 0)
        strategies.engine = loop = make_engine(scenario, strategies)
        engine = loop.engine

        def note(ts: int) -> Iterator[None]:
            at = loop.at
            prices = tuple(engine.desk.ltp_paise(index) for index in range(len(loop.universe)))
            heard.append(Heard(ts, at.due_ts, at.now, at.stamp, at.input_no, prices))
            for position in loop.ledger.open_positions()[:1]:
                engine.exit_order(position.order_id, "manual_exit")
            yield

        engine.timestamp_end.listen(EndRank.PLANS, note)
        events = [event for item in inputs_of(scenario, block) for event in loop.handle(item)]
    return Run(events, msgspec.json.encode(loop.ledger), heard)


@settings(max_examples=examples(100), deadline=None)
@given(
    seed=st.integers(0, 10**6),
    fast_rows=st.sampled_from((1, 2, 5, 40)),
    block=st.sampled_from((7, 50, 300, 65_536)),
)
def test_columns_end_timestamps_as_the_row_path_does(seed: int, fast_rows: int, block: int) -> None:
    scenario = random_scenario(seed)
    assert run(scenario, fast_rows, block) == run(scenario, NEVER_FAST, block)


class Naive(NamedTuple):
    """What the end of a timestamp is, worked out input by input."""

    first_later: int
    prices: tuple[int | None, ...]


def naive_ends(scenario: Scenario) -> dict[int, Naive]:
    """Return the end of every timestamp of a scenario without walked candles."""
    ends: dict[int, Naive] = {}
    prices: list[int | None] = [None] * len(scenario.instruments)
    now = -1
    for number, item in enumerate(scenario.inputs, 1):
        row = item if isinstance(item, Row) else None
        if row is not None and (row.instrument < 0 or row.ltp <= 0 or row.ts < now):
            continue  # refused
        if item.ts > now >= 0:
            ends[now] = Naive(number, tuple(prices))
        now = max(now, item.ts)
        if row is not None:
            segment = scenario.instruments[row.instrument].segment
            opens, closes = scenario.sessions.get((ist_date(row.ts), segment), (0, 0))
            if opens <= row.ts < closes:
                prices[row.instrument] = row.ltp
    return ends


def test_an_end_is_heard_once_at_the_first_later_input_with_the_prices_of_then() -> None:
    heard = 0
    for seed in range(40):
        scenario = random_scenario(seed)
        if any(isinstance(item, WalkCandle) for item in scenario.inputs):
            continue
        columns, naive = run(scenario, 1, 65_536), naive_ends(scenario)
        ends = columns.heard
        assert [end.ended for end in ends] == sorted({end.ended for end in ends})
        for end in ends:
            assert end.due_ts == end.as_of == end.ended < end.now
            assert Naive(end.input_no, end.prices) == naive[end.ended]
        heard += len(ends)
    assert heard > 200


class Teller:
    """Listens at one rank and says so in a common list."""

    def __init__(self, end: TimestampEnd, said: list[tuple[str, int]], rank: EndRank) -> None:
        self._said = said
        self._rank = rank
        end.listen(rank, self.hear)

    def hear(self, ts: int) -> Iterator[None]:
        self._said.append((self._rank.name, ts))
        yield


def test_watches_hear_before_plans_and_plans_before_strategies() -> None:
    at, said = Moment(), list[tuple[str, int]]()
    end = TimestampEnd(Agenda(), at)
    for rank in (EndRank.STRATEGIES, EndRank.WATCHES, EndRank.PLANS):
        Teller(end, said, rank)
    at.move_to(7)
    end.ask()
    for _ in range(2):
        for _ in end.reach(7):
            pass
    assert said == [("WATCHES", 7), ("PLANS", 7), ("STRATEGIES", 7)]


def test_an_end_is_heard_at_the_first_later_input_and_not_at_one_of_the_same_time() -> None:
    market, said = Market(), list[tuple[str, int]]()
    end = market.engine.engine.timestamp_end
    Teller(end, said, EndRank.PLANS)
    market.tick(100.0)
    end.ask()
    end.ask()
    asked = market.now
    market.tick(101.0, symbol=PUT, after_s=0)
    market.clock(0)
    assert said == []
    market.tick(101.0, symbol=CALL, after_s=1e-9)
    assert said == [("PLANS", asked)]
    market.clock(1)
    assert len(said) == 1


def test_a_second_listener_of_one_rank_is_a_programmers_error() -> None:
    end = TimestampEnd(Agenda(), Moment())
    Teller(end, [], EndRank.PLANS)
    with pytest.raises(ValueError, match="PLANS"):
        Teller(end, [], EndRank.PLANS)


def test_a_recording_that_ends_ends_its_last_timestamp_once() -> None:
    market, said = Market(), list[tuple[str, int]]()
    Teller(market.engine.engine.timestamp_end, said, EndRank.PLANS)
    market.tick(100.0)
    assert market.engine.final_clock() is None
    market.engine.engine.timestamp_end.ask()
    clock = market.engine.final_clock()
    assert clock is not None
    assert clock.ts == market.now + 1
    market.engine.handle(clock)
    assert said == [("PLANS", market.now)]
    assert market.engine.final_clock() is None
