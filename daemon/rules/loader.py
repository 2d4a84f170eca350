"""Reads the rule files: a rulebook that loads has rows in order and no gap in what it needs."""

from __future__ import annotations

import datetime as dt
from collections.abc import Hashable, Iterable
from decimal import Decimal
from pathlib import Path
from typing import Final, get_args

from daemon.rules.calendar import hours_are_in_order
from daemon.rules.charges import GST_DECIMALS_MAX, RATE_DECIMALS_MAX
from daemon.rules.rulebook import Rulebook
from daemon.rules.tables import (
    CalendarFile,
    ChargeClass,
    ChargesFile,
    ContractsFile,
    Segment,
)
from daemon.yaml_document import Document, Step, read_document

SHIPPED_RULES: Final = Path(__file__).parents[2] / "configs" / "rules"
_RUPEE_DECIMALS_MAX: Final = 2
_CLASSES: Final[tuple[str, ...]] = get_args(ChargeClass)
_SEGMENTS: Final[tuple[str, ...]] = get_args(Segment)


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
    for at, row in enumerate(table.hours):
        _check_hours(document, ("hours", at), in_order=hours_are_in_order(row))
    for at, special in enumerate(table.special_sessions):
        _check_hours(document, ("special_sessions", at), in_order=hours_are_in_order(special))
    hours = ((at, name, row.from_) for at, row in enumerate(table.hours) for name in row.segments)
    _check_order(document, "hours", hours, needed=_SEGMENTS)
    specials = ((at, None, row.from_) for at, row in enumerate(table.special_sessions))
    _check_order(document, "special_sessions", specials)
    _check_years(document, table)
    return table


def _check_hours(document: Document, path: tuple[Step, ...], *, in_order: bool) -> None:
    if not in_order:
        raise document.error(path, "expected it to open before it closes")


def _check_years(document: Document, table: CalendarFile) -> None:
    last = dt.date.min
    for at, year in enumerate(table.years):
        if not last < year.from_ <= year.to:
            raise document.error(("years", at), "expected spans that ascend without overlap")
        earliest = year.from_
        for number, holiday in enumerate(year.holidays):
            if not earliest <= holiday.date <= year.to:
                here = ("years", at, "holidays", number, "date")
                text = f"expected a date from {earliest} to {year.to}, was {holiday.date}"
                raise document.error(here, text)
            earliest = holiday.date + dt.timedelta(days=1)
        last = year.to


def _charges(document: Document) -> ChargesFile:
    table = document.to(ChargesFile)
    for name in ("brokerage", "transaction_tax", "exchange_turnover", "stamp_duty"):
        rows = enumerate(getattr(table, name))
        order = ((at, row.class_, row.from_) for at, row in rows)
        _check_order(document, name, order, needed=_CLASSES)
    for name in ("sebi_turnover", "gst", "exercise_tax"):
        order = ((at, None, row.from_) for at, row in enumerate(getattr(table, name)))
        _check_order(document, name, order, needed=(None,))
    for at, row in enumerate(table.brokerage):
        _check_number(document, ("brokerage", at, "most_rupees"), row.most_rupees)
    for name in ChargesFile.__struct_fields__[1:]:
        for at, row in enumerate(getattr(table, name)):
            if row.percent is not None:
                _check_number(document, (name, at, "percent"), row.percent)
    return table


def _contracts(document: Document) -> ContractsFile:
    table = document.to(ContractsFile)
    for name in ("lot_sizes", "freeze_quantities"):
        rows = enumerate(getattr(table, name))
        _check_order(document, name, ((at, row.name, row.from_) for at, row in rows))
    ticks = ((at, (row.instrument_type, row.name), row.from_) for at, row in enumerate(table.ticks))
    _check_order(document, "ticks", ticks)
    return table


def _check_order(
    document: Document,
    name: str,
    rows: Iterable[tuple[int, Hashable, dt.date]],
    *,
    needed: Iterable[Hashable] = (),
) -> None:
    """Rows (position, of what, from when) ascend for each thing, and each needed thing has one."""
    last: dict[Hashable, dt.date] = {}
    for at, key, begins in rows:
        before = last.get(key)
        if before is not None and begins <= before:
            raise document.error((name, at, "from"), f"expected a date after {before}")
        last[key] = begins
    for key in needed:
        if key not in last:
            raise document.error((name,), f"expected a row{f' for {key}' if key else ''}")


def _check_number(document: Document, path: tuple[Step, ...], number: Decimal) -> None:
    """Refuse what the exact arithmetic of the charges cannot hold."""
    decimals = RATE_DECIMALS_MAX
    if path[0] == "gst":
        decimals = GST_DECIMALS_MAX
    if path[-1] == "most_rupees":
        decimals = _RUPEE_DECIMALS_MAX
    exponent = number.as_tuple().exponent
    if not isinstance(exponent, int) or not 0 <= number <= 10**6 or -exponent > decimals:
        text = f"expected a number >= 0 with at most {decimals} decimals, was {number}"
        raise document.error(path, text)
