"""A live run put together: the account taken up, the universe of the day, the feed, the recorder.

The order matters: nothing is asked of the network before the account is ours, nothing is decided
before everything that was decided earlier today is back.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import msgspec
from loguru import logger

from daemon import VERSION
from daemon.clockwork.paper_engine import PaperEngine
from daemon.domain.candle import Candle
from daemon.domain.carry_over import Carry
from daemon.domain.dates import iso_ist, ist_date
from daemon.domain.drawdown import EquityState
from daemon.domain.inputs import Clock as TimePasses
from daemon.domain.inputs import Command, ConfigChange, History, Input
from daemon.domain.instrument import Instrument
from daemon.domain.ledger import Ledger
from daemon.errors import ConfigError, FeedError
from daemon.journal.recovery import recover
from daemon.journal.store import JournalStore
from daemon.process.clock import MACHINE_CLOCKS, Clock, check_start
from daemon.rules import Rulebook
from daemon.rules.reach import calendar_span
from daemon.runtime.account import (
    Account,
    Diverged,
    Machine,
    build_machine,
    end_of_day,
    machine_of,
    of_a_disk,
    state_operations,
)
from daemon.runtime.build import Parts, sessions_of
from daemon.runtime.configured_rules import load_rules
from daemon.runtime.prepared_run import Session
from daemon.runtime.retention import old_recordings, remove
from daemon.runtime.warmup import recorded_candles
from daemon.settings.check import fingerprint
from daemon.settings.config import Config
from daemon.settings.reload import back_to, change_text, encode_change
from feeds.kite.day import DayFinder, LiveDay
from feeds.kite.feed import KiteFeed
from feeds.kite.sockets import TickerSockets
from feeds.live.backoff import fresh_chance
from feeds.recording.compact import SUFFIX as COMPACTED
from feeds.recording.compact import CompactedLog, open_recording
from feeds.recording.reader import InputLog
from feeds.recording.recorder import InputRecorder
from feeds.stream.guard import FeedGuard
from feeds.stream.timeline import closes_of, closing_time

RECORDINGS_READ: Final = 3
"""Without Kite's historical candles, the strategies are warmed from so many recordings."""


class Taken(NamedTuple):
    """What is left of the account's past: the newest recording run again, or what it carried."""

    carry: Carry = Carry()
    ledger: Ledger | None = None
    equity: EquityState | None = None
    """What the account's P&L was up to now; None if only the journal knows."""
    machine: Machine | None = None
    """Set if today's recording goes on with this machine."""
    recorder: InputRecorder | None = None
    since: int = 0
    """The time of the last input of today, UTC ns; 0 if there was none."""
    began: int = 0
    """When the recording that goes on began, UTC ns."""
    instruments: Sequence[Instrument] = ()
    """Those of the newest recording, for positions that are still open."""


def open_live(config: Config, *, data_dir: Path | None = None) -> Session:
    """Take up the account and connect everything; nothing has been started yet.

    Raises ConfigError, TokenRefused, FeedError, ClockError, AlreadyRunning, JournalCorrupt,
    JournalIOError.
    """
    rules = load_rules(config)
    now = MACHINE_CLOCKS.wall_ns()
    if config.feed.kite.clock == "wall":
        _refuse_unknown_day(rules, ist_date(now))
    out = Path(config.out)
    finder = DayFinder(
        config, out=out, now=now, session=sessions_of(rules), contracts=rules, data_dir=data_dir,
        is_known=rules.is_known,
    )  # fmt: skip
    finder.check()
    account = Account.open(out, config.account, created_ts=now)
    try:
        with of_a_disk(account.directory):
            return _LiveStart(config, rules, account, now, finder).session()
    except BaseException:
        account.close(checkpoint=False)  # what could not be taken up stays as it lies there
        raise


def _refuse_unknown_day(rules: Rulebook, today: dt.date) -> None:
    """Refuse to trade on a day of which nothing says whether it is a holiday."""
    if rules.is_known(today):
        return
    span = calendar_span(rules)
    reach = f"which is from {span[0]} to {span[1]}" if span else "which has no year"
    raise ConfigError(
        f"{today} is outside the calendar, {reach}: its holidays are not known; add the year to "
        "rules.local.yaml beside the configuration, then start again (RUNBOOK, The calendar ends)"
    )


