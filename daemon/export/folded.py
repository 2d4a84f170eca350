"""A fold that keeps no rows: those of one event at a time."""

from __future__ import annotations

from collections.abc import Iterator

from daemon.domain.events import TradingEvent
from daemon.journal.history import History
from daemon.report.fold import RunFold


def folded(history: History) -> Iterator[tuple[TradingEvent, RunFold]]:
    """Yield each event with the fold after it, whose rows are of that event alone."""
    fold = RunFold(ledger=history.ledger)
    for event in history.events:
        fold.add(event)
        yield event, fold
        fold.forget_rows()
