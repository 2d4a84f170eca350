"""The trades of a run as they are matched: from an entry to the last exit."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable
from decimal import Decimal
from typing import Final, NamedTuple

import msgspec

from daemon.domain.dates import ist_date
from daemon.domain.money import whole_paise
from daemon.domain.order import Side
from daemon.domain.position import Position
from daemon.export.folded import folded
from daemon.journal.history import History
from daemon.report.model import ExitRow

_THEN: Final = ", "


class TradeKey(NamedTuple):
    """What makes two trades the same one: the n-th of its day by strategy, symbol and side."""

    date: dt.date
    strategy_id: str
    tradingsymbol: str
    side: Side
    number: int
    """From 1, in the order of the entries of the Indian day."""

    @property
    def text(self) -> str:
        """Return the key as a person reads it."""
        return f"{self.date} {self.strategy_id} {self.tradingsymbol} {self.side} #{self.number}"


class ComparedTrade(msgspec.Struct, frozen=True, kw_only=True):
    """A trade. While it is open, result and charges are those so far."""

    order_id: str
    quantity: int
    entry_ts: int
    entry_paise: int
    exit_ts: int | None
    """The last exit; None while the trade is open."""
    exit_paise: int | None
    """The mean of the exits by quantity, to the paisa; None before the first."""
    reason: str
    """Why it was left; of several exits their reasons in order."""
    net_paise: int


class RunTrades(NamedTuple):
    """The trades of a run by key, in the order of their entries, and their sum."""

    trades: dict[TradeKey, ComparedTrade]
    net_paise: int
    """Rounded once, as the summary does; each trade is rounded for itself."""


class _Read:
    """A trade while it is read: its position, which the fold keeps up to date, and its exits."""

    def __init__(self, position: Position) -> None:
        self.position = position
        self.exits: list[ExitRow] = []

    def trade(self) -> ComparedTrade:
        position, exits = self.position, self.exits
        quantity = sum(row.quantity for row in exits)
        value = sum(row.exit_paise * row.quantity for row in exits)
        return ComparedTrade(
            order_id=position.order_id, quantity=position.opened_quantity,
            entry_ts=position.entry_ts, entry_paise=position.entry_paise,
            exit_ts=position.closed_ts or None,
            exit_paise=(2 * value + quantity) // (2 * quantity) if quantity else None,
            reason=_THEN.join(dict.fromkeys(row.reason for row in exits)),
            net_paise=position.realized_paise - whole_paise(position.charges),
        )  # fmt: skip


def trades_of(history: History) -> RunTrades:
    """Return the trades of a run, those that are still open too. Raises JournalCorrupt."""
    read = {position.order_id: _Read(position) for position in history.ledger.open_positions()}
    for event, fold in folded(history):
        position = fold.ledger.positions.get(event.order_id)
        if position is not None and event.order_id not in read:
            read[event.order_id] = _Read(position)
        for row in fold.exits:
            read[row.order_id].exits.append(row)
    return RunTrades(_numbered(read.values()), _net([trade.position for trade in read.values()]))


def _numbered(read: Iterable[_Read]) -> dict[TradeKey, ComparedTrade]:
    counts: Counter[tuple[dt.date, str, str, Side]] = Counter()
    trades = {}
    for trade in read:
        position = trade.position
        side: Side = "BUY" if position.sign > 0 else "SELL"
        date = ist_date(position.entry_ts)
        alike = date, position.strategy_id, position.tradingsymbol, side
        counts[alike] += 1
        trades[TradeKey(*alike, counts[alike])] = trade.trade()
    return trades


def _net(positions: list[Position]) -> int:
    charges = sum((position.charges for position in positions), Decimal(0))
    return sum(position.realized_paise for position in positions) - whole_paise(charges)
