"""A live run in which one candle asks for thousands of orders and an exit is due 100 ms later."""

from __future__ import annotations

import asyncio
import datetime as dt
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path
from typing import Any, Final
from unittest import mock

import anyio
import anyio.lowlevel
import msgspec
import numpy as np

from daemon.domain.candle import Candle
from daemon.domain.dates import MINUTE_NS, SECOND_NS, ist_ns
from daemon.domain.events import OrderMoved, TradingEvent
from daemon.domain.inputs import Input
from daemon.domain.instrument import Instrument, InstrumentType, Universe
from daemon.domain.intent import OrderIntent, Signal
from daemon.domain.ticks import Ticks
from daemon.journal.store import JournalStore
from daemon.journal.writer import Committed
from daemon.runtime.app import App
from daemon.runtime.build import Parts
from daemon.runtime.bus import Lane, Overflow
from daemon.runtime.configured_rules import load_rules
from daemon.runtime.machine import machine
from daemon.runtime.prepared_run import open_run
from daemon.settings.config import Config, StrategiesConfig, StrategyConfig
from feeds.stream.feed import OfflineFeed
from strategies.strategy import BaseStrategy, Intents, View

DATE: Final = dt.date(2026, 11, 18)
OPEN: Final = ist_ns(DATE, dt.time(9, 15))
BOUNDARY: Final = OPEN + 2 * MINUTE_NS + SECOND_NS // 2
MANY, HELD = "NIFTY26NOV25000CE", "NIFTY26NOV25000PE"
DUE_S: Final = 0.1
_CALL: Final[InstrumentType] = "CE"
_PUT: Final[InstrumentType] = "PE"
Meanwhile = Callable[[App], Coroutine[Any, Any, None]] | None
UNIVERSE: Final = Universe(
    Instrument(
        instrument_token=token, tradingsymbol=symbol, exchange="NFO", segment="NFO-OPT",
        name="NIFTY", instrument_type=kind, lot_size=25, expiry="2026-11-24",
        strike_paise=2_500_000,
    )
    for token, symbol, kind in ((1, MANY, _CALL), (2, HELD, _PUT))
)  # fmt: skip


class ManyOrders(BaseStrategy):
    """Buys one option with a stop at the first candle, `count` others at the second."""

    def __init__(self, *, count: int, bars: int = 0) -> None:
        self.count = count
        self.bars = bars
        """After how many bars the first one is closed; 0 for its stop alone."""
        self.candles = 0

    def on_candle(self, candle: Candle, view: View) -> Intents:
        """Only the candles of one symbol count."""
        if candle.tradingsymbol != MANY:
            return None
        self.candles += 1
        if self.candles == 1:
            return OrderIntent(
                symbol=HELD, signal=Signal.BUY, qty=25, sl_price=95.0, time_stop_bars=self.bars
            )
        if self.candles > 2:
            return None
        return [
            OrderIntent(
                symbol=MANY, signal=Signal.BUY, qty=25, sl_price=90 + number % 50 * 0.05,
                tp_price=120.0,
            )
            for number in range(self.count)
        ]  # fmt: skip


def row(ts: int, instrument: int, ltp: int) -> Ticks:
    """One tick."""
    return Ticks(
        ts=np.array([ts]), instrument=np.array([instrument], np.int32), ltp=np.array([ltp])
    )


def before() -> list[Ticks]:
    """Two minutes of ticks; the second option is bought in the second one."""
    seconds = (1, 20, 59, 60.5, 80, 119)
    return [
        row(OPEN + round(each * SECOND_NS) + code, code, 10_000)
        for each in seconds
        for code in (0, 1)
    ]


