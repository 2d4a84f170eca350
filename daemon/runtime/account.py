"""An account taken up where it was left: journal, recordings, and the engine run again to now.

Recovery is start (reliability.md R3). The day's recorded inputs are run through the engine once
more from the ledger that they began with; what it decides must be what the journal holds, event
for event. So everything is back as if the process had never stopped: orders, exits, bars, the
strategies' own state. Inputs that were recorded but whose events were not committed any more are
simply decided now.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final, NamedTuple

import msgspec
from loguru import logger

from daemon import VERSION
from daemon.clockwork.paper_engine import PaperEngine
from daemon.domain.carry_over import Carry
from daemon.domain.dates import DAY_NS, ist_date, ist_midnight
from daemon.domain.drawdown import EquityState
from daemon.domain.events import TradingEvent
from daemon.domain.inputs import Input
from daemon.domain.instrument import Universe
from daemon.domain.ledger import Ledger
from daemon.errors import FeedError, JournalIOError
from daemon.files.private import close_to_others, make_private_directory
from daemon.journal.lock import refuse_foreign
from daemon.journal.recovery import first_ledger, recover
from daemon.journal.state import StateJournal
from daemon.journal.store import JournalMeta, JournalStore, Operation
from daemon.metrics.equity import booked_drawdown
from daemon.rules import Rulebook
from daemon.runtime.configured_rules import engine_rules
from daemon.runtime.run_files import ACCOUNTS, RECORDINGS
from daemon.runtime.series import PriceSampler
from daemon.settings.check import fingerprint, render_config
from daemon.settings.config import Config
from daemon.settings.inputs import kept_config
from feeds.recording.compact import SUFFIX as COMPACTED
from feeds.recording.compact import Ending, compact, open_recording
from feeds.recording.format import LogHeader
from feeds.recording.gather import gather
from feeds.recording.reader import SUFFIX as LOG
from feeds.recording.reader import InputLog
from feeds.recording.recorder import InputRecorder
from strategies.engine import StrategyEngineV2

_COMMIT_EVENTS: Final = 10_000
_encoder: Final = msgspec.json.Encoder(order="deterministic")


class Machine(NamedTuple):
    """What decides: the strategies and the engine that runs them; and the prices it was shown."""

    strategies: StrategyEngineV2
    engine: PaperEngine
    sampler: PriceSampler


class Rerun(NamedTuple):
    """A log that was run again: the machine after its last input, and where the log ends."""

    machine: Machine
    end: int
    inputs: int
    decided: int
    """Events that the journal did not have yet."""


class Diverged(Exception):
    """The log does not give what the journal says; the text tells where."""


def build_machine(
    config: Config,
    rules: Rulebook,
    universe: Universe,
    *,
    ledger: Ledger | None = None,
    carry: Carry | None = None,
    first_input_no: int = 0,
    equity: EquityState | None = None,
) -> Machine:
    """Strategies and engine of a configuration. Raises ConfigError."""
    strategies = StrategyEngineV2(config.strategies, universe)
    engine = PaperEngine(
        config.execution,
        universe=universe,
        rules=engine_rules(config, rules, universe),
        risk=config.risk,
        strategies=strategies,
        ledger=ledger,
        carry=carry,
        first_input_no=first_input_no,
    )
    sampler = PriceSampler(universe, ledger, equity)
    engine.on_rows = sampler.observe
    return Machine(strategies, engine, sampler)


def machine_of(header: LogHeader, rules: Rulebook) -> Machine:
    """The machine as it was before the log's first input.

    Raises ConfigError, or MsgspecError if this version cannot read what the header holds.
    """
    config = msgspec.json.decode(header.config, type=Config)
    ledger = msgspec.json.decode(header.ledger, type=Ledger) if header.ledger else None
    return build_machine(
        config,
        rules,
        Universe(header.instruments),
        ledger=ledger,
        carry=header.carry,
        first_input_no=header.first_input_no,
        equity=header.equity,
    )


@contextmanager
def of_a_disk(path: Path) -> Iterator[None]:
    """Raises JournalIOError where the disk under `path` is at fault, and not what is on it.

    What cannot be read now may be whole: it is no reason to go on without it.
    """
    try:
        yield
    except OSError as error:
        raise JournalIOError(f"{path}: cannot be read or written: {error}") from error
    except FeedError as error:
        cause = error.__cause__
        if isinstance(cause, OSError) and cause.errno:  # pyarrow's own have none
            raise JournalIOError(str(error)) from error
        raise


class Account:
    """The journal of an account, locked, and its recordings."""

    def __init__(self, directory: Path, store: JournalStore) -> None:
        self.directory = directory
        self.store = store
        self.state = StateJournal(store)
        """What of the engine's state the journal has; `date` is set to the day that is run."""
        self.operations: list[Operation] = []
        """What happened while it was taken up, for the journal."""

    @classmethod
    def open(cls, out: Path, name: str, *, created_ts: int) -> Account:
        """Lock and verify the journal, all that this start is going to use, or begin it.

        Its directory is closed to other users first: while one of them could open the lock, they
        could hold it too. Raises AlreadyRunning, JournalCorrupt or JournalIOError.
        """
        directory = out / ACCOUNTS / name
        with of_a_disk(directory):
            refuse_foreign(directory)
            make_private_directory(directory)
        if JournalStore.exists(directory):
            store = JournalStore.open(directory, write=True, used_after=_compared_after(directory))
        else:
            meta = JournalMeta(
                run_id=name, account=name, program_version=VERSION, created_ts=created_ts
            )
            store = JournalStore.create(directory, meta)
        try:
            account = cls(directory, store)
            account._close_to_others(created_ts)
            return account
        except BaseException:
            store.close(checkpoint=False)
            raise

    def _close_to_others(self, now: int) -> None:
        """Close what a version before, or a person, left open; said once, as then it is closed."""
        try:
            closed = close_to_others(self.directory)
        except OSError as error:
            logger.warning("{}: its files cannot be closed to others: {}", self.directory, error)
            return
        if closed.changed:
            self.note(now, "closed_to_others", files=closed.changed)
            logger.warning(
                "{}: {} of its files were open to other users; they are closed now (0600 in 0700)",
                self.directory, closed.changed,
            )  # fmt: skip
        if closed.left:
            logger.warning(
                "{}: {} of its files belong to another user, such as {}; chown them",
                self.directory, len(closed.left), closed.left[0],
            )  # fmt: skip

    def note(self, ts: int, kind: str, **detail: int | float | str | bool | None) -> None:
        """Remember an operational event for the journal."""
        self.operations.append(Operation(ts=ts, kind=kind, detail=detail))

    # recordings

    def recordings(self) -> list[Path]:
        """All recordings, oldest first; a log that was being compacted counts once."""
        return _recordings(self.directory)

    def begin_log(
        self, machine: Machine, config: Config, written: Config, carry: Carry, now: int
    ) -> InputRecorder:
        """Begin a recording of today, on the state that the machine has before any input.

        `config` is what runs, `written` what the user wrote (its aliases are of the day).
        """
        date = ist_date(now).isoformat()
        today = [each for each in self.recordings() if each.stem.startswith(date)]
        segment = 1 + max((_order(each.stem)[1] for each in today), default=0)
        engine = machine.engine
        header = LogHeader(
            account=self.directory.name,
            date=date,
            segment=segment,
            program_version=VERSION,
            config=render_config(kept_config(config)),
            config_fingerprint=fingerprint(written),
            instruments=list(engine.universe),
            base_seq=engine.ledger.seq,
            first_input_no=engine.input_no,
            ledger=_encoder.encode(engine.ledger).decode(),
            carry=carry,
            equity=machine.sampler.equity.before,
            created_ts=now,
        )
        path = self.directory / RECORDINGS / f"{date}-{segment}{LOG}"
        return InputRecorder.begin(path, header)

    def run_again(self, log: InputLog, make: Callable[[LogHeader], Machine]) -> Rerun:
        """Bring the log's machine to its last input; what was not committed is committed.

        `make` gives the machine as it was before the first input. Raises Diverged if the log
        cannot be run again, and JournalIOError.
        """
        header = log.header
        try:
            machine = make(header)
        except Exception as error:
            raise Diverged(f"{log.path}: cannot be run again: {error}") from error
        self.state.date = header.date
        replay = _Replay(self.store, machine, self.state, header)
        read = _Counted(log)
        for item in gather(read.inputs()):
            replay.take(item)
        replay.finish()
        return Rerun(machine, read.end, read.count, replay.decided)

    def finish_log(self, path: Path, engine: PaperEngine, sampler: PriceSampler) -> Path:
        """The day is over: the log becomes a Parquet file that says where it left off."""
        ending = Ending(
            seq=engine.ledger.seq,
            input_no=engine.input_no,
            carry=engine.engine.carry(),
            equity=sampler.equity_state(),
        )
        with of_a_disk(path):
            return compact(InputLog(path), ending)

    def booked_equity(self) -> EquityState:
        """Return what the journal alone says of the account's drawdown: booked P&L, unmarked.

        Goes on from the newest recording's header if that can be read.
        """
        header, first = self._newest_header(), first_ledger(self.store)
        before = None
        if header is not None and first.seq <= header.base_seq <= self.store.last_seq:
            before = header.equity
        if header is None or before is None:
            fall = booked_drawdown(self.store.events(first.seq), first)
            return EquityState(drawdown=fall)
        ledger = recover(self.store, header.base_seq)
        events = self.store.events(ledger.seq)
        return EquityState(drawdown=booked_drawdown(events, ledger, before.drawdown))

    def _newest_header(self) -> LogHeader | None:
        """Return the newest recording's header, None if it cannot be read."""
        for path in self.recordings()[-1:]:
            with suppress(FeedError):
                return open_recording(path).header
        return None

    def close(self, *, checkpoint: bool = True) -> None:
        """Close the journal and free the account; without `checkpoint` no file is changed."""
        self.store.close(checkpoint=checkpoint)


