"""Looks over the margin gate's shoulder: what it lets in must not use more than it allowed."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from unittest import mock

from daemon.domain.order import Order
from daemon.execution.margin_desk import MarginDesk
from daemon.execution.margin_market import LineKey
from daemon.margin.levels import Use
from daemon.risk.gates import Refusal

Units = dict[LineKey, tuple[int, int, int]]
"""Of each instrument: held, and what buys and sells may still add."""


@dataclass
class Allowed:
    """What the gate allowed an entry at a time when nothing else waited."""

    ts: int
    used: int
    before: Units
    index: int
    signed: int
    """Its units, below 0 for a sell."""


class GateWatch:
    """Takes the place of the gate's two doors; everything else is the engine's own."""

    def __init__(self, counts: Counter[str]) -> None:
        self._counts = counts
        self._allowed: dict[int, Allowed] = {}
        """By the identity of the desk: a process that runs again has one of its own."""

    @contextlib.contextmanager
    def watching(self) -> Iterator[None]:
        """Watch every desk that is built meanwhile."""
        ask, compute, watch = MarginDesk.refusal, MarginDesk.compute, self

        def refusal(desk: MarginDesk, order: Order, index: int, **named: Any) -> Refusal | None:
            before = units_of(desk)
            found = ask(desk, order, index, **named)
            units = named.get("units") or order.quantity
            signed = units if order.transaction_type == "BUY" else -units
            watch._asked(desk, found, before, index, signed)
            return found

        def computed(desk: MarginDesk) -> Use | None:
            use = compute(desk)
            watch._computed(desk)
            return use

        with (
            mock.patch.object(MarginDesk, "refusal", refusal),
            mock.patch.object(MarginDesk, "compute", computed),
        ):
            yield

    def _asked(
        self, desk: MarginDesk, refusal: Refusal | None, before: Units, index: int, signed: int
    ) -> None:
        self._allowed.pop(id(desk), None)
        if not desk.is_gate:
            return
        self._counts["margin_refused" if refusal else "margin_allowed"] += 1
        waits = any(buys or sells for _, buys, sells in before.values())
        if refusal is None and not waits:
            assert desk.status is not None
            used = desk.status.used_rupees
            self._allowed[id(desk)] = Allowed(desk._at.now, used, before, index, signed)

    def _computed(self, desk: MarginDesk) -> None:
        """The first figures after an entry: where it alone changed something, not by more."""
        allowed = self._allowed.pop(id(desk), None)
        if allowed is None or desk._at.now != allowed.ts or desk.status is None:
            return
        if units_of(desk) not in expected(allowed):
            return
        self._counts["margin_compared"] += 1
        used = desk.status.used_rupees
        assert used <= allowed.used, f"{used} rupees are used, {allowed.used} were allowed"


def expected(allowed: Allowed) -> list[Units]:
    """Return what there is if the entry waits whole, or has filled whole."""
    found = []
    for is_filled in (False, True):
        units = dict(allowed.before)
        key, n = (allowed.index, False), allowed.signed
        held = units.get(key, (0, 0, 0))[0]
        units[key] = (held + n, 0, 0) if is_filled else (held, max(n, 0), max(-n, 0))
        found.append({each: all_ for each, all_ in units.items() if any(all_)})
    return found


def units_of(desk: MarginDesk) -> Units:
    """Return what a desk sees held and working."""
    lines = desk._account.lines().items()
    units = {key: (each.held, each.buys, each.sells) for key, each in lines}
    return {key: each for key, each in units.items() if any(each)}