class _LiveStart:
    """One start, step by step."""

    def __init__(
        self, config: Config, rules: Rulebook, account: Account, now: int, finder: DayFinder
    ) -> None:
        self._config = config
        self._rules = rules
        self._account = account
        self._now = now
        self._today = ist_date(now)
        self._finder = finder

    def session(self) -> Session:
        """Everything in its order."""
        taken = self._take_up()
        self._account.state.date = self._today.isoformat()
        clock = Clock(taken.since + 1, MACHINE_CLOCKS)
        day = self._find_day(taken)
        machine, recorder = taken.machine, taken.recorder
        first: list[Input] = []
        if machine is None or recorder is None:
            machine, recorder = self._begin(day, taken)
            first = self._first_inputs(day, machine, taken)
        else:
            first = [*self._changed_back(machine), *self._missed_candles(day, machine, taken)]
        self._remove_old_recordings()
        feed = self._feed(day, machine, clock, first, taken)
        parts = Parts(self._config, self._rules, feed, machine.strategies, machine.engine)
        account = self._account
        return Session(
            parts, account.directory, account.store, clock, machine.sampler, recorder,
            account.operations, account,
        )  # fmt: skip

    # the past

    def _take_up(self) -> Taken:
        """Run the newest recording again, if it was not finished."""
        account, store = self._account, self._account.store
        if store.dropped_unfinished:
            account.note(self._now, "dropped_unfinished", events=store.dropped_unfinished)
        for text in store.notes:
            account.note(self._now, "snapshot_passed_over", problem=text)
            logger.warning("journal: {}", text)
        self._check_clock(_last_event_ts(store), "the journal's last event")
        recordings = account.recordings()
        if not recordings:
            if not store.last_input_no:
                return Taken(ledger=recover(store))
            return self._from_journal("there is no recording", ())
        newest = recordings[-1]
        try:
            with of_a_disk(newest):
                if newest.suffix == COMPACTED:
                    return self._after_finished(CompactedLog(newest))
                return self._after_unfinished(InputLog(newest))
        except (Diverged, FeedError) as error:
            return self._from_journal(str(error), _instruments(newest))

    def _check_clock(self, last_ts: int, of: str) -> None:
        """Refuse to go on before the account's last time, where time is the machine's."""
        if self._config.feed.kite.clock == "wall":
            check_start(last_ts, of, MACHINE_CLOCKS)
            self._now = max(self._now, MACHINE_CLOCKS.wall_ns())

    def _from_journal(self, reason: str, instruments: Sequence[Instrument]) -> Taken:
        """Return what the journal alone says: ledger, switches, and inputs that had their turn."""
        account, store = self._account, self._account.store
        ledger = recover(store)
        last = _last_event_ts(store)
        known, today = account.state.known, self._today.isoformat()
        until = max(last, known.carry.until)
        date = max(known.date, ist_date(until).isoformat() if until >= 0 else "")
        state = known.on(date).on(today)
        account.note(
            self._now, "not_run_again", reason=reason, restored=state.text(), seq=store.last_seq,
            input_no=store.last_input_no, until=iso_ist(until) if until >= 0 else "",
        )  # fmt: skip
        logger.warning(
            "the last recording cannot be run again, the journal alone counts ({}; all inputs up "
            "to {} had their turn): {}",
            state.text(), iso_ist(until) if until >= 0 else "the first", reason,
        )  # fmt: skip
        return Taken(
            carry=msgspec.structs.replace(state.carry, until=until), ledger=ledger,
            since=until if date == today else 0,
            instruments=[*instruments, *account.state.contracts.values()],
        )  # fmt: skip

    def _after_finished(self, log: CompactedLog) -> Taken:
        ending, store = log.ending, self._account.store
        if (ending.seq, ending.input_no) != (store.last_seq, store.last_input_no):
            raise Diverged(
                f"{log.path}: ends at event {ending.seq} and input {ending.input_no}, the journal "
                f"at event {store.last_seq} and input {store.last_input_no}"
            )
        self._check_clock(max(ending.carry.until, log.header.created_ts), str(log.path))
        is_today = log.header.date == self._today.isoformat()
        carry = ending.carry if is_today else ending.carry.overnight()
        return Taken(
            carry=carry, ledger=recover(store), equity=ending.equity,
            instruments=log.header.instruments,
        )  # fmt: skip

    def _after_unfinished(self, log: InputLog) -> Taken:
        account, header = self._account, log.header
        began = time.monotonic()
        again = account.run_again(log, lambda each: machine_of(each, self._rules))
        machine, engine = again.machine, again.machine.engine
        machine.strategies.take_faults()  # told already by the process that met them
        machine.strategies.take_lost()
        last_ts = max(engine.at.now, header.created_ts)
        self._check_clock(last_ts, str(log.path))
        recorder = InputRecorder.resume(log, again.end)
        account.note(
            max(last_ts, 0), "recovered", seq=engine.ledger.seq, inputs=again.inputs,
            decided=again.decided, torn_bytes=log.torn_bytes,
            seconds=round(time.monotonic() - began, 3),
            open_positions=len(engine.ledger.positions),
        )  # fmt: skip
        is_today = header.date == self._today.isoformat()
        same = header.config_fingerprint == fingerprint(self._config)
        if is_today and same and header.program_version == VERSION:
            return Taken(
                machine=machine, recorder=recorder, since=last_ts, began=header.created_ts,
                instruments=header.instruments,
            )  # fmt: skip
        if not is_today:
            self._end_day(machine, recorder, header.date)
        recorder.close()
        account.finish_log(log.path, engine, machine.sampler)
        carry = engine.engine.carry()
        return Taken(
            carry=carry if is_today else carry.overnight(), ledger=engine.ledger,
            equity=machine.sampler.equity_state(),
            since=last_ts if is_today else 0, instruments=header.instruments,
        )  # fmt: skip

    def _end_day(self, machine: Machine, recorder: InputRecorder, date: str) -> None:
        """What was due on a day on which nobody was there any more is booked on that day."""
        engine = machine.engine
        if engine.at.now >= end_of_day(date):
            return  # done by a start that did not get further
        tick = TimePasses(ts=end_of_day(date))
        recorder.record(tick)
        recorder.flush()
        events = engine.handle(tick)
        machine.sampler.take(events)
        self._account.store.append(
            events, input_no=engine.input_no,
            operations=state_operations(engine, self._account.state, events),
        )  # fmt: skip

    # the day

    def _find_day(self, taken: Taken) -> LiveDay:
        """The universe of the day: that of the recording that goes on, or a new one."""
        known = taken.instruments if taken.machine is not None else None
        day = self._finder.find(_held(taken), known, taken.began)
        for text in self._finder.notes:
            self._account.note(self._now, "instruments", problem=text)
            logger.warning("instruments: {}", text)
        return day

    def _begin(self, day: LiveDay, taken: Taken) -> tuple[Machine, InputRecorder]:
        """A new recording, on what the account holds."""
        if self._config.feed.kite.clock == "wall":
            self._rules.refuse_unknown(
                day.universe, charged=self._config.execution.charges, date=self._today
            )
        store = self._account.store
        _check_known(day, taken)
        machine = build_machine(
            day.config, self._rules, day.universe,
            ledger=taken.ledger, carry=taken.carry, first_input_no=store.last_input_no,
            equity=taken.equity or self._account.booked_equity(),
        )  # fmt: skip
        recorder = self._account.begin_log(
            machine, day.config, self._config, taken.carry, self._now
        )
        return machine, recorder

    def _first_inputs(self, day: LiveDay, machine: Machine, taken: Taken) -> list[Input]:
        """History for the strategies, and the way out for what should not be held any more."""
        first: list[Input] = []
        candles = self._history(day, machine, after=0)
        if candles:
            first.append(History(ts=self._now, candles=tuple(candles)))
        if taken.ledger is not None:
            for position in taken.ledger.open_positions():
                if position.product == "MIS" and ist_date(position.entry_ts) < self._today:
                    command = Command(ts=self._now, command="manual_exit", target=position.order_id)
                    first.append(command)
        return first

    def _changed_back(self, machine: Machine) -> list[Input]:
        """What was changed while it ran and is not what the file says now."""
        engine = machine.engine.engine
        admission = engine.admission
        change = back_to(self._config, risk=admission.risk, off=admission.config_off)
        if change is None:
            return []
        self._account.note(self._now, "config_change", changed=change_text(change))
        return [ConfigChange(ts=max(engine.at.now, 0), config=encode_change(change))]

    def _missed_candles(self, day: LiveDay, machine: Machine, taken: Taken) -> list[Input]:
        """Candles that closed while nobody was there."""
        candles = self._history(day, machine, after=taken.since)
        return [History(ts=self._now, candles=tuple(candles))] if candles else []

    def _history(self, day: LiveDay, machine: Machine, *, after: int) -> list[Candle]:
        """Closed candles that end after `after`: from Kite, or else from older recordings."""
        candles: list[Candle] = []
        if self._config.feed.kite.history and day.http is not None:
            try:
                old = day.candles(machine.strategies.subscriptions, now=self._now)
                candles, notes = old.candles, old.notes
            except FeedError as error:
                notes = [str(error)]
            for text in notes:
                self._account.note(self._now, "history", problem=text)
                logger.warning("historical candles: {}", text)
        if not candles and not after:
            candles = self._recorded_candles(day, machine)
        candles = [each for each in candles if after < each.end_ts <= self._now]
        self._account.note(self._now, "history", candles=len(candles))
        return candles

    def _recorded_candles(self, day: LiveDay, machine: Machine) -> list[Candle]:
        """From the recordings before the one that was begun; a damaged one is passed over."""
        candles: list[Candle] = []
        for each in self._account.recordings()[-1 - RECORDINGS_READ : -1]:
            try:
                with of_a_disk(each):
                    candles += recorded_candles(
                        [open_recording(each)], day.universe, self._config, self._rules,
                        machine.strategies,
                    )  # fmt: skip
            except (FeedError, ConfigError) as error:
                self._account.note(self._now, "history", problem=str(error))
                logger.warning("historical candles: {}", error)
        return candles

    def _remove_old_recordings(self) -> None:
        """What is older than the configuration keeps, once this day has what it needs."""
        keep_days = self._config.recording.keep_days
        if keep_days is None:
            return
        account = self._account
        old = old_recordings(account.recordings(), today=self._today, keep_days=keep_days)
        removed = remove(old)
        if removed.files:
            account.note(
                self._now, "recordings_removed", files=removed.files, bytes=removed.size,
                keep_days=keep_days, newest=old[removed.files - 1].name,
            )  # fmt: skip
            logger.info(
                "recordings: {} of more than {} days ago removed, up to {} ({} bytes)",
                removed.files, keep_days, old[removed.files - 1].name, removed.size,
            )  # fmt: skip
        if removed.failed:
            logger.warning("recordings: an old one cannot be removed: {}", removed.failed)

    # the feed

    def _feed(
        self, day: LiveDay, machine: Machine, clock: Clock, first: list[Input], taken: Taken
    ) -> KiteFeed:
        config, execution = self._config.feed.kite, self._config.execution
        engine = machine.engine
        guard = FeedGuard(
            len(day.universe),
            stale_after_ns=execution.stale_after_ns,
            quiet_after_ns=execution.quote_max_age_ns,
        )
        session = sessions_of(self._rules)
        feed = KiteFeed(
            day.universe,
            day.watchlist,
            config=config,
            guard=guard,
            make_sockets=lambda inbox, on_state: TickerSockets(
                url=config.ticker_url,
                read_credentials=day.read_credentials,
                inbox=inbox,
                on_state=on_state,
                config=config,
                rng=fresh_chance(),
                now=time.monotonic,
            ),
            now_ns=clock.now_ns,
            keep_right=clock.keep_right,
            closes=closes_of(
                day.universe,
                closing_time(session),
                execution.candle_grace_ns,
            ),
            first=first,
            missed_since=_missed_since(taken, engine, config.clock),
            ends=config.clock == "wall",
        )
        feed.held = lambda: held_instruments(engine)
        return feed


