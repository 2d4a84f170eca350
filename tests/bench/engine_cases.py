"""The engine under open positions, under a strategy that wants every tick, and a bracket's life."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from daemon.clockwork import rows as row_path
from daemon.clockwork.paper_engine import PaperEngine
from daemon.domain.candle import Candle
from daemon.domain.events import TradingEvent
from daemon.domain.gtt import GttLeg, GttTerms
from daemon.domain.inputs import TimedIntent
from daemon.domain.intent import OrderIntent, Signal
from daemon.domain.ticks import Ticks
from daemon.execution.context import NoStrategies
from daemon.journal.store import JournalMeta, JournalStore
from daemon.process.memory import steady_memory
from daemon.settings.config import StrategiesConfig, StrategyConfig
from strategies.engine import StrategyEngineV2
from strategies.strategy import BaseStrategy, Intents, TickView, View
from tests.bench.w1_cases import as_ticks, blocks, universe, w1_engine_of

COMMIT_BRACKETS = 100


def positions(path: Path, count: int) -> dict[str, Any]:
    """The engine with `count` open positions whose levels are far away."""
    raw = blocks(path)
    start_ts = int(raw[0]["ts_ns"][0]) + 1_000_000_000
    intents = [
        TimedIntent(
            ts=start_ts,
            intent=OrderIntent(
                symbol=f"W{n % 10}", signal=Signal.BUY, qty=50, sl_price=1.0, tp_price=90_000.0,
                product="NRML", strategy_id="hold",
            ),
        )
        for n in range(count)
    ]  # fmt: skip
    engine = w1_engine_of(universe(), NoStrategies(intents), charges=False)
    first = next(at for at, each in enumerate(raw) if each["ts_ns"][-1] > start_ts)
    for each in raw[: first + 1]:
        engine.handle(as_ticks(each))
    assert len(engine.ledger.positions) == count
    steady_memory()
    rest = raw[first + 1 :]
    start = time.perf_counter()
    for each in rest:
        engine.handle(as_ticks(each))
    elapsed = time.perf_counter() - start
    assert len(engine.ledger.positions) == count
    return {"ticks": sum(len(each["ts_ns"]) for each in rest), "seconds": elapsed}


def positions_rows(path: Path, count: int) -> dict[str, Any]:
    """The same by the row path."""
    row_path.FAST_ROWS = 10**9  # type: ignore[misc]  # longer than any run of rows
    return positions(path, count)


LATENCY_MS = 5 * 3_600_000


def waiting(path: Path, count: int) -> dict[str, Any]:
    """The engine while `count` entries on ticking instruments wait for a latency of five hours."""
    raw = blocks(path)
    start_ts = int(raw[0]["ts_ns"][0]) + 1_000_000_000
    intents = [
        TimedIntent(ts=start_ts, intent=OrderIntent(symbol=f"W{n % 10}", signal=Signal.BUY, qty=50))
        for n in range(count)
    ]
    engine = w1_engine_of(universe(), NoStrategies(intents), latency_ms=LATENCY_MS)
    first = next(at for at, each in enumerate(raw) if each["ts_ns"][-1] > start_ts)
    for each in raw[: first + 1]:
        engine.handle(as_ticks(each))
    until = start_ts + LATENCY_MS * 1_000_000
    rest = [each for each in raw[first + 1 :] if each["ts_ns"][-1] < until]
    steady_memory()
    start = time.perf_counter()
    for each in rest:
        engine.handle(as_ticks(each))
    elapsed = time.perf_counter() - start
    assert engine.ledger.orders_by_state() == ({"SUBMITTED": count} if count else {})
    return {"ticks": sum(len(each["ts_ns"]) for each in rest), "seconds": elapsed}


def waiting_rows(path: Path, count: int) -> dict[str, Any]:
    """The same by the row path."""
    row_path.FAST_ROWS = 10**9  # type: ignore[misc]  # longer than any run of rows
    return waiting(path, count)


def gtts(path: Path, count: int) -> dict[str, Any]:
    """Two engines in `fill_mode: depth`, one with `count` GTTs whose levels are far away.

    They take each block in turns: what the machine does meanwhile concerns both.
    """
    raw = blocks(path)
    engines = (_with_gtts(raw[0], 0), _with_gtts(raw[0], count))
    steady_memory()
    seconds = [0.0, 0.0]
    for at, each in enumerate(raw[1:]):
        ticks = as_ticks(each)
        for which in (at % 2, 1 - at % 2):
            start = time.process_time()
            engines[which].handle(ticks)
            seconds[which] += time.process_time() - start
    assert len(engines[1].ledger.gtts) == count
    return {
        "ticks": sum(len(each["ts_ns"]) for each in raw[1:]),
        "seconds": seconds[1],
        "without": seconds[0],
    }


def _with_gtts(first: dict[str, Any], count: int) -> PaperEngine:
    """An engine after its first block, with GTTs that no price of W1 reaches."""
    engine = w1_engine_of(universe(), NoStrategies(), fill_mode="depth")
    engine.handle(as_ticks(first))
    prices = [engine.books[n].ltp for n in range(10)]
    for n in range(count):
        last = prices[n % 10]
        low, high = 5 + 5 * (n % 100), 2 * last - last % 5 + 5 * (n % 100)
        leg = GttLeg(side="SELL", quantity=50, price_paise=low, product="NRML")
        terms = GttTerms(
            tradingsymbol=f"W{n % 10}", triggers=(low, high), legs=(leg, leg), last_paise=last
        )
        assert engine.engine.account.gtts.place(terms)
    engine.engine.lifecycle.take_events()
    return engine


def gtts_rows(path: Path, count: int) -> dict[str, Any]:
    """The same by the row path."""
    row_path.FAST_ROWS = 10**9  # type: ignore[misc]  # longer than any run of rows
    return gtts(path, count)


class EveryTick(BaseStrategy):
    """Looks at every tick of its symbols and does nothing."""

    def __init__(self) -> None:
        self.seen = 0

    def on_candle(self, candle: Candle, view: View) -> Intents:
        """Not what is measured."""
        return None

    def on_tick(self, tick: TickView, view: View) -> Intents:
        """One comparison, as the smallest real one would have."""
        self.seen += tick.ltp > 0
        return None


def tick_strategy(path: Path, watched: int) -> dict[str, Any]:
    """A strategy with `on_tick` on `watched` of the ten instruments."""
    raw = blocks(path)
    known = universe()
    config = StrategyConfig(
        id="ticks",
        module=EveryTick.__module__,
        class_="EveryTick",
        symbols=list(known.symbols[:watched]),
    )
    strategies = StrategyEngineV2(StrategiesConfig(items=[config]), known)
    engine = w1_engine_of(known, strategies)
    steady_memory()
    start = time.perf_counter()
    for each in raw:
        engine.handle(as_ticks(each))
    elapsed = time.perf_counter() - start
    return {"ticks": sum(len(each["ts_ns"]) for each in raw), "seconds": elapsed}


def bracket(count: int) -> dict[str, Any]:
    """A bracket's life in the engine, charges booked: intent, fill, target, closed."""
    engine = w1_engine_of(universe(1))
    engine.handle(_tick(0, 10_000))
    steady_memory()
    start = time.perf_counter()
    _live(engine, count, 1)
    elapsed = time.perf_counter() - start
    assert not engine.ledger.positions
    return {"brackets": count, "seconds": elapsed}


