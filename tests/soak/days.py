"""Trading days one after another on one account, and what the process weighs meanwhile.

Compressed: on a virtual clock, whole days within seconds each. In real time: on uvloop with its
threads, for as long as is wanted, the same market.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import gc
import os
import random
import resource
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NamedTuple
from unittest import mock

import anyio
import numpy as np

from daemon.domain.dates import SECOND_NS, ist_ns
from daemon.journal.recovery import check_fold
from daemon.journal.store import JournalStore
from daemon.rules import load_rulebook
from daemon.runtime.app import App
from daemon.runtime.live import open_live
from daemon.settings.config import (
    Config,
    ExecutionConfig,
    FeedConfig,
    KiteConfig,
    StrategiesConfig,
    StrategyConfig,
)
from tests.simulation.feed import SimFinder, SimSockets, Weather
from tests.simulation.loop import (
    LoopTime,
    SimClocks,
    Threads,
    VirtualLoop,
    run_virtual,
    virtual_threads,
)
from tests.simulation.market import SimMarket

FIRST: Final = dt.date(2026, 11, 16)
OPENING: Final = dt.time(9, 14)
SAMPLE_S: Final = 300.0
LIMIT_S: Final = 12 * 3600.0
_PAGE_MIB: Final = resource.getpagesize() / (1 << 20)


class Sample(NamedTuple):
    """What the process weighs: hours of session time, MiB, counts."""

    hours: float
    rss_mib: float
    descriptors: int
    tasks: int


@dataclass
class Weighed:
    """All samples of all days, and how much happened."""

    samples: list[Sample] = field(default_factory=list)
    between: list[Sample] = field(default_factory=list)
    """After each day, when nothing runs."""
    events: int = 0
    rows: int = 0
    days: int = 0

    def after(self, warm_up_h: float) -> list[Sample]:
        """The samples that count."""
        return [each for each in self.samples if each.hours >= warm_up_h]

    def slope_mib_per_hour(self, warm_up_h: float) -> float:
        """The line of least squares through the resident memory after the warm-up."""
        hours, mib = np.array([[each.hours, each.rss_mib] for each in self.after(warm_up_h)]).T
        return float(np.polyfit(hours, mib, 1)[0])

    def spread(self, name: str, warm_up_h: float) -> tuple[int, int]:
        """The least and the most of a count after the warm-up."""
        values = [getattr(each, name) for each in self.after(warm_up_h)]
        return min(values), max(values)

    def is_constant(self, name: str, warm_up_h: float) -> bool:
        """Whether a count has the same floor at the end as after the warm-up.

        What comes and goes, as a file that is being written, is above the floor; what leaks
        lifts it.
        """
        values = [getattr(each, name) for each in self.after(warm_up_h)]
        part = max(1, len(values) // 3)
        return bool(min(values[:part]) == min(values[-part:]))


def trading_days(count: int) -> list[dt.date]:
    """The first trading days of the soak by the program's own calendar."""
    rules, future = load_rulebook(), SimMarket(random.Random(1)).universe[1]
    found: list[dt.date] = []
    date = FIRST
    while len(found) < count:
        if rules.session(date, future) is not None:
            found.append(date)
        date += dt.timedelta(days=1)
    return found


def soak_config(out: Path, market: SimMarket) -> Config:
    """Strategies that trade all day; some positions stay over night."""
    own = "tests.simulation.strategies"
    symbols = list(market.universe.symbols[1:])

    def made(name: str, class_: str, product: Any, **params: Any) -> StrategyConfig:
        return StrategyConfig(
            id=name, module=own, class_=class_, symbols=symbols, params=params, product=product
        )

    return Config(
        account="soak",
        out=str(out),
        feed=FeedConfig(kind="kite", kite=KiteConfig(history=False)),
        execution=ExecutionConfig(slippage_bps=5, time_stop_bars=10),
        strategies=StrategiesConfig(
            max_strategy_errors=10**6,
            items=[
                made("dice", "Dice", "MIS", seed=1, chance=0.3),
                made("nights", "Dice", "NRML", seed=2, chance=0.05),
                made("adversary", "Adversary", "MIS", seed=3),
            ],
        ),
    )