class _Counted:
    """Reads a log and keeps how much of it was whole."""

    def __init__(self, log: InputLog) -> None:
        self.end = log.end_of_header
        self.count = 0
        self._log = log

    def inputs(self) -> Iterator[Input]:
        for entry in self._log.entries():
            self.end = entry.end
            self.count += 1
            yield entry.item


class _Replay:
    """Runs inputs and holds the outcome against the journal."""

    def __init__(
        self, store: JournalStore, machine: Machine, state: StateJournal, header: LogHeader
    ) -> None:
        after = header.base_seq
        self.decided = 0
        self._hint = other_version(header.program_version)
        self._store = store
        self._machine = machine
        self._state = state
        self._journal: Iterator[TradingEvent] = store.events(after)
        self._is_behind = True
        self._fresh: list[TradingEvent] = []
        if after > store.last_seq:
            raise Diverged(f"the recording begins after event {after}, the journal ends before it")

    def take(self, item: Input) -> None:
        events = self._machine.engine.handle(item)
        self._machine.sampler.take(events)
        for event in events:
            if self._is_behind:
                known = next(self._journal, None)
                if known is not None:
                    if known != event:
                        raise Diverged(
                            f"event {known.seq} of the journal is decided differently{self._hint}"
                        )
                    continue
                self._is_behind = False
            self._fresh.append(event)
        if len(self._fresh) >= _COMMIT_EVENTS:
            self._commit()

    def finish(self) -> None:
        if self._is_behind and (left := next(self._journal, None)) is not None:
            raise Diverged(
                f"event {left.seq} of the journal has no input in the recording{self._hint}"
            )
        ours, known = self._machine.engine.input_no, self._store.last_input_no
        if ours < known:
            raise Diverged(f"the recording ends at input {ours}, the journal has seen {known}")
        if ours > known:
            self._commit()

    def _commit(self) -> None:
        self.decided += len(self._fresh)
        engine = self._machine.engine
        self._store.append(
            self._fresh,
            input_no=engine.input_no,
            operations=state_operations(engine, self._state, self._fresh),
        )
        self._fresh = []


