"""Runs a plan: lives of the real daemon, one after another, on one account's files."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import sqlite3
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from unittest import mock

import anyio
import msgspec

from daemon.domain.dates import SECOND_NS
from daemon.domain.inputs import Command, Settlement
from daemon.errors import ClockError, DaemonError, FeedError, JournalIOError, TokenRefused
from daemon.files.replace import replace_file
from daemon.journal.store import JournalStore
from daemon.main import first_fault
from daemon.metrics.shared_file import SharedMetricsFile
from daemon.rules import load_rulebook
from daemon.runtime.account import Account
from daemon.runtime.app import App
from daemon.runtime.bus import Lane, Overflow
from daemon.runtime.live import open_live
from daemon.runtime.machine import machine_of
from daemon.runtime.prepared_run import PreparedRun
from feeds.recording.gather import gather
from feeds.recording.opened import open_recording
from tests.simulation.feed import MangledFeed, SimFinder, SimSockets, Weather
from tests.simulation.gate import GateWatch
from tests.simulation.gtts import FILE as SCRIPT
from tests.simulation.loop import (
    LoopTime,
    SimClocks,
    Threads,
    VirtualLoop,
    run_virtual,
    virtual_threads,
)
from tests.simulation.observer import Observer, check_lanes
from tests.simulation.plan import Life, Plan

LIMIT_S: Final = 3600.0
"""Virtual: a life that takes longer does not end by itself."""
_KILLS: Final = ("kill", "kill_flushed", "kill_committed", "kill_headless")


@dataclass
class Done:
    """What a seed came to."""

    seed: int
    events: int
    lives: int
    rows: int
    turns: int
    journal: bytes
    """The hash that the journal's chain of events ends with."""
    reasons: Counter[str]
    weather: Counter[str]
    ends: Counter[str]
    """How lives ended."""


class Simulation:
    """A plan at work in a directory."""

    def __init__(self, plan: Plan, place: Path) -> None:
        self.plan = plan
        self.place = place
        self.observer = Observer(plan.config.execution, plan.market.universe)
        self.lives = self.rows = self.turns = 0
        self.until = 0
        """The time of the last life's end, UTC ns."""
        self.weather: Counter[str] = Counter()

    def run(self) -> Done:
        """All lives; raises AssertionError where a promise is broken."""
        (self.place / SCRIPT).write_text(self.plan.script)
        for life in self.plan.lives:
            _OneLife(self, life).run()
            self.lives += 1
        self.observer.check_closed()
        link = check_recordings(self.out / "accounts" / "sim", self.plan.seed)
        return Done(
            self.plan.seed, len(self.observer.seen), self.lives, self.rows, self.turns, link,
            self.observer.moves, self.weather, Counter(each.end for each in self.plan.lives),
        )  # fmt: skip

    @property
    def out(self) -> Path:
        return self.place / f"out-{self.lives}"

    @property
    def next_out(self) -> Path:
        return self.place / f"out-{self.lives + 1}"


