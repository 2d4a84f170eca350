"""Read this first: how the parts of a run are put together and started.

    feed --> bus --> engine --> recorder (journal task) --> bus --> metrics task

One process, one event loop, one task group. Inputs are handled inline and in order; the events
of each input go to the journal, and only what is on disk is shown (design section 1).
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Any, Final, cast

import anyio
import anyio.lowlevel
from anyio.abc import TaskGroup
from loguru import logger

from daemon import VERSION
from daemon.control.commands import Commands
from daemon.control.requests import Asked, AskedInputs
from daemon.control.socket import serve_control
from daemon.domain.dates import SECOND_NS, iso_ist
from daemon.domain.events import TradingEvent
from daemon.domain.inputs import Command, Gap, Input
from daemon.domain.ledger import Ledger
from daemon.domain.ticks import Ticks
from daemon.errors import ClockError, DaemonError, FeedError, JournalCorrupt
from daemon.journal.recovery import recover
from daemon.journal.snapshots import SNAPSHOT_EVERY
from daemon.journal.store import Operation
from daemon.journal.writer import Batch, Committed, TradeRecorder
from daemon.metrics.collector import MetricsCollector
from daemon.metrics.fill_quality import FillProfile
from daemon.metrics.shared_file import SharedMetricsFile
from daemon.metrics.writer import MetricsWriter
from daemon.process.facts import FactLog
from daemon.process.notify import Notifier
from daemon.process.pulse import Pulse
from daemon.process.signals import watch_signals
from daemon.process.status import status_text
from daemon.report.text import count
from daemon.runtime.account import state_operations
from daemon.runtime.bus import Bus, Lane, Overflow
from daemon.runtime.configured_rules import date_warnings
from daemon.runtime.late_decisions import LateDecisions
from daemon.runtime.prepared_run import Session
from daemon.runtime.run_files import METRICS_FILE
from daemon.runtime.series import Series
from daemon.settings.config import Config

STATS_EVERY_S: Final = 0.5
METRICS_LANE: Final = 256
CLOCK_NOTES: Final = ("clock_jump", "clock_behind")
"""What the feed notes of the machine's clock is a warning, the rest is not."""
TURN_S: Final = 0.005
"""So long a decision holds the event loop before sockets, journal and signals have a turn."""
SHOWN_AT_ONCE: Final = 64
"""Committed events that are folded and logged in one turn, a millisecond or two."""
BREATH_S: Final = 0.001
"""Between two such turns of a live run, so that the thread which commits an exit goes first."""
GAP_SYMBOLS: Final = 20
"""So many symbols of a gap are named; their number is always told."""


def found_corrupt(error: BaseException) -> bool:
    """Return whether the journal was found to be damaged: then nothing more is written to it."""
    if isinstance(error, BaseExceptionGroup):
        return error.subgroup(JournalCorrupt) is not None
    return isinstance(error, JournalCorrupt)