def _missed_since(taken: Taken, engine: PaperEngine, clock: str) -> int:
    """When the last input of today came, by the clock of the feed, UTC ns; 0 if there was none."""
    if clock == "wall" or not taken.since:
        return taken.since
    return max(engine.at.now, taken.carry.until, 0)


def held_instruments(engine: PaperEngine) -> Iterable[int]:
    """The instruments (indices) of open positions and of entries that wait."""
    found = (engine.universe.index_of(each) for each in _held_symbols(engine.ledger))
    return [each for each in found if each is not None]


def _last_event_ts(store: JournalStore) -> int:
    """Return the time of the journal's last event, UTC ns; -1 if there is none."""
    return max((each.ts for each in store.events(store.last_seq - 1)), default=-1)


def _held_symbols(ledger: Ledger) -> set[str]:
    """Return what open positions and waiting entries are of."""
    symbols = {each.tradingsymbol for each in ledger.positions.values()}
    return symbols | {
        each.tradingsymbol for each in ledger.orders.values() if each.state == "SUBMITTED"
    }


def _held(taken: Taken) -> list[Instrument]:
    """The instruments of open positions and waiting entries, as they were last known."""
    ledger = taken.ledger if taken.machine is None else taken.machine.engine.ledger
    symbols = _held_symbols(ledger) if ledger else set()
    known = {each.tradingsymbol: each for each in reversed(taken.instruments)}
    return [known[each] for each in sorted(symbols) if each in known]


def _check_known(day: LiveDay, taken: Taken) -> None:
    """Refuse to go on with a position of which nothing says what it is. Raises ConfigError."""
    symbols = _held_symbols(taken.ledger) if taken.ledger else set()
    unknown = sorted(each for each in symbols if day.universe.index_of(each) is None)
    if unknown:
        raise ConfigError(
            f"universe: {', '.join(unknown)} is held, and neither a recording nor the journal has "
            "its contract; write its row under universe.instruments"
        )


def _instruments(path: Path) -> Sequence[Instrument]:
    try:
        return open_recording(path).header.instruments
    except FeedError:
        return ()
