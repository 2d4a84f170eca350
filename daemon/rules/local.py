"""Lay a user's own rows (`rules.local.yaml`) over the shipped rules.

A row with the same key and `from` as another replaces it; every other row is added. So a new year
of the calendar, or a changed rate, needs no copy of the shipped files.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Final, Literal, TypeVar

from msgspec.structs import replace

from daemon.rules.tables import (
    CHARGE_KEYS,
    CONTRACT_KEYS,
    MARGIN_KEYS,
    BrokerageRow,
    CalendarFile,
    CalendarYear,
    ChargesFile,
    ContractsFile,
    DatedRow,
    ExpiryRow,
    FreezeRow,
    Holiday,
    HoursRow,
    MarginRow,
    MarginsFile,
    PercentRow,
    RateRow,
    SharesRow,
    SpecialSession,
    Table,
    Text,
    TickRow,
    TurnoverRow,
    UnitsRow,
)

LOCAL_RULES: Final = "rules.local.yaml"
"""The file's name."""
_Row = TypeVar("_Row", bound=DatedRow)


class LocalCalendar(Table, frozen=True, kw_only=True):
    """Rows for calendar.yaml; `holidays` are added to their years."""

    hours: list[HoursRow] = []
    years: list[CalendarYear] = []
    holidays: list[Holiday] = []
    special_sessions: list[SpecialSession] = []


class LocalCharges(Table, frozen=True, kw_only=True):
    """Rows for charges.yaml."""

    brokerage: list[BrokerageRow] = []
    transaction_tax: list[RateRow] = []
    exchange_turnover: list[TurnoverRow] = []
    stamp_duty: list[RateRow] = []
    sebi_turnover: list[PercentRow] = []
    gst: list[PercentRow] = []
    exercise_tax: list[PercentRow] = []


class LocalContracts(Table, frozen=True, kw_only=True):
    """Rows for contracts.yaml; `index_underlyings` are added to the list."""

    index_underlyings: list[Text] = []
    lot_sizes: list[UnitsRow] = []
    freeze_quantities: list[FreezeRow] = []
    ticks: list[TickRow] = []
    expiry_days: list[ExpiryRow] = []


class LocalMargins(Table, frozen=True, kw_only=True):
    """Rows for margins.yaml."""

    rates: list[MarginRow] = []
    shares: list[SharesRow] = []


class LocalRules(Table, frozen=True, kw_only=True):
    """rules.local.yaml."""

    version: Literal[1]
    calendar: LocalCalendar = LocalCalendar()
    charges: LocalCharges = LocalCharges()
    contracts: LocalContracts = LocalContracts()
    margins: LocalMargins = LocalMargins()


def merge_calendar(table: CalendarFile, local: LocalCalendar) -> CalendarFile:
    """Return the calendar with the local rows; its years may overlap where those are wrong."""
    years = _merged(table.years, local.years, lambda _: None)
    return replace(
        table,
        hours=_merged(_by_segment(table.hours), _by_segment(local.hours), _segment),
        years=[_with_holidays(year, local.holidays) for year in years],
        special_sessions=_merged(table.special_sessions, local.special_sessions, lambda _: None),
    )


def merge_charges(table: ChargesFile, local: LocalCharges) -> ChargesFile:
    """Return the charges with the local rows."""
    return replace(table, **_all_merged(table, local, CHARGE_KEYS.items()))


def merge_contracts(table: ContractsFile, local: LocalContracts) -> ContractsFile:
    """Return the contract specifications with the local rows."""
    underlyings = list(dict.fromkeys([*table.index_underlyings, *local.index_underlyings]))
    merged = _all_merged(table, local, CONTRACT_KEYS.items())
    return replace(table, index_underlyings=underlyings, **merged)


def merge_margins(table: MarginsFile, local: LocalMargins) -> MarginsFile:
    """Return the rates of margin with the local rows."""
    return replace(table, **_all_merged(table, local, MARGIN_KEYS.items()))


def _all_merged(
    table: Table, local: Table, keys: Iterable[tuple[str, Callable[..., Hashable]]]
) -> dict[str, list[DatedRow]]:
    return {name: _merged(getattr(table, name), getattr(local, name), key) for name, key in keys}


def _merged(
    rows: Sequence[_Row], local: Sequence[_Row], key: Callable[[_Row], Hashable]
) -> list[_Row]:
    """Return all rows by date, without those that a local row of the same key and date replaces."""
    replaced = {(key(row), row.from_) for row in local}
    kept = [row for row in rows if (key(row), row.from_) not in replaced]
    return sorted([*kept, *local], key=_began)


def _began(row: DatedRow) -> dt.date:
    return row.from_


def _by_segment(rows: Iterable[HoursRow]) -> list[HoursRow]:
    return [replace(row, segments=[segment]) for row in rows for segment in row.segments]


def _segment(row: HoursRow) -> Hashable:
    return (row.exchange, *row.segments)


def _with_holidays(year: CalendarYear, holidays: Iterable[Holiday]) -> CalendarYear:
    by_date = {day.date: day for day in year.holidays}
    by_date |= {day.date: day for day in holidays if year.from_ <= day.date <= year.to}
    return replace(year, holidays=[by_date[date] for date in sorted(by_date)])
