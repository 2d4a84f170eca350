"""The account's past: the newest recording run again, or what the journal alone says."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec
from loguru import logger

from daemon import VERSION
from daemon.clockwork.paper_engine import PaperEngine
from daemon.control.client_ids import ClientIds
from daemon.domain.carry_over import CarryOver, HeardUpdate
from daemon.domain.dates import DAY_NS, iso_ist, ist_date, ist_midnight
from daemon.domain.drawdown import EquityState
from daemon.domain.inputs import Clock
from daemon.domain.instrument import Instrument
from daemon.domain.ledger import Ledger
from daemon.errors import FeedError
from daemon.execution.heard import heard_of
from daemon.journal.recovery import recover
from daemon.journal.store import JournalStore
from daemon.runtime.disk_faults import disk_errors_as_journal_errors
from daemon.runtime.live_start import LiveStart
from daemon.runtime.machine import Machine, machine_of
from daemon.runtime.rerun import Diverged, Rerun, run_again, state_operations
from daemon.settings.check import fingerprint
from feeds.recording.compact import CompactedLog
from feeds.recording.format import COMPACTED, LogHeader
from feeds.recording.opened import open_recording
from feeds.recording.reader import InputLog
from feeds.recording.recorder import InputRecorder


class ResumedState(NamedTuple):
    """The past of an account: the newest recording's machine, or what was carried over."""

    carry: CarryOver = CarryOver()
    ledger: Ledger | None = None
    equity: EquityState | None = None
    """The account's P&L up to now; None if only the journal knows."""
    machine: Machine | None = None
    """Set if today's recording continues with this machine."""
    recorder: InputRecorder | None = None
    since: int = 0
    """The time of the last input of today, UTC ns; 0 if there was none."""
    began: int = 0
    """When the recording that continues began, UTC ns."""
    client_ids: ClientIds | None = None
    """Requests of today that an earlier recording of the day holds; None for none."""
    instruments: Sequence[Instrument] = ()
    """Instruments of the newest recording, for positions that are still open."""

    def held_symbols(self) -> set[str]:
        """Return what is open or waits to be filled."""
        ledger = self.ledger if self.machine is None else self.machine.engine.ledger
        return held_symbols(ledger) if ledger else set()

    def held(self) -> list[Instrument]:
        """Return the instruments of the same, as they were last known."""
        known = {each.tradingsymbol: each for each in reversed(self.instruments)}
        return [known[symbol] for symbol in sorted(self.held_symbols()) if symbol in known]


def held_symbols(ledger: Ledger) -> set[str]:
    """Return the symbols of open positions, of entries that wait, of GTTs and of plans' rounds."""
    symbols = {position.tradingsymbol for position in ledger.positions.values()}
    symbols |= {position.tradingsymbol for position in ledger.untraded.positions.values()}
    symbols |= {gtt.terms.tradingsymbol for gtt in ledger.gtts.values()}
    symbols = symbols.union(*(round_.symbols for round_ in ledger.rounds.values()))
    return symbols | {
        order.tradingsymbol for order in ledger.orders.values() if order.state == "SUBMITTED"
    }


def resume(start: LiveStart) -> ResumedState:
    """Run the newest recording again if it was not finished.

    Raises ClockError, JournalIOError, JournalCorrupt.
    """
    account, store = start.account, start.account.store
    if store.dropped_unfinished:
        start.note("dropped_unfinished", events=store.dropped_unfinished)
    for text in store.notes:
        start.warn("snapshot_passed_over", "journal", text)
    start.check_clock(_last_event_ts(store), "the journal's last event")
    recordings = account.recordings()
    if not recordings:
        if not store.last_input_no:
            return ResumedState(ledger=recover(store))
        return _from_journal(start, "there is no recording", ())
    newest = recordings[-1]
    try:
        with disk_errors_as_journal_errors(newest):
            if newest.suffix == COMPACTED:
                return _after_finished(start, CompactedLog(newest))
            return _after_unfinished(start, InputLog(newest))
    except (Diverged, FeedError) as error:
        return _from_journal(start, str(error), _instruments(newest))


def _from_journal(start: LiveStart, reason: str, instruments: Sequence[Instrument]) -> ResumedState:
    """Return what the journal alone says: ledger, switches, and inputs that had their turn."""
    account, store = start.account, start.account.store
    ledger = recover(store)
    last = _last_event_ts(store)
    known, today = account.state.known, start.today.isoformat()
    until = max(last, known.carry.until)
    date = max(known.date, ist_date(until).isoformat() if until >= 0 else "")
    state = known.on(date).on(today)
    start.note(
        "not_run_again", reason=reason, restored=state.text(), seq=store.last_seq,
        input_no=store.last_input_no, until=iso_ist(until) if until >= 0 else "",
    )  # fmt: skip
    logger.warning(
        "the last recording cannot be run again, the journal alone counts ({}; all inputs up "
        "to {} had their turn): {}",
        state.text(), iso_ist(until) if until >= 0 else "the first", reason,
    )  # fmt: skip
    return ResumedState(
        carry=msgspec.structs.replace(
            state.carry, until=until, heard=_heard_today(store, today)
        ),
        ledger=ledger,
        since=until if date == today else 0,
        instruments=[*instruments, *account.state.contracts.values()],
    )  # fmt: skip


