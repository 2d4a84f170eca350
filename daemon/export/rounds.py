"""`rounds`: one row for each round of a plan, also for those that traded nothing."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from daemon.domain.events import RoundMoved
from daemon.domain.plan_round import ROUND_OVER, Round, RoundState
from daemon.domain.plan_tally import STOPS
from daemon.export.columns import Column, Kind, Row, RunningPaise
from daemon.journal.history import History

COLUMNS: Final = (
    Column("round"),
    Column("plan"),
    Column("began_time", Kind.TIME),
    Column("over_time", Kind.TIME),
    Column("state"),
    Column("reason"),
    Column("attempts", Kind.WHOLE),
    Column("filled", Kind.WHOLE),
    Column("stops", Kind.WHOLE),
    Column("gross", Kind.MONEY),
    Column("charges", Kind.MONEY),
    Column("net", Kind.MONEY),
)


def rows(history: History) -> Iterator[Row]:
    """Yield the rounds as they ended, then those that are not over, in the order begun."""
    ledger, rounded = history.ledger, RunningPaise()
    for event in history.events:
        moved = event if isinstance(event, RoundMoved) else None
        before = None if moved is None else ledger.rounds.get(moved.round)
        ledger.apply(event)
        if moved is not None and RoundState(moved.to_state) in ROUND_OVER:
            began = moved.due_ts or moved.ts
            round_ = before or Round(plan=moved.plan, round_id=moved.round, began=began)
            round_.state = RoundState(moved.to_state)
            yield _row(round_, moved.reason, moved.ts, rounded)
    for round_ in ledger.rounds.values():
        yield _row(round_, round_.leaving, None, rounded)


def _row(round_: Round, reason: str, over_ts: int | None, rounded: RunningPaise) -> Row:
    attempts = round_.attempts
    gross = sum(attempt.realized_paise for attempt in attempts)
    charges = rounded.take(sum((attempt.charges for attempt in attempts), start=Decimal(0)))
    return (
        round_.round_id, round_.plan, round_.began, over_ts, str(round_.state), reason or None,
        len(attempts), sum(attempt.filled > 0 for attempt in attempts),
        sum(attempt.reason in STOPS for attempt in attempts), gross, charges, gross - charges,
    )  # fmt: skip
