"""`compare`: the trades of two runs in pairs, what only one of them has, and what came first."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import ExitStack
from itertools import takewhile
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec

from daemon.domain.ledger import Ledger
from daemon.journal.history import History, history_of
from daemon.journal.store import JournalStore
from daemon.lab.comparison.first_difference import FirstDifference, first_difference
from daemon.lab.comparison.trades import ComparedTrade, RunTrades, TradeKey, trades_of
from daemon.lab.result import Result

Run = Result | str | os.PathLike[str]
"""A result, or the directory of a run or an account."""
COMPARED: Final = (
    "quantity", "entry_ts", "entry_paise", "exit_ts", "exit_paise", "reason", "net_paise",
)  # fmt: skip
"""What is compared of two trades: all but their order ids."""


class Pair(msgspec.Struct, frozen=True, kw_only=True):
    """A trade that both runs have."""

    key: TradeKey
    a: ComparedTrade
    b: ComparedTrade

    def differences(self) -> dict[str, tuple[Any, Any]]:
        """Return what differs, by its name in `COMPARED`: of A, of B."""
        pairs = {name: (getattr(self.a, name), getattr(self.b, name)) for name in COMPARED}
        return {name: (ours, theirs) for name, (ours, theirs) in pairs.items() if ours != theirs}


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """What two runs have in common and what not. Trades in the order of their entries."""

    names: tuple[str, str]
    pairs: list[Pair]
    only_a: dict[TradeKey, ComparedTrade]
    only_b: dict[TradeKey, ComparedTrade]
    net_a_paise: int
    net_b_paise: int
    first_difference: FirstDifference | None
    is_whole: bool
    """False if events of a run are in archives that are not here: those are left out."""

    @property
    def is_equal(self) -> bool:
        """Return whether both decided the same, whatever their orders are called."""
        return self.first_difference is None

    @property
    def differing(self) -> list[Pair]:
        """Return the pairs that differ."""
        return [pair for pair in self.pairs if pair.differences()]

    def __repr__(self) -> str:
        """Return what a notebook shows."""
        if self.is_equal:
            return f"Comparison(equal, {len(self.pairs)} trades)"
        return (
            f"Comparison({len(self.differing)} of {len(self.pairs)} pairs differ, "
            f"{len(self.only_a)} trades only in A, {len(self.only_b)} only in B)"
        )


class _Opened(NamedTuple):
    name: str
    history: Callable[[], History]
    """The events from the first; asked for twice."""


def compare(a: Run, b: Run) -> Comparison:
    """Compare two results, or runs and accounts by their directories.

    Trades are matched by strategy, symbol, side and the n-th of the day. Raises UsageError where
    there is no journal, JournalCorrupt for one that does not verify.
    """
    with ExitStack() as stores:
        ours, theirs = _opened(a, stores), _opened(b, stores)
        first = first_difference(ours.history().events, theirs.history().events)
        begins = ours.history(), theirs.history()
        of_a, of_b = (trades_of(history) for history in begins)
    return Comparison(
        names=(ours.name, theirs.name),
        pairs=[
            Pair(key=key, a=trade, b=of_b.trades[key])
            for key, trade in of_a.trades.items()
            if key in of_b.trades
        ],
        only_a=_only(of_a, of_b), only_b=_only(of_b, of_a),
        net_a_paise=of_a.net_paise, net_b_paise=of_b.net_paise,
        first_difference=first, is_whole=all(history.is_whole for history in begins),
    )  # fmt: skip


def _opened(run: Run, stores: ExitStack) -> _Opened:
    if isinstance(run, Result):
        events = run.events
        return _Opened(repr(run), lambda: History(Ledger(), iter(events), True))
    store = stores.enter_context(JournalStore.open_whole(Path(run)))
    last = store.last_seq  # a daemon may be writing more of it
    return _Opened(str(run), lambda: _until(last, history_of(store)))


def _until(last: int, history: History) -> History:
    return history._replace(events=takewhile(lambda event: event.seq <= last, history.events))


def _only(of_one: RunTrades, of_other: RunTrades) -> dict[TradeKey, ComparedTrade]:
    return {key: trade for key, trade in of_one.trades.items() if key not in of_other.trades}
