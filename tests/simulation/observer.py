"""Sees what leaves the process: every committed fact, every metrics file; nothing else.

It lives longer than the daemon, so it notices what a restart lost, doubled or told otherwise.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import anyio
import msgspec

from daemon.domain.events import GttMoved, RiskMoved, TradingEvent
from daemon.domain.instrument import Universe
from daemon.domain.ledger import Ledger
from daemon.domain.order import PENDING_EXIT_STATES, OrderState
from daemon.journal.recovery import check_fold
from daemon.journal.store import JournalStore
from daemon.journal.writer import Committed
from daemon.runtime.bus import Lane
from daemon.settings.config import ExecutionConfig
from tests.kit.account_invariants import AccountWatch
from tests.kit.invariants import Watch

_encode = msgspec.json.Encoder(order="deterministic").encode


class Observer:
    """Folds committed facts under every invariant."""

    def __init__(self, execution: ExecutionConfig, universe: Universe) -> None:
        self.watch = Watch(Ledger(), execution)
        self.account = AccountWatch(universe)
        self.facts = 0
        self.files = 0
        self.is_blind = False
        """The process was killed: what a simulated one still says, a real one never said."""
        self.moves: Counter[str] = Counter()
        self._shown: dict[int, tuple[int, int, int]] = {0: (0, 0, 0)}
        self._files: list[tuple[int, tuple[int, int, int]]] = []

    @property
    def ledger(self) -> Ledger:
        return self.watch.ledger

    @property
    def seen(self) -> list[TradingEvent]:
        return self.watch.seen

    async def follow(self, lane: Lane[Committed], pause_s: float) -> None:
        """Take every fact, slowly if so wished."""
        async for fact in lane:
            if self.is_blind:
                continue
            self.take(fact.events)
            assert self.ledger.seq == fact.seq, "a fact that says another seq than its events"
            self.facts += 1
            if pause_s:
                await anyio.sleep(pause_s)

    def take(self, events: Any) -> None:
        for event in events:
            self.watch.record(event)
            self.watch.take_events()
            self._look_at_account(event)
            self.moves[getattr(event, "reason", type(event).__name__)] += 1
            if isinstance(event, GttMoved | RiskMoved):
                self.moves[getattr(event, "kind", "") or getattr(event, "state", "")] += 1
            ledger = self.ledger
            numbers = (ledger.total_orders, len(ledger.positions), ledger.realized_paise)
            self._shown[ledger.seq] = numbers

    def _look_at_account(self, event: TradingEvent) -> None:
        try:
            self.account.take(event, self.ledger)
        except AssertionError as error:
            raise AssertionError(f"{error}\nafter {event}") from error

    # metrics

    def saw_file(self, data: bytes) -> None:
        """A metrics file was put in place: it parses, and is the journal at its seq."""
        numbers = json.loads(data)
        self.files += 1
        found = (
            numbers["total_orders"],
            numbers["active_positions"],
            round(numbers["realized_pnl"] * 100),
        )
        self._files.append((numbers["seq"], found))
        assert numbers["journal_lag"] >= 0

    def check_files(self) -> None:
        """Every file so far said what the journal says at the file's seq."""
        for seq, found in self._files:
            assert found == self._shown[seq], (seq, found, self._shown.get(seq))
        self._files.clear()

    # the disk

    def check_journal(self, store: JournalStore, *, complete: bool) -> None:
        """The journal verifies, and begins with exactly what was shown (R1, R2)."""
        store.verify()
        events = list(store.events())
        assert events[: len(self.seen)] == self.seen, "what was shown is not in the journal"
        if complete:
            assert len(events) == len(self.seen), "what is in the journal was never shown"
        check_fold(store, _folded(events))

    def take_over(self, store: JournalStore) -> None:
        """A new process has begun: what it decided while it recovered was not shown as a fact."""
        self.is_blind = False
        self.check_journal(store, complete=False)
        self.take(list(store.events())[len(self.seen) :])

    def check_closed(self) -> None:
        """Nothing is open, nothing waits."""
        self.watch.check_end()
        waiting = {OrderState.CREATED, OrderState.SUBMITTED, *PENDING_EXIT_STATES}
        left = [each for each in self.ledger.orders.values() if each.state in waiting]
        assert not self.ledger.positions, list(self.ledger.positions)
        assert not left, left


def _folded(events: list[TradingEvent]) -> Ledger:
    ledger = Ledger()
    for each in events:
        ledger.apply(each)
    return ledger


def check_lanes(*lanes: Lane[Any]) -> None:
    """published = delivered + dropped + queued."""
    for lane in lanes:
        counts = lane.statistics
        assert counts.published == counts.delivered + counts.dropped + counts.queued, counts
        assert counts.queued <= lane.capacity
