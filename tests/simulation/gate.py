"""Looks over the margin gate's shoulder: what it lets in must not use more than it allowed."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from unittest import mock

from daemon.execution.margin_desk import MarginDesk
from daemon.risk.gates import Refusal


@dataclass
class Allowed:
    """What the gate allowed an entry that was the only one to wait."""

    ts: int
    used: int
    units: dict[str, int]
    """What each trade held and might still fill, the new one not among them."""


class GateWatch:
    """Takes the place of the gate's two doors; everything else is the engine's own."""

    def __init__(self, counts: Counter[str]) -> None:
        self._counts = counts
        self._allowed: dict[int, Allowed] = {}
        """By the identity of the desk: a process that runs again has one of its own."""

    @contextlib.contextmanager
    def watching(self) -> Iterator[None]:
        """Watch every desk that is built meanwhile."""
        ask, compute, watch = MarginDesk.refusal, MarginDesk._compute, self

        def refusal(desk: MarginDesk, *arguments: Any, **named: Any) -> Refusal | None:
            waits = any(True for _ in desk._entries())
            found = ask(desk, *arguments, **named)
            watch._asked(desk, found, waits=waits)
            return found

        def computed(desk: MarginDesk) -> None:
            compute(desk)
            watch._computed(desk)

        with (
            mock.patch.object(MarginDesk, "refusal", refusal),
            mock.patch.object(MarginDesk, "_compute", computed),
        ):
            yield

    def _asked(self, desk: MarginDesk, refusal: Refusal | None, *, waits: bool) -> None:
        self._allowed.pop(id(desk), None)
        if not desk.is_gate:
            return
        self._counts["margin_refused" if refusal else "margin_allowed"] += 1
        if refusal is None and not waits:
            assert desk.status is not None
            self._allowed[id(desk)] = Allowed(desk._at.now, desk.status.used_rupees, units_of(desk))

    def _computed(self, desk: MarginDesk) -> None:
        """The first figures after an entry: it alone may have changed them, and not by more."""
        allowed = self._allowed.pop(id(desk), None)
        if allowed is None or desk._at.now != allowed.ts or desk.status is None:
            return
        units = units_of(desk)
        is_alone = len(units) <= len(allowed.units) + 1
        parts = [each for each in desk._entries() if each.order_id in desk._ledger.positions]
        if not is_alone or parts or any(units.get(key) != n for key, n in allowed.units.items()):
            return
        self._counts["margin_compared"] += 1
        used = desk.status.used_rupees
        assert used <= allowed.used, f"{used} rupees are used, {allowed.used} were allowed"


def units_of(desk: MarginDesk) -> dict[str, int]:
    """Return what each trade of a desk holds and may still fill."""
    units = {key: each.quantity for key, each in desk._ledger.positions.items()}
    for entry in desk._entries():
        units[entry.order_id] = units.get(entry.order_id, 0) + entry.quantity
    return units