def bracket_journaled(count: int) -> dict[str, Any]:
    """The same with its events on disk, in commits of 100 brackets."""
    engine = w1_engine_of(universe(1))
    engine.handle(_tick(0, 10_000))
    with tempfile.TemporaryDirectory() as place:
        store = JournalStore.create(Path(place) / "j", JournalMeta(run_id="b", account="bench"))
        steady_memory()
        start = time.perf_counter()
        for at in range(1, count // COMMIT_BRACKETS + 1):
            events = _live(engine, COMMIT_BRACKETS, at)
            store.append(events, input_no=engine.input_no)
        elapsed = time.perf_counter() - start
        store.close()
    assert not engine.ledger.positions
    return {"brackets": count, "seconds": elapsed}


def bracket_events(count: int) -> Sequence[TradingEvent]:
    """At least `count` events, those of brackets that open and close."""
    engine = w1_engine_of(universe(1))
    events = list(engine.handle(_tick(0, 10_000)))
    at = 0
    while len(events) < count:
        at += 1
        events += _live(engine, COMMIT_BRACKETS, at)
    return events


def _live(engine: PaperEngine, count: int, at: int) -> list[TradingEvent]:
    """`count` brackets from their intent to their target; ends at the price it began with."""
    intent = OrderIntent(
        symbol="W0", signal=Signal.BUY, qty=50, sl_price=95, tp_price=105, product="NRML"
    )
    events: list[TradingEvent] = []
    for _ in range(count):
        events += engine.process_signal(intent)
    events += engine.handle(_tick(2 * at, 10_600))
    events += engine.handle(_tick(2 * at + 1, 10_000))
    return events


def _tick(n: int, ltp: int) -> Ticks:
    base = 1_736_914_500_000_000_000 + 60_000_000_000  # 2025-01-15, 09:46 IST
    return Ticks(
        ts=np.array([base + n * 1000]), instrument=np.zeros(1, np.int32), ltp=np.array([ltp])
    )
