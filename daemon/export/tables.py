"""The tables by name."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from daemon.errors import UsageError
from daemon.export import daily, equity, exchange_orders, fills, orders, rounds, trades
from daemon.export.columns import Column, Row, Rows
from daemon.journal.history import History

Points = Sequence[equity.Point]
COLUMNS: Final[dict[str, Sequence[Column]]] = {
    "trades": trades.COLUMNS,
    "orders": orders.COLUMNS,
    "exchange_orders": exchange_orders.COLUMNS,
    "fills": fills.COLUMNS,
    "equity": equity.COLUMNS,
    "daily": daily.COLUMNS,
    "rounds": rounds.COLUMNS,
}
_ROWS: Final[dict[str, Callable[[History], Iterator[Row]]]] = {
    "trades": trades.rows,
    "orders": orders.rows,
    "exchange_orders": exchange_orders.rows,
    "fills": fills.rows,
    "daily": daily.rows,
    "rounds": rounds.rows,
}


def check_table(name: str) -> None:
    """Refuse a table that there is not. Raises UsageError."""
    if name not in COLUMNS:
        raise UsageError(f"--table {name}: expected one of {', '.join(COLUMNS)}")


def table(name: str, history: History, kept: Points = ()) -> Rows:
    """Return a table of `COLUMNS`; `kept` are the points of equity that the run kept."""
    made = equity.rows(history, kept) if name == "equity" else _ROWS[name](history)
    return Rows(COLUMNS[name], made)