class App:
    """One run from its first input to its last committed event."""

    def __init__(self, session: Session, *, out: Path) -> None:
        self.session = session
        self.parts = session.parts
        self.directory = session.directory
        self.clock = session.clock
        self.engine = session.parts.engine
        self.feed = session.parts.feed
        self.bus: Bus[Committed] = Bus()
        self.stopped_by = ""
        self.feed_lost: DaemonError | None = None
        self.store = session.store
        self.inputs = session.recorder
        self._sampler = session.sampler
        ledger = recover(self.store)
        self.facts = FactLog(ledger)
        self.collector = MetricsCollector(
            FillProfile.of(self.parts.config.execution), ledger=ledger
        )
        self.recorder = TradeRecorder(
            self.store,
            self.bus.publish_fact,
            before_commit=None if self.inputs is None else self.inputs.flush,
            snapshot_every=0 if self.inputs is None else SNAPSHOT_EVERY,
        )
        self.metrics = self._metrics_writer(out / self.parts.config.metrics.path)
        self.notifier = Notifier()
        self.pulse = Pulse(
            self.notifier,
            lambda: status_text(self._snapshot()),
            after=self.store.last_input_no,
        )
        self.asked = AskedInputs()
        self.commands: Commands | None = None
        """Where people's commands go; None where nobody may give any (a recording's run)."""
        self.reload_on_hangup = False
        self._feed_scope = anyio.CancelScope()
        self._all_shown = anyio.Event()
        self._last_put = 0.0
        self._last_tick_real = 0.0
        self.first_tick_ts = 0
        """UTC ns of the first tick that the feed gave; 0 before it."""
        self._feed_state = "connecting"
        self._operations: list[Operation] = list(session.operations)
        self._fault = ""
        self._disabled_told: dict[str, int] = {}
        self.first_ts = -1
        """The time of the first input of this process, UTC ns; -1 before it."""
        self._handled = self.engine.input_no
        self._awaited: list[tuple[int, anyio.Event]] = []
        is_on_time = self.inputs is not None and self.parts.config.feed.kite.clock == "wall"
        self.late = LateDecisions(self.clock.now_ns()) if is_on_time else None
        """None where the time of inputs is not that of this machine."""

    def _metrics_writer(self, shared: Path) -> MetricsWriter:
        """To the file that is named; an account has its own, and shares that one."""
        interval_s = self.parts.config.metrics.interval_s
        if self.session.account is None:
            return MetricsWriter(shared, self._snapshot, interval_s=interval_s)
        own = self.directory / METRICS_FILE
        copy = SharedMetricsFile(shared, own=own).put
        return MetricsWriter(own, self._snapshot, interval_s=interval_s, copy=copy)

    @property
    def ledger(self) -> Ledger:
        """The engine's own ledger."""
        return self.engine.ledger

    def series(self) -> Series:
        """The thinned prices of the run, and its equity."""
        return self._sampler.series()

    def listen(
        self,
        read_again: Callable[[], Config],
        set_level: Callable[[Config], None],
        *,
        reload_on_hangup: bool,
    ) -> None:
        """Take people's commands, and changes of the configuration that `read_again` reads."""
        self.reload_on_hangup = reload_on_hangup
        self.commands = Commands(
            self.asked,
            config=self.parts.config,
            read_again=read_again,
            ledger=lambda: self.ledger,
            strategies=self.parts.strategies.reports().keys(),
            note=self.note,
            set_level=set_level,
            on_disk=self._on_disk,
        )

    def stop(self, reason: str) -> None:
        """Take no more input, finish what was taken, and end."""
        self.stopped_by = self.stopped_by or reason
        self._feed_scope.cancel()

    async def run(self, watch: Callable[[App], Any] | None = None) -> None:
        """Run until the feed ends or `stop`; `watch` is a task that shows progress.

        A feed that breaks off, or a clock that is wrong, ends the run in order: what came is kept,
        and the error is in `feed_lost`. Raises JournalIOError, or whatever else ended the run,
        cause first.
        """
        if self.inputs is not None:
            self.bus.drive(self.inputs.record)
        self.bus.drive(self._take_input)
        facts = self.bus.consume(METRICS_LANE, Overflow.WAIT)
        try:
            async with anyio.create_task_group() as tasks:
                await tasks.start(self.recorder.run)
                await tasks.start(self.metrics.run)
                tasks.start_soon(self._collect, facts)
                await self._start_listening(tasks)
                if watch is not None:
                    tasks.start_soon(watch, self)
                self._note_start()
                tasks.start_soon(self._attend_feed)
                try:
                    await self._feed_all()
                    if self.stopped_by and self.parts.config.execution.on_stop == "square_off":
                        await self._square_off()
                except (FeedError, ClockError) as error:
                    self.feed_lost = error
                except Exception as error:
                    self._fault = f"{type(error).__name__}: {error}"
                    raise
                finally:
                    with anyio.CancelScope(shield=True):
                        await self._finish()
                tasks.cancel_scope.cancel()
        except BaseException as error:
            self.session.close(checkpoint=not found_corrupt(error))
            raise
        finally:
            self.notifier.close()
            self.session.close()

    async def _start_listening(self, tasks: TaskGroup) -> None:
        """To signals, and where there are commands to people's."""
        commands = self.commands
        reload = commands.reload if commands is not None and self.reload_on_hangup else None
        await tasks.start(watch_signals, self.stop, reload)
        if commands is not None:
            await tasks.start(serve_control, self.directory, commands.obey)

    async def _attend_feed(self) -> None:
        """What the feed needs beside its inputs; its fault ends the run in order."""
        try:
            await self.feed.run()
        except DaemonError as error:
            self.feed_lost = error
            self._feed_scope.cancel()
        except Exception as error:
            self._fault = f"{type(error).__name__}: {error}"
            raise

    async def _feed_all(self) -> None:
        """Publish every input of the feed; the journal's queue is the back-pressure."""
        inputs = cast("AsyncGenerator[Input, None]", self.feed.inputs())
        with self._feed_scope:
            async with aclosing(inputs):
                async for item in inputs:
                    if self._feed_state == "connecting":
                        self._begin_data(item)
                    await self.bus.publish_input(item)
                    if self.asked.is_waiting:
                        await self.asked.let_in(self.engine.at.now, self._publish_asked)
                    if self._feed_scope.cancel_called:
                        break

    def _begin_data(self, item: Input) -> None:
        """The first input: data that the dated rules do not reach to is warned of by its date."""
        self._feed_state = "live"
        self.first_ts = int(item.ts[0]) if isinstance(item, Ticks) else item.ts  # none is empty
        for text in date_warnings(
            self.parts.config, self.parts.rules, self.feed.universe, self.first_ts, self.first_ts
        ):
            logger.warning("rules: {}", text)

    async def _publish_asked(self, item: Asked) -> int:
        await self.bus.publish_input(item)
        return self.engine.input_no

    async def _square_off(self) -> None:
        """The configured end of a stop: close what can fill now, name what cannot."""
        now = self.engine.at.now
        if now >= 0:
            await self.bus.publish_input(Command(ts=now, command="square_off"))
        left = self.ledger.open_positions()
        if left:
            logger.bind(order_ids=[each.order_id for each in left]).warning(
                "square-off at the stop: {} positions stay open, they have no quote to fill on",
                len(left),
            )

    async def _take_input(self, item: Input) -> None:
        """The engine's turn, then the journal's. Never left between the two.

        Nothing is awaited before the shield, which alone costs as much as a tenth of a tick.
        """
        if self.engine.is_due(item):
            with anyio.CancelScope(shield=True):
                events = await self._decide_in_turns(item)
        else:
            events = self.engine.handle(item)
            if events:
                self._note_late(events)
        if events or self._sampler.pending:
            self._sampler.take(events)
        self._handled = self.engine.input_no
        self._note_strategies()
        now = anyio.current_time()
        self._note_feed()  # before the gap: first the link was lost, then it was back
        is_asked = False
        if isinstance(item, Ticks):
            if not self._last_tick_real and len(item.ts):
                self.first_tick_ts = int(item.ts[0])
            self._last_tick_real = now
        elif isinstance(item, Gap):
            self._note_gap(item)
        else:
            is_asked = isinstance(item, Asked)  # on disk at once: somebody waits for it
        is_full = self.inputs is not None and self.inputs.needs_flush
        is_due = now - self._last_put >= STATS_EVERY_S
        if events or self._operations or is_full or is_due or is_asked:
            with anyio.CancelScope(shield=True):
                await self._put(events)

    async def _decide_in_turns(self, item: Input) -> list[TradingEvent]:
        """Decide what `handle` would, while everything else gets turns of the loop.

        No other input is handled in between: a tick that comes now is stamped now and waits.
        """
        events: list[TradingEvent] = []
        began = anyio.current_time()
        for step in self.engine.steps(item):
            events += step
            self._note_late(step)
            if anyio.current_time() - began > TURN_S:
                await anyio.lowlevel.checkpoint()
                began = anyio.current_time()
        return events

    def _note_late(self, events: list[TradingEvent]) -> None:
        if self.late is not None:
            self.late.saw(events, self.clock.now_ns())

    async def _put(self, events: Any) -> None:
        operations, self._operations = self._operations, []
        if self.session.account is not None:
            operations += state_operations(self.engine, self.session.account.state, events)
        self._last_put = anyio.current_time()
        await self.recorder.put(
            Batch(
                events=events,
                input_no=self._handled,
                operations=operations,
                marks=self.engine.marks(),
                stats=self._stats(),
            )
        )

    async def _collect(self, facts: Lane[Committed]) -> None:
        """Fold what is on disk into the numbers that are shown."""
        try:
            async for fact in facts:
                await self._show_in_turns(fact)
        finally:
            self._all_shown.set()

    async def _show_in_turns(self, fact: Committed) -> None:
        events, start = fact.events, 0
        while len(events) - start > SHOWN_AT_ONCE:
            end = start + SHOWN_AT_ONCE
            while end < len(events) and events[end].order_id == events[end - 1].order_id:
                end += 1  # an exit that fills at once is one line of the log
            self._show(events[start:end], events[end - 1].seq)
            start = end
            await anyio.sleep(0 if self.inputs is None else BREATH_S)
        self._show(events[start:], fact.seq)
        self.collector.refresh(marks=fact.marks, stats=fact.stats)
        self.pulse.saw(fact.input_no)
        for number, is_there in self._awaited:
            if number <= fact.input_no:
                is_there.set()

    def _show(self, events: Sequence[TradingEvent], seq: int) -> None:
        """Events up to `seq`, which are on disk: into the numbers and the log."""
        if self.collector.on_committed(events, seq=seq):
            self.metrics.position_changed()
        self.facts.log(events)

    async def _on_disk(self, input_no: int) -> None:
        """Wait until the journal has an input that was handled."""
        waiting = (input_no, anyio.Event())
        self._awaited.append(waiting)
        try:
            if self.store.last_input_no < input_no:
                await waiting[1].wait()
        finally:
            self._awaited.remove(waiting)

    async def _finish(self) -> None:
        """Journal the stop, wait for the disk, show the last numbers."""
        self.notifier.send(STOPPING=1)
        self.asked.close()
        self._feed_state = "lost" if self.feed_lost else "closed"
        reason, cause = self._ending()
        detail: dict[str, Any] = {"reason": reason, "seq": self.ledger.seq}
        self.note("stop", detail | ({"error": cause} if cause else {}) | self._counters())
        try:
            await self._put([])
        finally:
            await self.recorder.close()
            self.bus.close()
            await self._all_shown.wait()
        logger.bind(reason=reason, seq=self.ledger.seq, run=self.directory.name).info("run ended")

    def _ending(self) -> tuple[str, str]:
        """Why the run ends, as a code, and the fault behind it if there is one."""
        if self._fault:
            return "fault", self._fault
        if isinstance(self.feed_lost, ClockError):
            return "clock", str(self.feed_lost)
        if self.feed_lost is not None:
            return "feed_lost", str(self.feed_lost)
        return self.stopped_by or "end_of_feed", ""

    # operational events

    def note(self, kind: str, detail: dict[str, Any], *, ts: int = 0) -> None:
        """Journal an operational event of `ts` (UTC ns, 0 = now) with the next batch."""
        ts = ts or max(self.engine.at.now, 0)
        self._operations.append(Operation(ts=ts, kind=kind, detail=detail))

    def _note_start(self) -> None:
        detail = {
            "version": VERSION,
            "engine": self.engine.engine.name,
            "feed": self.feed.name,
            "instruments": len(self.feed.universe),
        }
        self.note("start", detail)
        for each in self.feed.universe:
            if not each.has_contract_row:
                self.note("no_contract_row", {"tradingsymbol": each.tradingsymbol})
        if self.engine.fallback_reason:
            self.note("fallback_to_v2", {"reason": self.engine.fallback_reason})
            logger.bind(reason=self.engine.fallback_reason).error(
                "the v3 engine could not be built: trading on v2, WITHOUT managed exits"
            )
        logger.bind(**detail, run=self.directory.name).info("run started")
        self._note_disabled()
        self.notifier.send(READY=1, STATUS=f"{self.feed.name}: started")

    def _note_strategies(self) -> None:
        """Tell the log and the journal what happened to strategies and their intents."""
        if self.parts.strategies.lost:
            self._note_lost()
        faults = self.parts.strategies.take_faults()
        for fault in faults:
            self.note(
                "strategy_fault",
                {"strategy_id": fault.strategy_id, "error": fault.error},
                ts=fault.ts,
            )
            logger.bind(
                fact="strategy_error",
                strategy_id=fault.strategy_id,
                error=fault.error,
                at=iso_ist(fault.ts) if fault.ts else "",
                traceback=fault.traceback_text,
            ).error(
                "strategy {} raised {}; its intents of this call are lost",
                fault.strategy_id,
                fault.error,
            )
        if faults:
            self._note_disabled()

    def _note_disabled(self) -> None:
        """Strategies that failed too often, each time once; after a start those that still are."""
        for strategy_id, since in self.parts.strategies.disabled().items():
            if self._disabled_told.get(strategy_id) == since:
                continue
            self._disabled_told[strategy_id] = since
            self.note("strategy_disabled", {"strategy_id": strategy_id}, ts=since)
            remedy = ""
            if self.commands is not None:
                account = self.parts.config.account
                remedy = f"; `command {account} strategy_on {strategy_id}` brings it back"
            logger.bind(
                fact="strategy_disabled", strategy_id=strategy_id, since=iso_ist(since)
            ).error(
                "strategy {} failed too often and is not called any more{}", strategy_id, remedy
            )

    def _note_lost(self) -> None:
        """Entries that lost to a conflict."""
        for lost in self.parts.strategies.take_lost():
            intent = lost.loss.intent
            detail = {
                "strategy_id": intent.strategy_id,
                "intent": f"{intent.signal} {intent.qty} {intent.symbol}",
                "kept": lost.loss.kept,
                "rule": lost.rule,
                "to": lost.loss.to,
            }
            self.note("conflict_lost", detail, ts=lost.ts)
            winner = f"strategy {lost.loss.to}" if lost.loss.to else "an equal on the other side"
            logger.bind(fact="lost_entry", at=iso_ist(lost.ts), **detail).info(
                "{}, strategy {}: lost to {} by {}{}",
                detail["intent"],
                intent.strategy_id,
                winner,
                lost.rule.replace("_", " "),
                f", {count(lost.loss.kept)} units kept" if lost.loss.kept else "",
            )

    def _note_feed(self) -> None:
        """What happened to the feed: to the journal's operations and to the log."""
        for note in self.feed.take_notes():
            self._operations.append(
                Operation(ts=max(note.ts, 0), kind=note.kind, detail=dict(note.detail))
            )
            level = "WARNING" if note.kind in CLOCK_NOTES else "INFO"
            logger.bind(**note.detail).log(level, "feed: {}", note.kind)

    def _note_gap(self, gap: Gap) -> None:
        """Data was missed: exits after it are marked, and the journal says from when to when."""
        detail: dict[str, int | float | str | bool | None] = {
            "since": gap.since,
            "seconds": round((gap.ts - gap.since) / SECOND_NS, 3),
            "instruments": len(gap.symbols) or len(self.feed.universe),
            "symbols": ",".join(gap.symbols[:GAP_SYMBOLS]),
        }
        self._operations.append(Operation(ts=gap.ts, kind="gap", detail=detail))
        logger.bind(**detail | {"since": iso_ist(gap.since)}).warning("data was missed")

    # numbers

    def _counters(self) -> dict[str, int | float]:
        stats = self.engine.stats()
        plain = {k: v for k, v in stats.items() if isinstance(v, int | float)}
        return plain | self.feed.quality() | self.timing()

    def timing(self) -> dict[str, int]:
        """Counters of decisions that were late, nothing where time is not this machine's."""
        return {} if self.late is None else self.late.counters()

    def _stats(self) -> dict[str, Any]:
        stats = self.engine.stats()
        return {
            "engine": stats["engine"],
            "ticks": stats["ticks"],
            "refused": stats["refused_rows"],
            "session_ts": max(self.engine.at.now, 0),
            "counters": self._counters(),
            "strategies": self.parts.strategies.status(),
        }

    def _snapshot(self) -> dict[str, Any]:
        numbers = self.collector.snapshot(now_ts=self.clock.now_ns(), decided_seq=self.ledger.seq)
        names = {"run_id": self.directory.name, "account": self.parts.config.account}
        return numbers | self._feed_now() | names

    def _feed_now(self) -> dict[str, Any]:
        """The feed's state and age at this moment, whether or not an input came."""
        if not self._last_tick_real:
            is_over = self._feed_state in ("lost", "closed")
            state = self._feed_state if is_over else self.feed.state() or self._feed_state
            return {"feed_state": state, "feed_age_s": None}
        age = max(0.0, anyio.current_time() - self._last_tick_real)
        is_stale = age > self.parts.config.execution.stale_after_s
        state = "stale" if is_stale and self._feed_state == "live" else self._feed_state
        if self._feed_state == "live":
            state = self.feed.state() or state
        return {"feed_state": state, "feed_age_s": round(age, 3)}
