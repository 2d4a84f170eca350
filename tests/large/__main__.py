"""`make large`: what is rare and big must neither halt the journal nor make others wait."""

from __future__ import annotations

import datetime as dt
import gc
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import anyio
import numpy as np
from loguru import logger

from daemon.domain.dates import SECOND_NS, ist_ns
from daemon.domain.events import TradingEvent
from daemon.domain.inputs import Clock, TimedIntent
from daemon.domain.intent import OrderIntent, Signal
from daemon.domain.ticks import Ticks
from daemon.execution.context import NoStrategies
from daemon.journal.recovery import check_fold, recover, take_snapshot
from daemon.journal.store import JournalMeta, JournalStore
from daemon.journal.writer import GROUP_EVENTS, STALL_S, Batch, Committed, TradeRecorder
from tests.bench.w1_cases import universe, w1_engine_of
from tests.kit.busy_boundary import DUE_S, BusyRun, run_busy, unyielded
from tests.kit.figures import merge_figures
from tests.kit.market import CALL, OPEN, PUT, Market
from tests.soak.days import trading_days

POSITIONS: Final = 100_000
EVENTS: Final = 1_000_000
AFTER_SNAPSHOT: Final = 20_000
DAYS: Final = 20
BRACKETS: Final = 100
START_MAX_S: Final = 3.0
ORDERS: Final = 3_000
RUNS: Final = 5
META: Final = JournalMeta(run_id="large", account="large", program_version="0", created_ts=1)


