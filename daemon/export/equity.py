"""`equity`: closed P&L after each fill, and at the minutes that a run kept with what was open."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from typing import Final

from daemon.export.columns import Column, Kind, Row
from daemon.export.folded import folded
from daemon.journal.history import History

Point = tuple[int, int]
COLUMNS: Final = (
    Column("time", Kind.TIME),
    Column("closed_net", Kind.MONEY),
    Column("net_with_open", Kind.MONEY),
    Column("closed_drawdown", Kind.MONEY),
)


def rows(history: History, kept: Sequence[Point] = ()) -> Iterator[Row]:
    """Yield both kinds of points by time; `kept` are (UTC ns, paise), open positions at market."""
    closed = peak = 0
    fills = ((ts, 0, paise) for _, fold in folded(history) for ts, paise in fold.booked)
    marked = ((ts, 1, paise) for ts, paise in kept)
    for ts, is_marked, paise in heapq.merge(fills, marked, key=lambda point: point[:2]):
        if not is_marked:
            closed = paise
            peak = max(peak, closed)
        yield ts, closed, paise if is_marked else None, peak - closed
