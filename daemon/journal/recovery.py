"""Recovery is start: the ledger is the fold of the journal, always (design D2, R3)."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from daemon.domain.errors import InvalidTransition
from daemon.domain.ledger import Ledger, StrategyTally
from daemon.errors import DaemonError, ExitCode, JournalCorrupt
from daemon.journal.store import JournalStore

_encoder: Final = msgspec.json.Encoder(order="deterministic")


class FoldMismatchError(DaemonError):
    """The live ledger is not the fold of its journal: the program is wrong, so it stops."""

    exit_code = ExitCode.INVARIANT_BROKEN


def fold(store: JournalStore) -> Ledger:
    """The ledger after every complete event of the journal.

    Raises JournalCorrupt if the events do not follow from each other.
    """
    ledger = Ledger()
    for event in store.events():
        try:
            ledger.apply(event)
        except (InvalidTransition, AssertionError, KeyError) as error:
            raise JournalCorrupt(
                f"{store.directory}: event {event.seq} of order {event.order_id} does not follow "
                f"from the events before it ({error!r}); it was written by another version or is "
                "damaged: restore the directory from a backup, or start a new run"
            ) from error
    return ledger


def check_fold(store: JournalStore, ledger: Ledger) -> None:
    """Compare a live ledger with the journal, byte for byte.

    Raises FoldMismatchError naming the part that differs.
    The ledger must have no events that are not committed yet. Tallies that were only looked at
    (made empty, or cleared because a day began) are no difference.
    """
    folded = fold(store)
    for strategy_id, tally in ledger.strategies.items():
        if tally.day >= folded.tally(strategy_id).day:
            folded.tally_on(strategy_id, tally.day)
    for field in msgspec.structs.fields(Ledger):
        ours, theirs = (_part(each, field.name) for each in (folded, ledger))
        if ours != theirs:
            raise FoldMismatchError(
                f"{store.directory}: {field.name} of the live ledger differs from the journal "
                f"folded to seq {folded.seq}: expected {_short(ours)}, was {_short(theirs)}"
            )


def _part(ledger: Ledger, name: str) -> bytes:
    part: Any = getattr(ledger, name)
    if name == "strategies":
        part = {key: each for key, each in part.items() if not _unused(each)}
    return _encoder.encode(part)


def _unused(tally: StrategyTally) -> bool:
    return msgspec.structs.replace(tally, day=0) == StrategyTally()


def _short(part: bytes, limit: int = 300) -> str:
    text = part.decode()
    return text if len(text) <= limit else text[:limit] + "..."
