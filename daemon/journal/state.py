"""Engine state that no event holds, journaled with the input that changes it.

Switches, strategies that failed too often, official closes: what must not be lost with a recording.
A `state` operation holds all of it, and the newest one counts. A `contract` operation holds the row
of an instrument, journaled with its first order: without it a position in an option that has left
the window could not be resumed. Journals of 0.2.0 have neither; for them the commands that people
gave are folded instead.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final, TypeVar

import msgspec

from daemon.domain.carry_over import CarryOver
from daemon.domain.dates import ist_date
from daemon.domain.events import OrderCreated, TradingEvent
from daemon.domain.instrument import Instrument, Universe
from daemon.errors import JournalCorrupt
from daemon.journal.reader import JournalReader
from daemon.journal.schema import Operation

STATE: Final = "state"
CONTRACT: Final = "contract"
STATE_VERSION: Final = 1
T = TypeVar("T")
_encoder: Final = msgspec.json.Encoder(order="deterministic")


class DayState(msgspec.Struct, frozen=True, kw_only=True):
    """The state after `input_no` inputs on an Indian `date` (ISO), "" for none yet.

    `carry` is without excursions: they change with every tick and decide nothing. The peak margin
    is written with what else changes, and alone it is no change.
    """

    date: str = ""
    input_no: int = 0
    carry: CarryOver = CarryOver()

    def on(self, date: str) -> DayState:
        """Return the state with which `date` begins, itself if it is of that date."""
        if self.date == date:
            return self
        return msgspec.structs.replace(self, date=date, carry=self.carry.overnight())

    def text(self) -> str:
        """Return what differs from the defaults, for people."""
        carry = self.carry
        parts = ["kill switch on"] if carry.killed else []
        parts += _named("strategies off", carry.strategies_off)
        parts += _named("strategies disabled by their errors", list(carry.disabled))
        counts = {
            "official closes known": len(carry.settlements),
            "positions wait for an official close": len(carry.settling),
            "full exits wait for a partial one": len(carry.remembered),
        }
        parts += [f"{count} {what}" for what, count in counts.items() if count]
        return "; ".join(parts) or "no switch is set"


class StateJournal:
    """Track the state that the journal has, and tell what has changed and must be written."""

    def __init__(self, journal: JournalReader, date: str = "") -> None:
        """Fold the operations of `journal`. Raises JournalCorrupt for another version's state."""
        self.date = date
        """The day whose inputs are taken."""
        self.known = DayState()
        """The newest state that is in the journal."""
        self.contracts: dict[str, Instrument] = {}
        """The rows of the instruments that had orders, by tradingsymbol."""
        for operation in journal.operations():
            if operation.kind == STATE:
                self.known = _decoded(operation, "state", DayState, journal)
            elif operation.kind == CONTRACT:
                found = _decoded(operation, "instrument", Instrument, journal)
                self.contracts[found.tradingsymbol] = found
            elif operation.kind == "command":
                self.known = _obeyed(self.known, operation)

    def turn_to(self, date: str) -> None:
        """Take inputs of an Indian date (ISO) from here on."""
        self.date = date

    def changed(self, carry: CarryOver, *, input_no: int, ts: int) -> Iterator[Operation]:
        """Yield the state, for the commit of `input_no`, if it differs from the newest known one.

        `ts` UTC ns. It counts as written from then on.
        """
        now = DayState(date=self.date, input_no=input_no, carry=carry)
        if _lasting(now.carry) != _lasting(self.known.on(self.date).carry):
            self.known = now
            yield state_operation(now, ts=ts)

    def ordered(
        self, events: Iterable[TradingEvent], universe: Universe, *, ts: int
    ) -> Iterator[Operation]:
        """Yield the rows of instruments with their first order in `events`, like `changed`."""
        for event in events:
            if not isinstance(event, OrderCreated):
                continue
            index = universe.index_of(event.tradingsymbol)
            if index is None or self.contracts.get(event.tradingsymbol) == universe[index]:
                continue
            self.contracts[event.tradingsymbol] = universe[index]
            yield contract_operation(universe[index], ts=ts)


def state_operation(state: DayState, *, ts: int) -> Operation:
    """Return the operation that records the state. `ts` UTC ns."""
    detail: dict[str, int | float | str | bool | None] = {
        "version": STATE_VERSION,
        "state": _encoder.encode(state).decode(),
        "text": state.text(),
    }
    return Operation(ts=ts, kind=STATE, detail=detail)


def contract_operation(instrument: Instrument, *, ts: int) -> Operation:
    """Return the operation that records an instrument's row. `ts` UTC ns."""
    detail: dict[str, int | float | str | bool | None] = {
        "version": STATE_VERSION,
        "instrument": _encoder.encode(instrument).decode(),
        "tradingsymbol": instrument.tradingsymbol,
    }
    return Operation(ts=ts, kind=CONTRACT, detail=detail)


def _decoded(operation: Operation, key: str, kind: type[T], journal: JournalReader) -> T:
    version, text = operation.detail.get("version"), operation.detail.get(key)
    if version != STATE_VERSION:
        raise JournalCorrupt(
            f"{journal.directory}: a {key} in it is of version {version}, this program reads "
            f"{STATE_VERSION}; open it with the program that wrote it"
        )
    try:
        return msgspec.json.decode(str(text), type=kind)
    except msgspec.MsgspecError as error:
        raise JournalCorrupt(
            f"{journal.directory}: a {key} in it cannot be read ({error}); restore the directory "
            "from a backup, or start a new run"
        ) from error


def _obeyed(state: DayState, operation: Operation) -> DayState:
    """Return the state after a person's command, unless the command is in it already."""
    detail: dict[str, Any] = dict(operation.detail)
    number, target = detail.get("input_no"), detail.get("target")
    if not isinstance(number, int) or number <= state.input_no or not isinstance(target, str):
        return state
    date = ist_date(operation.ts).isoformat()
    state = state.on(date) if date > state.date else state  # a demo's inputs may have older dates
    carry = state.carry
    off, disabled = set(carry.strategies_off), dict(carry.disabled)
    killed = carry.killed or detail.get("command") == "kill_switch"
    if detail.get("command") == "strategy_off":
        off.add(target)
    elif detail.get("command") == "strategy_on":
        off.discard(target)
        disabled.pop(target, None)
    carry = msgspec.structs.replace(
        carry, killed=killed, strategies_off=sorted(off), disabled=disabled
    )
    return msgspec.structs.replace(state, carry=carry)


def _lasting(carry: CarryOver) -> CarryOver:
    return msgspec.structs.replace(carry, until=-1, excursions={}, peak_margin_rupees=0)


def _named(what: str, names: list[str]) -> list[str]:
    return [f"{what}: {', '.join(names)}"] if names else []