def _after_finished(start: LiveStart, log: CompactedLog) -> ResumedState:
    """Return what a day that was finished carried over."""
    ending, store = log.ending, start.account.store
    if (ending.seq, ending.input_no) != (store.last_seq, store.last_input_no):
        raise Diverged(
            f"{log.path}: ends at event {ending.seq} and input {ending.input_no}, the journal "
            f"at event {store.last_seq} and input {store.last_input_no}"
        )
    start.check_clock(max(ending.carry.until, log.header.created_ts), str(log.path))
    is_today = log.header.date == start.today.isoformat()
    carry = ending.carry.overnight()
    if is_today:
        heard = _heard_since(log.header, store)
        carry = msgspec.structs.replace(ending.carry, heard=heard)
    return ResumedState(
        carry=carry, ledger=recover(store), equity=ending.equity,
        instruments=log.header.instruments,
    )  # fmt: skip


def _after_unfinished(start: LiveStart, log: InputLog) -> ResumedState:
    """Run the log again; continue it if it is of today and of this configuration."""
    account, header = start.account, log.header
    began = time.monotonic()
    again = run_again(
        log, lambda header: machine_of(header, start.rules), account.store, account.state
    )
    machine, engine = again.machine, again.machine.engine
    machine.strategies.take_faults()  # logged already by the process that met them
    machine.strategies.take_lost()
    last_ts = max(engine.at.now, header.created_ts)
    start.check_clock(last_ts, str(log.path))
    recorder = InputRecorder.resume(log, again.end)
    _note_recovered(start, log, again, max(last_ts, 0), time.monotonic() - began)
    is_today = header.date == start.today.isoformat()
    same = header.config_fingerprint == fingerprint(start.config)
    if is_today and same and header.program_version == VERSION:
        return ResumedState(
            machine=machine, recorder=recorder, since=last_ts, began=header.created_ts,
            instruments=header.instruments,
        )  # fmt: skip
    if not is_today:
        _end_day(start, machine, recorder, header.date)
    recorder.close()
    account.finish_log(log.path, machine)
    carry = engine.carry().overnight()
    if is_today:
        heard = _heard_since(header, account.store)
        carry = msgspec.structs.replace(engine.carry(), heard=heard)
    return ResumedState(
        carry=carry, ledger=engine.ledger,
        equity=machine.sampler.equity_state(),
        client_ids=machine.client_ids if is_today else None,
        since=last_ts if is_today else 0, instruments=header.instruments,
    )  # fmt: skip


def _note_recovered(start: LiveStart, log: InputLog, again: Rerun, ts: int, seconds: float) -> None:
    ledger = again.machine.engine.ledger
    start.account.note(
        ts, "recovered", seq=ledger.seq, inputs=again.inputs, decided=again.decided,
        torn_bytes=log.torn_bytes, seconds=round(seconds, 3), open_positions=len(ledger.positions),
    )  # fmt: skip


def _end_day(start: LiveStart, machine: Machine, recorder: InputRecorder, date: str) -> None:
    """Book on its own day what fell due when no process ran any more."""
    engine = machine.engine
    if engine.at.now >= end_of_day(date):
        return  # done by a start that did not get further
    tick = Clock(ts=end_of_day(date))
    recorder.record(tick)
    recorder.flush()
    events = engine.handle(tick)
    machine.sampler.take(events)
    start.account.store.append(
        events, input_no=engine.input_no,
        operations=state_operations(engine, start.account.state, events),
    )  # fmt: skip


def end_of_day(date: str) -> int:
    """Return the last instant of an Indian date, UTC ns."""
    return ist_midnight(dt.date.fromisoformat(date)) + DAY_NS - 1


def last_input_of_today(
    resumed: ResumedState, engine: PaperEngine, *, on_machine_time: bool
) -> int:
    """Return when the last input of today came, by the clock of the feed, UTC ns; 0 for none."""
    if on_machine_time or not resumed.since:
        return resumed.since
    return max(engine.at.now, resumed.carry.until, 0)


def _last_event_ts(store: JournalStore) -> int:
    """Return the time of the journal's last event, UTC ns; -1 without one."""
    base = store.base()
    before = base.ts if base is not None and base.seq else -1
    return max((event.ts for event in store.events(store.last_seq - 1)), default=before)


def _heard_since(header: LogHeader, store: JournalStore) -> list[HeardUpdate]:
    """Return what strategies heard today up to the end of a recording of today."""
    ledger = msgspec.json.decode(header.ledger, type=Ledger) if header.ledger else Ledger()
    return [*header.carry.heard, *heard_of(store.events(header.base_seq), ledger)]


def _heard_today(store: JournalStore, today: str) -> list[HeardUpdate]:
    """Return what strategies heard of today's orders, by the journal alone."""
    events = (event for event in store.events() if ist_date(event.ts).isoformat() == today)
    return heard_of(events, Ledger())


def _instruments(path: Path) -> Sequence[Instrument]:
    try:
        return open_recording(path).header.instruments
    except FeedError:
        return ()
