"""What each strategy came to: its closed trades, what it left open, what was refused to it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeVar

from daemon.domain.position_row import PositionRow
from daemon.report.model import (
    NO_CHARGES,
    ExitRow,
    RefusedRow,
    StrategyResult,
    Trade,
)

Row = TypeVar("Row", ExitRow, Trade, PositionRow, RefusedRow)


def strategy_results(
    names: Iterable[str],
    exits: Sequence[ExitRow],
    trades: Sequence[Trade],
    still_open: Sequence[PositionRow],
    refused: Sequence[RefusedRow],
) -> list[StrategyResult]:
    """Return the results of `names` and of every strategy with an order, the best net first.

    Gross and charges add up to those of the run.
    """
    exits_of, trades_of = _by_strategy(exits), _by_strategy(trades)
    open_of, refused_of = _by_strategy(still_open), _by_strategy(refused)
    results = [
        _result(
            name,
            exits_of.get(name, ()),
            [trade.net_paise for trade in trades_of.get(name, ())],
            open_of.get(name, ()),
            len(refused_of.get(name, ())),
        )
        for name in {*names, *exits_of, *open_of, *refused_of}
    ]
    return sorted(results, key=lambda result: (-result.net_paise, result.name))


def _by_strategy(rows: Iterable[Row]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row.strategy_id, []).append(row)
    return found


def _result(
    name: str,
    exits: Sequence[ExitRow],
    nets: Sequence[int],
    still_open: Sequence[PositionRow],
    refused: int,
) -> StrategyResult:
    return StrategyResult(
        name=name,
        trades=len(nets),
        wins=sum(net > 0 for net in nets),
        losses=sum(net < 0 for net in nets),
        gross_paise=sum(row.gross_paise for row in exits),
        charges=sum((row.charges for row in exits), NO_CHARGES)
        + sum((row.open_charges or NO_CHARGES for row in still_open), NO_CHARGES),
        open=len(still_open),
        unrealized_paise=unrealized_of(still_open),
        refused=refused,
    )


def unrealized_of(still_open: Iterable[PositionRow]) -> int | None:
    """Return the gross P&L of open positions at their last prices, None if one has no price."""
    total = 0
    for row in still_open:
        if row.unrealized_paise is None:
            return None
        total += row.unrealized_paise
    return total
