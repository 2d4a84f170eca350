"""Read this first: how the parts of a run are put together and started.

    feed --> bus --> engine --> recorder (journal task) --> bus --> metrics task

One process, one event loop, one task group. Inputs are handled inline and in order; the events
of each input go to the journal, and only what is on disk is shown.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from pathlib import Path
from typing import Any, Final, cast

import anyio
import anyio.lowlevel
from anyio.abc import TaskGroup
from loguru import logger

from daemon.control.commands import Commands
from daemon.control.request_socket import RequestSocket
from daemon.control.requests import Admitted, Requested, RequestQueue
from daemon.control.socket import serve_control
from daemon.domain.events import TradingEvent
from daemon.domain.inputs import Command, Gap, Input
from daemon.domain.ledger import Ledger
from daemon.domain.ticks import Ticks
from daemon.errors import ClockError, DaemonError, FeedError, JournalCorrupt
from daemon.journal.recovery import recover
from daemon.journal.request_words import request_refusal
from daemon.journal.snapshots import SNAPSHOT_EVERY
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
from daemon.runtime.broker_margins import BrokerMargins
from daemon.runtime.bus import Bus, Overflow
from daemon.runtime.committed_view import CommittedView
from daemon.runtime.late_decisions import LateDecisions
from daemon.runtime.paced_run import paced_run
from daemon.runtime.prepared_run import PreparedRun
from daemon.runtime.rerun import state_operations
from daemon.runtime.run_files import METRICS_FILE
from daemon.runtime.run_log import RunLog
from daemon.runtime.run_status import RunStatus
from daemon.runtime.series import Series
from daemon.runtime.shared_quotes import share_quotes
from daemon.runtime.timings import Timings
from daemon.settings.config import Config
from strategies.external import intents_of

STATS_EVERY_S: Final = 0.5
METRICS_LANE: Final = 256
TURN_S: Final = 0.005
"""A decision holds the event loop for this long before sockets, journal and signals have a turn."""
BREATH_S: Final = 0.001
"""Between two turns of showing events in a live run: the thread that commits an exit goes first."""


class App:
    """One run from its first input to its last committed event."""

    def __init__(self, prepared: PreparedRun, *, out: Path) -> None:
        self.prepared = prepared
        self.parts = prepared.parts
        self.directory = prepared.directory
        self.clock = prepared.clock
        self.engine = prepared.parts.engine
        self.feed = prepared.parts.feed
        self.store = prepared.store
        self.inputs = prepared.recorder
        self.stopped_by = ""
        self.feed_lost: DaemonError | None = None
        is_on_time = self.inputs is not None and self.parts.config.feed.kite.clock == "wall"
        self.late = LateDecisions(self.clock.now_ns()) if is_on_time else None
        """None where the time of inputs is not that of this machine."""
        self.timings = None
        if self.inputs is not None:
            self.timings = Timings(self.clock.now_ns if is_on_time else None)
        self.requests = RequestQueue(self.feed.wake)
        self.commands: Commands | None = None
        """The place for people's commands; None in the run of a recording."""
        self.paced = paced_run(prepared)
        """The place for commands about the pace; None where none is kept."""
        self.reload_on_hangup = False
        self._sampler = prepared.parts.machine.sampler
        self._feed_scope = anyio.CancelScope()
        self._last_put = 0.0
        self._fault = ""
        self._handled = self.engine.input_no
        self._asked: Requested | None = None
        """The input that somebody has just asked for; those of a recording are not noted again."""
        self._connect(out)

    def _connect(self, out: Path) -> None:
        """Make what is between the engine, the disk and people."""
        ledger, config, run_id = recover(self.store), self.parts.config, self.directory.name
        self.bus: Bus[Committed] = Bus()
        self.recorder = TradeRecorder(
            self.store,
            self.bus.publish_fact,
            before_commit=None if self.inputs is None else self.inputs.flush,
            on_synced=None if self.timings is None else self.timings.journal_fsync.observe,
            snapshot_every=0 if self.inputs is None else SNAPSHOT_EVERY,
        )
        collector = MetricsCollector(FillProfile.of(config.execution), ledger=ledger)
        self.status = RunStatus(self.parts, run_id, self.clock, collector, self.late, self.timings)
        self.log = RunLog(self.parts, run_id, self.prepared.operations)
        self.metrics = self._metrics_writer(out / config.metrics.path)
        self.notifier = Notifier()
        self.pulse = Pulse(
            self.notifier,
            lambda: status_text(self.status.snapshot()),
            after=self.store.last_input_no,
        )
        self._view = CommittedView(
            self.store, FactLog(ledger), collector, self.metrics, self.pulse, self.timings,
            breath_s=0 if self.inputs is None else BREATH_S,
        )  # fmt: skip
        self._quotes = share_quotes(self.prepared)

    def _metrics_writer(self, shared: Path) -> MetricsWriter:
        """Write to the file that is named; an account has its own, and shares that one."""
        interval_s, snapshot = self.parts.config.metrics.interval_s, self.status.snapshot
        if self.prepared.account is None:
            return MetricsWriter(shared, snapshot, interval_s=interval_s)
        own = self.directory / METRICS_FILE
        copy = SharedMetricsFile(shared, own=own).put
        return MetricsWriter(own, snapshot, interval_s=interval_s, copy=copy)

    @property
    def ledger(self) -> Ledger:
        """The engine's own ledger."""
        return self.engine.ledger

    def series(self) -> Series:
        """Return the thinned prices of the run, and its equity."""
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
        self.log.offer_commands()
        machine = self.parts.machine
        self.commands = Commands(
            self.requests,
            config=self.parts.config,
            read_again=read_again,
            ledger=lambda: self.ledger,
            strategies=self.parts.strategies.reports().keys(),
            note=self.log.note,
            set_level=set_level,
            on_disk=self._view.on_disk,
            known=lambda asked: machine.client_ids.find(asked, self.engine.at.date),
            words=request_refusal,
            complete=lambda signal: intents_of(signal, self.parts.config.strategies.items),
        )

    def stop(self, reason: str) -> None:
        """Take no more input, finish what was taken, and end."""
        self.stopped_by = self.stopped_by or reason
        self._feed_scope.cancel()

    # the life of a run

    async def run(self, watch: Callable[[App], Any] | None = None) -> None:
        """Run until the feed ends or `stop`; `watch` is a task that shows progress.

        A feed that breaks off, or a clock that is wrong, ends the run in order: what came is kept,
        and the error is in `feed_lost`. Raises JournalIOError, or whatever else ended the run,
        cause first.
        """
        if self.inputs is not None:
            self.bus.drive(self.inputs.record)
        self.bus.drive(self._take_input)
        if self._quotes is not None:
            self.bus.drive(self._quotes.show)
        facts = self.bus.consume(METRICS_LANE, Overflow.WAIT)
        try:
            async with anyio.create_task_group() as tasks:
                await tasks.start(self.recorder.run)
                await tasks.start(self.metrics.run)
                tasks.start_soon(self._view.run, facts)
                if self._quotes is not None:
                    tasks.start_soon(self._quotes.run)
                if self.timings is not None:
                    tasks.start_soon(self.timings.watch_loop)
                await self._start_listening(tasks)
                if watch is not None:
                    tasks.start_soon(watch, self)
                self.log.start()
                self.notifier.send(READY=1, STATUS=f"{self.feed.name}: started")
                if (ask := self.prepared.ask_margin) is not None:
                    tasks.start_soon(BrokerMargins(ask, self.requests, self.ledger).run)
                tasks.start_soon(self._attend_feed)
                await self._run_feed()
                tasks.cancel_scope.cancel()
        except BaseException as error:
            self.prepared.close(checkpoint=not found_corrupt(error))
            raise
        finally:
            self.notifier.close()
            self.prepared.close()

    async def _start_listening(self, tasks: TaskGroup) -> None:
        """Listen to signals, and where there are commands to people's."""
        commands = self.commands
        reload = commands.reload if commands is not None and self.reload_on_hangup else None
        await tasks.start(watch_signals, self.stop, reload)
        if commands is not None:
            await tasks.start(serve_control, self.directory, commands.obey)
            await tasks.start(RequestSocket(commands.answer).serve, self.directory)
        if self.paced is not None:
            await tasks.start(self.paced.serve)

    async def _attend_feed(self) -> None:
        """Run what the feed needs besides its inputs; its fault ends the run in order."""
        try:
            await self.feed.run()
        except DaemonError as error:
            self.feed_lost = error
            self._feed_scope.cancel()
        except Exception as error:
            self._fault = f"{type(error).__name__}: {error}"
            raise

    async def _run_feed(self) -> None:
        """Take the feed's inputs to their end, however it comes, and finish."""
        try:
            await self._feed_all()
            if not self.stopped_by:
                await self._end_last_timestamp()
            elif self.parts.config.execution.on_stop == "square_off":
                await self._square_off()
        except (FeedError, ClockError) as error:
            self.feed_lost = error
        except Exception as error:
            self._fault = f"{type(error).__name__}: {error}"
            raise
        finally:
            with anyio.CancelScope(shield=True):
                await self._finish()

    async def _finish(self) -> None:
        """Journal the stop, wait for the disk, show the last numbers."""
        self.notifier.send(STOPPING=1)
        self.requests.close()
        self.status.end(is_lost=self.feed_lost is not None)
        reason, cause = self._ending()
        self.log.stop(reason, cause, self.status.statistics().counters())
        try:
            await self._put([])
        finally:
            await self.recorder.close()
            self.bus.close()
            await self._view.wait_all_shown()
        self.log.end(reason)

    def _ending(self) -> tuple[str, str]:
        """Return why the run ends, as a code, and the fault behind it if there is one."""
        if self._fault:
            return "fault", self._fault
        if isinstance(self.feed_lost, ClockError):
            return "clock", str(self.feed_lost)
        if self.feed_lost is not None:
            return "feed_lost", str(self.feed_lost)
        return self.stopped_by or "end_of_feed", ""

    # inputs

    async def _feed_all(self) -> None:
        """Publish every input of the feed; the journal's queue is the back-pressure."""
        inputs = cast("AsyncGenerator[Input, None]", self.feed.inputs())
        with self._feed_scope:
            async with aclosing(inputs):
                async for item in inputs:
                    if not self.status.has_begun:
                        self.status.begin(item)
                        self.log.first_input(self.status.first_ts)
                    await self.bus.publish_input(item)
                    if self.requests.is_waiting:
                        await self.requests.admit(self.engine.at.now, self._publish_requested)
                    if self._feed_scope.cancel_called:
                        break

    async def _end_last_timestamp(self) -> None:
        """Let what waits for the end of the feed's last timestamp be decided."""
        clock = self.engine.final_clock()
        if clock is not None:
            await self.bus.publish_input(clock)

    async def _publish_requested(self, item: Requested) -> Admitted:
        self._asked = item
        await self.bus.publish_input(item)
        return self.parts.machine.admitted(item)

    async def _square_off(self) -> None:
        """Close what can fill now, as configured for a stop, and name what cannot."""
        now = self.engine.at.now
        if now >= 0:
            await self.bus.publish_input(Command(ts=now, command="square_off"))
        left = self.ledger.open_positions()
        if left:
            logger.bind(order_ids=[position.order_id for position in left]).warning(
                "square-off at the stop: {} positions stay open, they have no quote to fill on",
                len(left),
            )

    async def _take_input(self, item: Input) -> None:
        """Give an input to the engine, then its events to the journal; never stop in between.

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
        now = anyio.current_time()
        self._note_input(item, now)
        is_full = self.inputs is not None and self.inputs.needs_flush
        is_due = now - self._last_put >= STATS_EVERY_S
        # a person waits for what was asked: it goes to the disk at once
        is_requested = not isinstance(item, Ticks) and isinstance(item, Requested)
        if is_requested:
            self.parts.machine.saw(item)
            if item is self._asked and isinstance(item, Command):
                self.log.command(item, self._handled)
        if events or self.log.is_waiting or is_full or is_due or is_requested:
            with anyio.CancelScope(shield=True):
                await self._put(events)

    def _note_input(self, item: Input, now: float) -> None:
        self.log.strategies()
        self.log.feed_notes()  # before the gap: first the link was lost, then it was back
        if isinstance(item, Ticks):
            self.status.saw_ticks(item, now)
        elif isinstance(item, Gap):
            self.log.gap(item)

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

    async def _put(self, events: list[TradingEvent]) -> None:
        """Queue events for the journal, with all that belongs to the same commit."""
        operations = self.log.take()
        if self.prepared.account is not None:
            operations += state_operations(self.engine, self.prepared.account.state, events)
        self._last_put = anyio.current_time()
        await self.recorder.put(
            Batch(
                events=events,
                input_no=self._handled,
                operations=operations,
                marks=self.engine.marks(),
                statistics=self.status.statistics(),
            )
        )


def found_corrupt(error: BaseException) -> bool:
    """Return whether the journal was found to be damaged: then nothing more is written to it."""
    if isinstance(error, BaseExceptionGroup):
        return error.subgroup(JournalCorrupt) is not None
    return isinstance(error, JournalCorrupt)
