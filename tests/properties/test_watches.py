"""Watches over random markets: columns, rows and a value at every timestamp decide the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.clockwork import rows as row_path
from daemon.clockwork.paper_engine import PaperEngine
from daemon.domain.events import TradingEvent, WatchMoved
from daemon.domain.instrument import Universe
from daemon.domain.intent import OrderIntent, Signal
from daemon.domain.strategy_actions import Wanted
from daemon.domain.tag_watch import WatchTerms
from daemon.domain.tick_view import TickView
from daemon.levels.combined import CombinedLevels
from daemon.market.timestamp_end import EndRank
from strategies.views import Desk
from tests.kit.drive import inputs_of, make_engine
from tests.kit.scenario import Scenario, random_scenario
from tests.kit.tiers import examples
from tests.properties.test_tick_strategies import Watchers

pytestmark = pytest.mark.random

NEVER_FAST = 10**9
TAGS = ("a", "b", "c")


class Tagging(Watchers):
    """Trades under a few tags, and now and then watches one of them: a function of what it sees."""

    def on_tick(self, tick: TickView, desk: Desk, /) -> list[OrderIntent]:
        draw = hash((tick.ts // 3_000, round(tick.ltp * 10))) % 101
        wanted = [
            msgspec.structs.replace(intent, tag=TAGS[(draw + at) % 3], sl_price=None, tp_price=None)
            for at, intent in enumerate(super().on_tick(tick, desk))
            if intent.signal is not Signal.EXIT or draw % 4 == 0
        ]
        if draw < 6:
            ask = OrderIntent(symbol="", signal=Signal.HOLD, tag=TAGS[draw % 3], qty=draw)
            wanted.append(msgspec.structs.replace(ask, price=tick.ltp))
        return wanted


def _let_watch(loop: PaperEngine) -> None:
    """Let a HOLD with a tag ask for a watch, as an action of a strategy would."""
    engine = loop.engine
    take = engine.take_checked

    def taken(wanted: Wanted) -> str | None:
        assert isinstance(wanted, OrderIntent)
        intent = wanted
        if intent.signal is Signal.HOLD and intent.price is not None:
            terms = _terms(intent.qty, round(intent.price * 100))
            assert engine.account.watches.watch("ticks", intent.tag, terms) == ""
        return take(intent)

    engine.take_checked = taken  # type: ignore[method-assign]


def _terms(draw: int, ltp: int) -> WatchTerms:
    """Levels some moves away; once in a while none."""
    if draw == 5:
        return WatchTerms()
    far = max(1, ltp // (4 + draw))
    return WatchTerms(
        stop_paise=3 * far,
        target_paise=9 * far if draw % 2 else 0,
        trail_every_paise=far,
        trail_by_paise=far // 2 + 1,
        lock_at_paise=4 * far if draw > 1 else 0,
        lock_keep_paise=2 * far if draw > 1 else 0,
        lock_every_paise=far if draw > 2 else 0,
        lock_by_paise=far // 3 + 1 if draw > 2 else 0,
    )


class Run(NamedTuple):
    """What a run decided."""

    events: list[TradingEvent]
    ledger: bytes
    looks: int


def run(scenario: Scenario, fast_rows: int, block: int, *, is_naive: bool = False) -> Run:
    """Run a scenario; naively, every watch is valued at the end of every timestamp with a row."""
    strategies = Tagging(scenario, Universe(scenario.instruments), frozenset(range(3)))
    strategies.tick_instruments = frozenset(range(len(scenario.instruments)))
    looks = 0
    decide = CombinedLevels.decide

    def counted(levels: CombinedLevels, *stake: object) -> object:
        nonlocal looks
        looks += 1
        return decide(levels, *stake)  # type: ignore[arg-type]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(row_path, "FAST_ROWS", fast_rows)
        patch.setattr(row_path, "FAST_ROWS_EACH", 0)
        patch.setattr(CombinedLevels, "decide", counted)
        loop = make_engine(scenario, strategies)
        _let_watch(loop)
        if is_naive:
            _value_always(loop)
        events = [event for item in inputs_of(scenario, block) for event in loop.handle(item)]
    return Run(events, msgspec.json.encode(loop.ledger), looks)


def _value_always(loop: PaperEngine) -> None:
    """Ask for the end of every timestamp and let every watch be due at each."""
    end, watches = loop.engine.timestamp_end, loop.engine.account.watches
    rows = loop._rows
    assert isinstance(rows, row_path.RowPath)
    take = rows.take_row

    def asked(*row: object, **special: object) -> None:
        take(*row, **special)  # type: ignore[arg-type]
        for watched in watches._watched.values():
            watched.levels.reach()

    rows.take_row = asked  # type: ignore[method-assign]
    for book in loop.books:
        book.watch_ticks()

    def nothing(ts: int) -> Iterator[None]:
        return iter(())

    end.listen(EndRank.PLANS, nothing)


@settings(max_examples=examples(60), deadline=None)
@given(
    seed=st.integers(0, 10**6),
    fast_rows=st.sampled_from((1, 2, 5, 40)),
    block=st.sampled_from((7, 50, 300, 65_536)),
)
def test_columns_watch_as_the_row_path_does(seed: int, fast_rows: int, block: int) -> None:
    scenario = random_scenario(seed)
    assert run(scenario, fast_rows, block) == run(scenario, NEVER_FAST, block)


@settings(max_examples=examples(60), deadline=None)
@given(seed=st.integers(0, 10**6))
def test_armed_watches_decide_what_valuing_every_timestamp_does(seed: int) -> None:
    scenario = random_scenario(seed)
    armed = run(scenario, 1, 65_536)
    naive = run(scenario, NEVER_FAST, 50, is_naive=True)
    assert armed.events == naive.events
    assert armed.ledger == naive.ledger
    assert armed.looks <= naive.looks


def test_the_checked_in_seeds_reach_every_level_by_few_looks() -> None:
    reasons: Counter[str] = Counter()
    looks = naive_looks = 0
    for seed in range(30):
        scenario = random_scenario(seed)
        armed = run(scenario, 1, 65_536)
        naive = run(scenario, NEVER_FAST, 50, is_naive=True)
        assert armed.events == naive.events, seed
        looks, naive_looks = looks + armed.looks, naive_looks + naive.looks
        moved = [event for event in armed.events if isinstance(event, WatchMoved)]
        reasons.update(event.reason or event.kind for event in moved)
    for reason in ("set", "stepped", "removed", "watch_stop", "watch_target", "watch_trail"):
        assert reasons[reason], (reason, reasons)
    assert reasons["watch_lock"], reasons
    assert looks < naive_looks / 2, (looks, naive_looks)