class _OneLife:
    def __init__(self, whole: Simulation, life: Life) -> None:
        self.whole, self.life = whole, life
        self.observer = whole.observer
        plan = whole.plan
        # A stream for each concern and life: what ends at the same moment may do so in any order.
        self.draw, of_weather, plan.market.draw = (
            random.Random(f"{plan.seed} {whole.lives} {name}")
            for name in ("end", "weather", "market")
        )
        asks = random.Random(f"{plan.seed} {whole.lives} requests")
        self.thread_draw = random.Random(f"{plan.seed} {whole.lives} threads")
        self.config = msgspec.structs.replace(plan.config, out=str(whole.out))
        self.weather = Weather(
            draw=of_weather, market=plan.market, faulty=life.faulty, dropping=life.dropping,
            commands=life.commands, changes=plan.changes,
            burst=self.draw.choice((1, 3, 8)), asks=asks, asking=5 * life.commands,
        )  # fmt: skip
        if life.end == "feed_error":
            self.weather.fault = FeedError("made up")
        elif life.end == "token_refused":
            self.weather.fault = TokenRefused("made up")
        self.weather.fault_at_s = life.seconds
        self.clocks = SimClocks(life.start_ns)
        self.threads = Threads()
        self.threads.before = self._before
        self.threads.after = self._after
        self.scope: anyio.CancelScope
        self.app: App
        self.is_due = False
        """The time of the end has come; what ends it may wait for the next commit."""
        self.is_killed = False

    def run(self) -> None:
        loop = VirtualLoop()
        with virtual_threads(self.threads):
            run_virtual(self._run, loop=loop)
        self.whole.turns += loop.turns
        self.whole.rows += self.weather.rows
        self.whole.weather += self.weather.counts
        if self.is_killed:
            shutil.rmtree(self.whole.out)
            self._tear()
        else:
            self.whole.out.rename(self.whole.next_out)

    async def _run(self) -> None:
        self.scope = anyio.CancelScope()
        with anyio.fail_after(LIMIT_S), self._in_the_market():
            prepared = self._open()
            self.observer.take_over(prepared.store)
            feed: Any = MangledFeed(prepared.parts.feed, self.weather)
            prepared = prepared._replace(parts=prepared.parts._replace(feed=feed))
            self.app = App(prepared, out=Path(self.config.out))
            lanes = (
                self.app.bus.consume(4, Overflow.WAIT),
                self.app.bus.consume(2, Overflow.KEEP_LATEST),
            )
            self.weather.held = lambda: list(self.app.ledger.positions)
            self.weather.working = lambda: list(self.app.ledger.exchange.working)
            before = self.app.engine.intake.rows
            fault = await self._live(lanes)
            self._judge(fault, lanes, before)

    def _open(self) -> PreparedRun:
        """Start; where the clock is behind what was recorded, somebody sets it right first."""
        try:
            return open_live(self.config)
        except ClockError:
            assert self.clocks.wall_ns() < self.whole.until, "the clock was right"
        self.weather.counts["start_refused"] += 1
        self.clocks.wall_ahead += self.whole.until + SECOND_NS - self.clocks.wall_ns()
        return open_live(self.config)

    @contextlib.contextmanager
    def _in_the_market(self) -> Iterator[None]:
        """The program's own start, with the market, the sockets and the clock of the simulation."""
        plan = self.whole.plan

        def finder(config: Any, **named: Any) -> SimFinder:
            return SimFinder(plan.market, named["session"], self.config)

        def sockets(*, inbox: Any, on_state: Any, **_: Any) -> SimSockets:
            return SimSockets(self.weather, inbox, on_state, inbox._now_ns)

        with (
            mock.patch("daemon.runtime.live.MACHINE_CLOCKS", self.clocks),
            mock.patch("daemon.runtime.live.DayFinder", finder),
            mock.patch("daemon.runtime.live_feed.TickerSockets", sockets),
            mock.patch("daemon.runtime.resume.time", LoopTime),
            mock.patch("daemon.runtime.live_feed.time", LoopTime),
            GateWatch(self.weather.counts).watching(),
        ):
            yield

    async def _live(self, lanes: tuple[Lane[Any], Lane[Any]]) -> DaemonError | None:
        """Run the app until its end; what ended it, if that was a fault of the world."""
        fault: DaemonError | None = None
        async with anyio.create_task_group() as tasks:
            readers = _Readers()
            tasks.start_soon(readers.run, self.observer.follow, lanes[0], self.life.reader_s)
            tasks.start_soon(readers.run, _read_slowly, lanes[1], 0.7)
            tasks.start_soon(self._end)
            tasks.start_soon(self._move_clocks)
            with self.scope:
                try:
                    await self.app.run()
                except (DaemonError, BaseExceptionGroup) as error:
                    fault = first_fault(error)
                    if fault is None:
                        raise
            self.whole.until = max(self.whole.until, self.app.clock.now_ns())
            self.app.bus.close()
            await readers.wait()
            tasks.cancel_scope.cancel()
        return fault

    async def _end(self) -> None:
        """Wait, and end the life as the plan says."""
        life, app = self.life, self.app
        if life.end == "calm":
            await self._calm()
        await anyio.sleep(life.seconds * self.draw.uniform(0.3, 1.0))
        self.is_due = True
        if life.end == "kill":
            self.kill()
        elif life.end == "kill_flushed":
            assert app.recorder._before_commit is not None
            app.recorder._before_commit = self._then_kill(app.recorder._before_commit)
        elif life.end == "kill_headless":
            head: Any = app.store._appender._head  # type: ignore[union-attr]
            head.write = self._kill_first(head.write)
        elif life.end == "cancel":
            self.scope.cancel()
        elif life.end == "set_back":
            self.clocks.wall_ahead -= self.draw.choice((3, 40, 3600)) * SECOND_NS
        elif life.end == "stop":
            app.stop("simulated")
        elif life.end == "signal":
            signal.raise_signal(self.draw.choice((signal.SIGTERM, signal.SIGINT)))
        elif life.end == "disk_full":
            assert app.inputs is not None
            app.inputs._file = _on_a_full_disk(app.inputs._file)
        elif life.end == "io_error":
            appender: Any = app.store._appender
            appender._connection = _Failing(appender._connection, self.draw.randint(1, 3))

    async def _move_clocks(self) -> None:
        """Suspend the machine, and set its clock, in mid-life."""
        life = self.life
        for name in ("suspended", "wall_ahead"):
            by_s = life.suspended_s if name == "suspended" else life.set_ahead_s
            await anyio.sleep(life.seconds / 4)
            if by_s and life.end not in ("calm", "set_back"):
                self.weather.counts[name] += 1
                setattr(self.clocks, name, getattr(self.clocks, name) + round(by_s * SECOND_NS))

    async def _calm(self) -> None:
        """Faults off, everything closed: by the kill switch, and what expired by its settlement."""
        self.weather.calm()
        await anyio.sleep(10)
        app = self.app
        now = app.clock.now_ns()
        self.weather.queue.append(
            Settlement(ts=now, underlying="NIFTY", date="2026-11-17", close_paise=2_500_000)
        )
        self.weather.queue.append(Command(ts=now, command="kill_switch"))
        await anyio.sleep(self.life.seconds - 10)
        app.stop("simulated")
        await anyio.sleep_forever()

    # kills

    def kill(self) -> None:
        """The process is gone at this instant: what is on the disk now is all there is."""
        if self.is_killed:
            return
        self.is_killed = self.observer.is_blind = True
        shutil.copytree(self.whole.out, self.whole.next_out)
        self.scope.cancel()

    def _then_kill(self, work: Callable[[], None]) -> Callable[[], None]:
        def flushed() -> None:
            work()
            self.kill()

        return flushed

    def _kill_first(self, work: Callable[[Any], None]) -> Callable[[Any], None]:
        def headless(tail: Any) -> None:
            self.kill()
            work(tail)

        return headless

    def _tear(self) -> None:
        """A record that was being written: its beginning is in the file, perhaps."""
        if self.draw.random() < 0.5:
            return
        newest = sorted((self.whole.next_out / "accounts" / "sim" / "recordings").glob("*.inputs"))
        if newest:
            with newest[-1].open("ab") as file:
                file.write(b"\x40\0\0\0"[: self.draw.randint(1, 4)])

    # worker threads

    def _before(self, work: Callable[..., Any]) -> float:
        if work is replace_file:
            return self.thread_draw.choice((0.0, 0.01))
        if work.__name__ == SharedMetricsFile.put.__name__:
            return 0.0  # the same numbers once more
        if self.is_due and self.life.end == "stall" and work.__name__ == "append":
            self.app.recorder._began = anyio.current_time()
            return -1.0
        return self.thread_draw.choice((0.0, self.life.slow_s))

    def _after(self, work: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
        if work is replace_file and not self.is_killed:
            self.observer.saw_file(arguments[1])
        if self.is_due and self.life.end == "kill_committed" and work.__name__ == "append":
            self.kill()

    # afterwards

    def _judge(self, fault: DaemonError | None, lanes: tuple[Lane[Any], ...], before: int) -> None:
        app, end = self.app, self.life.end
        check_lanes(*lanes)
        if self.is_killed:
            return
        assert app.engine.intake.rows - before == self.weather.rows, "a row was not counted"
        if end in ("disk_full", "io_error", "stall"):
            assert isinstance(fault, JournalIOError), (end, fault)
        elif end != "cancel":  # which also ends the journal's task, wherever it is
            assert fault is None, fault
        lost = {
            "feed_error": FeedError, "token_refused": TokenRefused, "set_back": ClockError,
        }.get(end)  # fmt: skip
        assert isinstance(app.feed_lost, lost or type(None)), (end, app.feed_lost)
        with JournalStore.open(self.whole.out / "accounts" / "sim") as store:
            broken = fault is not None or end == "cancel"
            self.observer.check_journal(store, complete=not broken)
            self.observer.check_files()
            if not broken:
                assert _same(app.ledger, self.observer), "the live ledger is not what was shown"
                assert list(store.operations())[-1].kind == "stop"


def check_recordings(directory: Path, seed: int) -> bytes:
    """What was recorded, run again in blocks of another size, gives the whole journal."""
    draw, rules = random.Random(seed), load_rulebook()
    with JournalStore.open(directory) as store:
        expected = list(store.events())
        odd = [each for each in store.operations() if each.kind == "not_run_again"]
        assert not odd, odd
        account = Account(directory, store)
        upto = 0
        for path in account.recordings():
            log = open_recording(path)
            assert log.header.base_seq == upto
            engine = machine_of(log.header, rules).engine
            for item in gather(log.inputs(), draw.choice((1, 7, 65_536))):
                events = engine.handle(item)
                assert events == expected[upto : upto + len(events)], path.name
                upto += len(events)
        assert upto == len(expected)
        return store.tail.hash


def _same(ledger: Any, observer: Observer) -> bool:
    encode = msgspec.json.Encoder(order="deterministic").encode
    parts = ("orders", "positions", "realized_paise", "cash_paise", "seq", "exits", "refusals")
    return all(
        encode(getattr(ledger, each)) == encode(getattr(observer.ledger, each)) for each in parts
    )


async def _read_slowly(lane: Lane[Any], pause_s: float) -> None:
    async for _ in lane:
        await anyio.sleep(pause_s)


class _Readers:
    """Tasks that read lanes to their ends."""

    def __init__(self) -> None:
        self._left = 2
        self._ended = anyio.Event()

    async def run(self, work: Callable[..., Awaitable[None]], *arguments: Any) -> None:
        await work(*arguments)
        self._left -= 1
        if not self._left:
            self._ended.set()

    async def wait(self) -> None:
        await self._ended.wait()


def _on_a_full_disk(file: int) -> int:
    os.close(file)
    return os.open("/dev/full", os.O_WRONLY)


class _Failing:
    """A connection whose n-th commit fails."""

    def __init__(self, inner: sqlite3.Connection, at: int) -> None:
        self._inner, self._left = inner, at

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def execute(self, sql: str, *arguments: Any) -> Any:
        if sql == "COMMIT":
            self._left -= 1
            if not self._left:
                raise sqlite3.OperationalError("disk I/O error")
        return self._inner.execute(sql, *arguments)