def sample(hours: float) -> Sample:
    """What this process weighs now."""
    resident = int(Path("/proc/self/statm").read_text().split()[1])
    return Sample(
        hours,
        resident * _PAGE_MIB,
        len(os.listdir("/proc/self/fd")),
        len(asyncio.all_tasks()) if asyncio._get_running_loop() is not None else 0,
    )


class Soak:
    """Days of the real daemon in one process."""

    def __init__(self, place: Path, *, pauses_s: tuple[float, ...] = (0.3, 1.0, 3.0)) -> None:
        self.place = place
        self.weighed = Weighed()
        self._market = SimMarket(random.Random(1))
        self._config = soak_config(place, self._market)
        self._pauses_s = pauses_s
        self._hours = 0.0

    def day(self, date: dt.date, *, opening: dt.time = OPENING) -> None:
        """One day on a virtual clock, until the daemon ends it by itself."""
        with virtual_threads(Threads()):
            run_virtual(self._day, ist_ns(date, opening), 0.0, loop=VirtualLoop())
        self.weighed.days += 1
        gc.collect()
        self.weighed.between.append(sample(self._hours))

    def real(self, date: dt.date, seconds: float, *, opening: dt.time = dt.time(9, 15)) -> None:
        """So many seconds of a day in real time, on the loop that the daemon uses."""
        anyio.run(self._day, ist_ns(date, opening), seconds, backend_options={"use_uvloop": True})
        self.weighed.days += 1

    async def _day(self, start_ns: int, seconds: float) -> None:
        weather = Weather(
            draw=random.Random(start_ns), market=self._market, pause_s=self._pauses_s, burst=5,
            faulty=0.01, dropping=0.001,
        )  # fmt: skip
        self._market.draw = random.Random(start_ns + 1)
        origin = asyncio.get_running_loop().time()
        began = start_ns - round(origin * SECOND_NS)

        def finder(config: Any, **named: Any) -> SimFinder:
            return SimFinder(self._market, named["session"], self._config)

        def sockets(*, inbox: Any, on_state: Any, **_: Any) -> SimSockets:
            return SimSockets(weather, inbox, on_state, inbox._now_ns)

        with (
            mock.patch("daemon.runtime.live.MACHINE_CLOCKS", SimClocks(began)),
            mock.patch("daemon.runtime.live.DayFinder", finder),
            mock.patch("daemon.runtime.live_feed.TickerSockets", sockets),
            mock.patch("daemon.runtime.resume.time", LoopTime),
            mock.patch("daemon.runtime.live_feed.time", LoopTime),
        ):
            session = open_live(self._config)
        app = App(session, out=self.place)
        before = session.store.last_seq
        with anyio.fail_after(max(LIMIT_S, seconds + 60)):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._watch, app, seconds)
                await app.run()
                tasks.cancel_scope.cancel()
        assert app.feed_lost is None, app.feed_lost
        self._hours += (asyncio.get_running_loop().time() - origin) / 3600
        session.finish_day()
        self.weighed.rows += app.engine.intake.rows
        with JournalStore.open(app.directory) as store:
            store.verify()
            check_fold(store, app.ledger)
            self.weighed.events += store.last_seq - before

    async def _watch(self, app: App, seconds: float) -> None:
        """Weigh every five minutes; after `seconds`, if any, stop."""
        began = anyio.current_time()
        every = SAMPLE_S if not seconds else min(SAMPLE_S, max(seconds / 50, 0.2))
        while True:
            await anyio.sleep(every)
            passed = anyio.current_time() - began
            self.weighed.samples.append(sample(self._hours + passed / 3600))
            if seconds and passed >= seconds:
                app.stop("soaked")
                return
