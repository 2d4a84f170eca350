"""Reads the rule files: a rulebook that loads has rows in order and no gap in what it needs."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Final, TypeVar, get_args

from daemon.rules.calendar import hours_are_in_order
from daemon.rules.charges import GST_DECIMALS_MAX, RATE_DECIMALS_MAX
from daemon.rules.rulebook import Rulebook
from daemon.rules.tables import (
    CalendarFile,
    ChargeClass,
    ChargesFile,
    ContractsFile,
    DatedRow,
    PercentRow,
    RateRow,
    Segment,
)
from daemon.yaml_document import Document, read_document

SHIPPED_RULES: Final = Path(__file__).parents[2] / "configs" / "rules"
_Row = TypeVar("_Row", bound=DatedRow)


def load_rulebook(directory: Path | None = None) -> Rulebook:
    """The rulebook of a directory, or the one that ships. Raises ConfigError: file, line, path."""
    folder = SHIPPED_RULES if directory is None else directory
    return Rulebook(
        calendar=_calendar(read_document(folder / "calendar.yaml")),
        charges=_charges(read_document(folder / "charges.yaml")),
        contracts=_contracts(read_document(folder / "contracts.yaml")),
    )


def _calendar(document: Document) -> CalendarFile:
    table = document.to(CalendarFile)
    _check_years(document, table)
    for name in ("hours", "special_sessions"):
        for at, row in enumerate(getattr(table, name)):
            if not hours_are_in_order(row):
                raise document.error((name, at), f"expected open before close, was {row.open}")
    for segment in get_args(Segment):
        _check_order(document, "hours", table.hours, lambda row, s=segment: s in row.segments)
    _check_order(document, "special_sessions", table.special_sessions, may_be_empty=True)
    return table


def _check_years(document: Document, table: CalendarFile) -> None:
    last = dt.date.min
    for at, year in enumerate(table.years):
        if not last < year.from_ <= year.to:
            raise document.error(("years", at), "expected spans that ascend without overlap")
        last = year.from_
        for number, holiday in enumerate(year.holidays):
            here = ("years", at, "holidays", number, "date")
            if not last <= holiday.date <= year.to:
                raise document.error(here, f"expected ascending dates, was {holiday.date}")
            last = holiday.date + dt.timedelta(days=1)
        last = year.to


def _charges(document: Document) -> ChargesFile:
    table = document.to(ChargesFile)
    for name in ("brokerage", "transaction_tax", "exchange_turnover", "stamp_duty"):
        for kind in get_args(ChargeClass):
            _check_order(document, name, getattr(table, name), lambda row, k=kind: row.class_ == k)
    for name in ("sebi_turnover", "gst", "exercise_tax"):
        _check_order(document, name, getattr(table, name))
        decimals = GST_DECIMALS_MAX if name == "gst" else RATE_DECIMALS_MAX
        _check_percents(document, name, getattr(table, name), decimals)
    for name in ("transaction_tax", "exchange_turnover", "stamp_duty"):
        _check_percents(document, name, getattr(table, name), RATE_DECIMALS_MAX)
    for at, row in enumerate(table.brokerage):
        _check_number(document, ("brokerage", at, "most_rupees"), row.most_rupees, 4)
        if row.percent is not None:
            _check_number(document, ("brokerage", at, "percent"), row.percent, RATE_DECIMALS_MAX)
    return table


def _contracts(document: Document) -> ContractsFile:
    table = document.to(ContractsFile)
    for name in ("lot_sizes", "freeze_quantities"):
        rows = getattr(table, name)
        for underlying in sorted({row.name for row in rows}):
            _check_order(document, name, rows, lambda row, u=underlying: row.name == u)
    for kind in sorted({(row.instrument_type, row.name) for row in table.ticks}):
        _check_order(
            document, "ticks", table.ticks, lambda row, k=kind: (row.instrument_type, row.name) == k
        )
    return table


def _check_order(
    document: Document,
    name: str,
    rows: Sequence[_Row],
    chosen: Callable[[_Row], bool] = lambda _: True,
    *,
    may_be_empty: bool = False,
) -> None:
    last: dt.date | None = None
    for at, row in enumerate(rows):
        if not chosen(row):
            continue
        if last is not None and row.from_ <= last:
            raise document.error((name, at, "from"), f"expected a date after {last}")
        last = row.from_
    if last is None and not may_be_empty:
        raise document.error((name,), "expected a row for each segment or class")


def _check_percents(
    document: Document, name: str, rows: Sequence[RateRow | PercentRow], decimals: int
) -> None:
    for at, row in enumerate(rows):
        _check_number(document, (name, at, "percent"), row.percent, decimals)


def _check_number(
    document: Document, path: tuple[str | int, ...], number: Decimal, decimals: int
) -> None:
    exponent = number.as_tuple().exponent
    if not isinstance(exponent, int) or not 0 <= number <= 10**6 or -exponent > decimals:
        text = f"expected a number >= 0 with at most {decimals} decimals, was {number}"
        raise document.error(path, text)


