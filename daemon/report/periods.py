"""Realized P&L by day and by month of the exit."""

from __future__ import annotations

from collections.abc import Sequence

from daemon.domain.position_row import PositionRow
from daemon.report.model import ExitRow, Group
from daemon.report.numbers import STILL_OPEN, grouped
from daemon.report.text import ist_day_text


def by_day(exits: Sequence[ExitRow], still_open: Sequence[PositionRow]) -> list[Group]:
    """Return a group for each Indian day; entry charges of open positions are `still_open`.

    The groups add up to the ledger.
    """
    return _in_order(grouped(exits, still_open, _day, lambda row: STILL_OPEN))


def by_month(exits: Sequence[ExitRow], still_open: Sequence[PositionRow]) -> list[Group]:
    """Return the same by month, YYYY-MM."""
    return _in_order(grouped(exits, still_open, lambda row: _day(row)[:7], lambda row: STILL_OPEN))


def _day(row: ExitRow) -> str:
    return ist_day_text(row.exit_ts)


def _in_order(groups: Sequence[Group]) -> list[Group]:
    return sorted(groups, key=lambda group: group.name)  # digits come before `still_open`
