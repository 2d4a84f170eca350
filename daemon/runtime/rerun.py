"""A recording run through the engine once more, and held against the journal.

Recovery is start (RELIABILITY, R3): the day's recorded inputs are run again from the ledger that
they began with; what is decided must be what the journal holds, event for event. So everything
is back as if the process had never stopped: orders, exits, bars, the strategies' own state. Inputs
that were recorded but whose events were not committed are simply decided now.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Final, NamedTuple

from daemon import VERSION
from daemon.clockwork.paper_engine import PaperEngine
from daemon.domain.events import TradingEvent
from daemon.domain.inputs import Input
from daemon.journal.past import events_since
from daemon.journal.state import StateJournal
from daemon.journal.store import JournalStore, Operation
from daemon.runtime.machine import Machine
from feeds.recording.format import LogHeader
from feeds.recording.gather import gather
from feeds.recording.reader import InputLog

_COMMIT_EVENTS: Final = 10_000


class Rerun(NamedTuple):
    """A log that was run again: the machine after its last input, and where the log ends."""

    machine: Machine
    end: int
    inputs: int
    decided: int
    """Events that the journal did not have yet."""


class Diverged(Exception):
    """The log does not give what the journal says; the text tells where."""


def run_again(
    log: InputLog,
    make: Callable[[LogHeader], Machine],
    store: JournalStore,
    state: StateJournal,
) -> Rerun:
    """Bring the log's machine to its last input; what was not committed is committed.

    `make` gives the machine as it was before the first input; `state` is set to the log's date.
    Raises Diverged if the log cannot be run again, and JournalIOError.
    """
    header = log.header
    try:
        machine = make(header)
    except Exception as error:
        raise Diverged(f"{log.path}: cannot be run again: {error}") from error
    state.turn_to(header.date)
    comparison = _Comparison(store, machine, state, header)
    read = _Counted(log)
    for item in gather(read.inputs()):
        comparison.take(item)
    comparison.finish()
    return Rerun(machine, read.end, read.count, comparison.decided)


def state_operations(
    engine: PaperEngine, state: StateJournal, events: Iterable[TradingEvent]
) -> list[Operation]:
    """Return what goes with the commit of `events`, decided up to the engine's last input."""
    ts = max(engine.at.now, 0)
    return [
        *state.ordered(events, engine.universe, ts=ts),
        *state.changed(engine.lasting(), input_no=engine.input_no, ts=ts),
    ]


def other_version(recorded_by: str) -> str:
    """Return why the same inputs may give other events, to follow on what is different."""
    if recorded_by == VERSION:
        return ""
    return (
        f" (recorded by version {recorded_by or 'unknown'}, this is {VERSION}: "
        "CHANGELOG.md names the results that change)"
    )


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


class _Comparison:
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
        self._journal: Iterator[TradingEvent] = events_since(store, after)
        self._is_behind = True
        self._fresh: list[TradingEvent] = []
        if after > store.last_seq:
            raise Diverged(f"the recording begins after event {after}, the journal ends before it")

    def take(self, item: Input) -> None:
        events = self._machine.engine.handle(item)
        self._machine.sampler.take(events)
        self._machine.saw(item)
        for event in events:
            if not self._is_known(event):
                self._fresh.append(event)
        if len(self._fresh) >= _COMMIT_EVENTS:
            self._commit()

    def _is_known(self, event: TradingEvent) -> bool:
        """Return whether the journal has the event. Raises Diverged if it has another there."""
        if not self._is_behind:
            return False
        known = next(self._journal, None)
        if known is None:
            self._is_behind = False
        elif known != event:
            raise Diverged(f"event {known.seq} of the journal is decided differently{self._hint}")
        return self._is_behind

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