def holding(count: int) -> Market:
    """A market in which so many positions are open."""
    wishes = [
        TimedIntent(
            ts=OPEN + SECOND_NS,
            intent=OrderIntent(
                symbol=(CALL, PUT)[number % 2], signal=Signal.BUY, qty=25, sl_price=1.0,
                strategy_id="hold", product=("MIS", "NRML")[number // 2 % 2],
            ),
        )
        for number in range(count)
    ]  # fmt: skip
    market = Market(strategies=NoStrategies(wishes))
    for symbol in (CALL, PUT):
        market.tick(100, symbol=symbol, after_s=0.1)
    market.tick(100)
    market.tick(100, symbol=PUT, after_s=0.1)
    assert len(market.engine.ledger.positions) == count
    return market


async def record(place: Path, batches: list[Batch]) -> tuple[float, list[Committed]]:
    """Commit them by the real recorder under the real rule; seconds, and what was published."""
    shown: list[Committed] = []

    async def publish(fact: Committed) -> None:
        shown.append(fact)

    with JournalStore.create(place, META) as store:
        recorder = TradeRecorder(store, publish)
        async with anyio.create_task_group() as tasks:
            await tasks.start(recorder.run)
            for batch in batches[:-1]:
                await recorder.put(batch)
            while recorder.statistics.lag_events:  # noqa: ASYNC110 - nobody tells
                await anyio.sleep(0.01)
            began = time.monotonic()
            await recorder.put(batches[-1])
            await recorder.close()
    return time.monotonic() - began, shown


def square_off(count: int = POSITIONS) -> dict[str, Any]:
    """All positions are closed by one input; its commit is the largest that there can be."""
    market = holding(count)
    opened = list(market.events)
    began = time.monotonic()
    closed: list[TradingEvent] = market.command("kill_switch")
    decided_s = time.monotonic() - began
    assert not market.engine.ledger.positions
    batches = [
        Batch(events=opened, input_no=opened[-1].input_no),
        Batch(events=closed, input_no=closed[-1].input_no),
    ]
    with TemporaryDirectory(prefix="fno-large-") as name:
        place = Path(name) / "j"
        committed_s, shown = anyio.run(record, place, batches)
        assert [len(each.events) for each in shown] == [len(opened), len(closed)]
        with JournalStore.open(place) as store:
            store.verify()
            check_fold(store, market.engine.ledger)
    return {
        "positions": count, "events_of_one_input": len(closed), "stall_rule_s": STALL_S,
        "decided_s": round(decided_s, 2), "committed_s": round(committed_s, 2), "halted": False,
    }  # fmt: skip


def many_days(count: int, days: int) -> list[TradingEvent]:
    """At least `count` events of brackets that open and close, spread over trading days.

    What a day has closed is archived at its end, as in an account that is left alone.
    """
    engine = w1_engine_of(universe(1))
    intent = OrderIntent(symbol="W0", signal=Signal.BUY, qty=50, sl_price=95, tp_price=105)
    events: list[TradingEvent] = []
    for number, date in enumerate(trading_days(days), 1):
        ts = ist_ns(date, dt.time(10, 0))
        events += engine.handle(row(ts, 10_000))
        while len(events) < count * number // days:
            for _ in range(BRACKETS):
                events += engine.process_signal(intent)
            events += engine.handle(row(ts + 1000, 10_600))
            ts += 2000
            events += engine.handle(row(ts, 10_000))
        if number < days:
            events += engine.handle(Clock(ts=ist_ns(date, dt.time(16, 0))))
            assert not engine.ledger.orders, "a day's orders stay in the ledger"
    return events


def row(ts: int, ltp: int) -> Ticks:
    """One tick."""
    return Ticks(ts=np.array([ts]), instrument=np.zeros(1, np.int32), ltp=np.array([ltp]))


def long_start() -> dict[str, Any]:
    """A start on a journal of a million events: lock, verify, fold.

    Held to its bar by the processor's time: what else the machine does is not in it.
    """
    events = many_days(EVENTS, DAYS)
    count = len(events)
    with TemporaryDirectory(prefix="fno-large-") as name:
        place = Path(name) / "j"
        with JournalStore.create(place, META) as store:
            append_all(store, events[:-AFTER_SNAPSHOT])
            take_snapshot(place)
            append_all(store, events[-AFTER_SNAPSHOT:])
        del events
        gc.collect()
        wall, processor = time.monotonic(), time.process_time()
        with JournalStore.open(place, write=True) as store:
            assert recover(store).seq == count
        wall, processor = time.monotonic() - wall, time.process_time() - processor
    assert processor <= START_MAX_S, processor
    return {
        "events": count, "days": DAYS, "after_snapshot": AFTER_SNAPSHOT,
        "start_s": round(wall, 2), "start_processor_s": round(processor, 2),
    }  # fmt: skip


def append_all(store: JournalStore, events: Sequence[TradingEvent]) -> None:
    """In groups, as the recorder does."""
    for at in range(0, len(events), GROUP_EVENTS):
        group = events[at : at + GROUP_EVENTS]
        store.append(group, input_no=group[-1].input_no)


def busy_boundary(count: int = ORDERS, times: int = RUNS) -> dict[str, Any]:
    """One candle asks for so many orders; an exit is due 100 ms later. The best of some runs.

    The best one, as this is a promise for a machine that does nothing else.
    """
    runs: list[BusyRun] = []
    for _ in range(times):
        with TemporaryDirectory(prefix="fno-large-") as name:
            runs.append(run_busy(count, Path(name)))
            assert runs[-1].events == unyielded(runs[-1], count, Path(name))
    best = min(runs, key=lambda run: run.journaled_s)
    return {
        "orders": count, "orders_that_differ": 0,
        "arrival_seen_ms": round(1000 * best.arrived_s),
        "boundary_decided_ms": round(1000 * (best.decided_s + DUE_S)),
        "exit_journaled_ms": round(1000 * best.journaled_s),
        "worst_exit_journaled_ms": round(1000 * max(run.journaled_s for run in runs)),
    }  # fmt: skip


def main() -> int:
    """0, or the assertion that failed."""
    logger.remove()
    for name, work in (
        ("busy_boundary", busy_boundary),
        ("square_off", square_off),
        ("long_journal", long_start),
    ):
        figures = work()
        print(f"{name}: {figures}", flush=True)
        merge_figures(name, figures)
    return 0


if __name__ == "__main__":
    sys.exit(main())