class BoundaryFeed(OfflineFeed):
    """The tick that closes the candle comes at `began`; the stop's tick when the loop takes it."""

    name: Final = "kite"
    universe: Final = UNIVERSE

    def __init__(self) -> None:
        self.began = 0.0
        self.decided = 0.0
        self.arrived = 0.0

    def quality(self) -> dict[str, int]:
        """Nothing is counted."""
        return {}

    async def inputs(self) -> AsyncIterator[Input]:
        """Ends when the stop's tick was taken."""
        for each in before():
            yield each
        await anyio.sleep(0.05)
        loop = asyncio.get_running_loop()
        arrival: asyncio.Future[float] = loop.create_future()
        self.began = loop.time()
        loop.call_at(self.began + DUE_S, lambda: arrival.set_result(loop.time()))
        yield row(BOUNDARY, 0, 10_000)
        self.decided = loop.time()
        self.arrived = await arrival
        yield row(BOUNDARY + round((self.arrived - self.began) * SECOND_NS), 1, 9_400)


class NoRecorder:
    """Stands for a recorder of inputs: that there is one makes the run a live one."""

    needs_flush = False
    has_stopped = False
    path = Path("unused")

    def record(self, item: Input) -> None:
        """Keep nothing."""

    def flush(self) -> None:
        """Write nothing."""

    def close(self, *, flush: bool = True) -> None:
        """Close nothing."""


def busy_parts(count: int, out: Path, *, bars: int = 0) -> Parts:
    """The engine with that strategy and feed."""
    item = StrategyConfig(
        id="many", class_="ManyOrders", module=__name__, symbols=[MANY, HELD], timeframe="1m",
        params={"count": count, "bars": bars},
    )  # fmt: skip
    config = Config(out=str(out), strategies=StrategiesConfig(items=[item]))
    rules = load_rules(config)
    return Parts(config, rules, BoundaryFeed(), machine(config, rules, UNIVERSE))


class BusyRun(msgspec.Struct):
    """What came of it, in seconds from when the exit was due."""

    events: list[TradingEvent]
    arrived_s: float
    decided_s: float
    journaled_s: float


def run_busy(count: int, out: Path, meanwhile: Meanwhile = None) -> BusyRun:
    """Run it on a real loop with a real journal; `meanwhile` is a task beside it."""
    with mock.patch.object(NoRecorder, "path", out / "unused"):
        return anyio.run(_run, count, out, meanwhile, backend_options={"use_uvloop": True})


async def _run(count: int, out: Path, meanwhile: Meanwhile) -> BusyRun:
    parts = busy_parts(count, out)
    prepared = open_run(parts, out)._replace(recorder=NoRecorder())  # type: ignore[arg-type]
    app = App(prepared, out=out)
    lane = app.bus.consume(256, Overflow.WAIT)
    feed = parts.feed
    assert isinstance(feed, BoundaryFeed)
    seen: dict[str, float] = {}

    async def watch(app: App) -> None:
        async with anyio.create_task_group() as tasks:
            if meanwhile is not None:
                tasks.start_soon(meanwhile, app)
            await _note_exit(lane, seen)
            tasks.cancel_scope.cancel()

    await app.run(watch)
    due = feed.began + DUE_S
    with JournalStore.open(app.directory) as store:
        events = list(store.events())
    return BusyRun(
        events=events,
        arrived_s=feed.arrived - due,
        decided_s=feed.decided - due,
        journaled_s=seen.get("exit", 0.0) - due,
    )


async def _note_exit(lane: Lane[Committed], seen: dict[str, float]) -> None:
    async for fact in lane:
        for event in fact.events:
            if isinstance(event, OrderMoved) and event.reason == "stop_loss":
                seen["exit"] = time.monotonic()


def unyielded(run: BusyRun, count: int, out: Path) -> list[TradingEvent]:
    """What one call of `handle` for each of the same inputs decides."""
    engine = busy_parts(count, out).engine
    last = row(BOUNDARY + round((run.arrived_s + DUE_S) * SECOND_NS), 1, 9_400)
    inputs = [*before(), row(BOUNDARY, 0, 10_000), last]
    return [event for item in inputs for event in engine.handle(item)]
