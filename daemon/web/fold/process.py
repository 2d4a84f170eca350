"""What a journal's operations say of its daemon: starts and stops, switches, faults."""

from __future__ import annotations

from collections import Counter
from typing import Any, Final

import msgspec

from daemon.domain.carry_over import CarryOver
from daemon.domain.dates import ist_date
from daemon.journal.schema import Operation
from daemon.journal.state import STATE, STATE_VERSION, DayState

COMMANDS: Final = ("kill_switch", "strategy_on", "strategy_off")


class Process:
    """The fold of the operations: what is in force, as of the last one."""

    def __init__(self) -> None:
        self.op_seq = 0
        self.engine = ""
        self.version = ""
        self.feed = ""
        self.fallback = ""
        """Why the daemon trades on the older engine; empty where it does not."""
        self.stopped = ""
        """Why the daemon stopped last; empty while it has not."""
        self.error = ""
        """The fault that it stopped with."""
        self.starts = 0
        self.faults: Counter[str] = Counter()
        """Calls that raised, by strategy."""
        self.problems: dict[str, str] = {}
        """The last error of each strategy."""
        self._state = DayState()

    def take(self, number: int, operation: Operation) -> None:
        """Fold one operation."""
        self.op_seq = number
        detail: dict[str, Any] = dict(operation.detail)
        match operation.kind:
            case "start":
                self._start(detail)
            case "stop":
                self.stopped = str(detail.get("reason", "")) or "stopped"
                self.error = str(detail.get("error", "") or "")
            case "fallback_to_v2":
                self.fallback = str(detail.get("reason", ""))
            case "strategy_fault":
                strategy = str(detail.get("strategy_id", ""))
                self.faults[strategy] += 1
                self.problems[strategy] = str(detail.get("error", ""))
            case "command":
                self._command(operation, detail)
            case kind if kind == STATE:
                self._take_state(detail)

    def switches(self, now: int) -> CarryOver:
        """Return the switches in force at `now` (UTC ns): they last for a day."""
        if self._state.date and now and ist_date(now).isoformat() > self._state.date:
            return self._state.carry.overnight()
        return self._state.carry

    def _start(self, detail: dict[str, Any]) -> None:
        self.starts += 1
        self.engine = str(detail.get("engine", ""))
        self.version = str(detail.get("version", ""))
        self.feed = str(detail.get("feed", ""))
        self.stopped = self.error = self.fallback = ""

    def _take_state(self, detail: dict[str, Any]) -> None:
        if detail.get("version") != STATE_VERSION:
            return  # of a newer daemon: the page says nothing of its switches
        try:
            self._state = msgspec.json.decode(str(detail.get("state")), type=DayState)
        except msgspec.MsgspecError:
            return

    def _command(self, operation: Operation, detail: dict[str, Any]) -> None:
        """Take a person's switch: a run that is no account's journals no state."""
        carry, name = self._state.carry, str(detail.get("command", ""))
        number, target = detail.get("input_no"), str(detail.get("target", ""))
        if name not in COMMANDS or not isinstance(number, int) or number <= self._state.input_no:
            return
        off, disabled = set(carry.strategies_off), dict(carry.disabled)
        if name == "strategy_off":
            off.add(target)
        elif name == "strategy_on":
            off.discard(target)
            disabled.pop(target, None)
        carry = msgspec.structs.replace(
            carry,
            killed=carry.killed or name == "kill_switch",
            strategies_off=sorted(off),
            disabled=disabled,
        )
        date = ist_date(operation.ts).isoformat() if operation.ts > 0 else self._state.date
        self._state = msgspec.structs.replace(self._state, carry=carry, date=date)