def other_version(recorded_by: str) -> str:
    """Return why the same inputs may give other events, to follow on what is different."""
    if recorded_by == VERSION:
        return ""
    return (
        f" (recorded by version {recorded_by or 'unknown'}, this is {VERSION}: "
        "CHANGELOG.md names the results that change)"
    )


def state_operations(
    engine: PaperEngine, state: StateJournal, events: Iterable[TradingEvent]
) -> list[Operation]:
    """Return what goes with the commit of `events`, decided up to the engine's last input."""
    ts = max(engine.at.now, 0)
    return [
        *state.ordered(events, engine.universe, ts=ts),
        *state.changed(engine.lasting(), input_no=engine.input_no, ts=ts),
    ]


def _recordings(directory: Path) -> list[Path]:
    """All recordings of an account, oldest first; a log in both forms counts once."""
    directory = directory / RECORDINGS
    found = [*directory.glob(f"*{LOG}"), *directory.glob(f"[!.]*{COMPACTED}")]
    by_name = {each.stem: each for each in sorted(found, key=lambda each: each.suffix)}
    return [by_name[stem] for stem in sorted(by_name, key=_order)]


def _compared_after(directory: Path) -> int | None:
    """The event after which the newest recording's inputs are held against the journal.

    None if it is not run again; what is wrong with it is found when it is.
    """
    newest = _recordings(directory)[-1:]
    if not newest or newest[0].suffix != LOG:
        return None
    try:
        return InputLog(newest[0]).header.base_seq
    except FeedError:
        return None


def end_of_day(date: str) -> int:
    """The last instant of an Indian date, UTC ns."""
    return ist_midnight(dt.date.fromisoformat(date)) + DAY_NS - 1


def _order(stem: str) -> tuple[str, int]:
    date, _, segment = stem.rpartition("-")
    return date, int(segment) if segment.isdigit() else 0
