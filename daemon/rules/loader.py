"""Load the rule files; a loaded rulebook has its rows in order and no gap in what it needs."""

from __future__ import annotations

import datetime as dt
from collections.abc import Hashable, Iterable
from decimal import Decimal
from pathlib import Path
from typing import Final, get_args

from daemon.files.yaml_document import Document, Step, read_document
from daemon.rules.calendar import hours_are_in_order, hours_by_segment
from daemon.rules.charges import GST_DECIMALS_MAX, RATE_DECIMALS_MAX, RUPEE_DECIMALS_MAX
from daemon.rules.exchanges import SEGMENTS
from daemon.rules.local import (
    LocalCalendar,
    LocalCharges,
    LocalContracts,
    LocalMargins,
    LocalRules,
    merge_calendar,
    merge_charges,
    merge_contracts,
    merge_margins,
)
from daemon.rules.margins import PERCENT_DECIMALS_MAX, percentages
from daemon.rules.rulebook import Rulebook
from daemon.rules.tables import (
    CHARGE_KEYS,
    CONTRACT_KEYS,
    MARGIN_KEYS,
    CalendarFile,
    ChargeClass,
    ChargesFile,
    ContractsFile,
    MarginsFile,
)

SHIPPED_RULES: Final = Path(__file__).parents[2] / "configs" / "rules"
_CLASSES: Final[tuple[str, ...]] = get_args(ChargeClass)
_NEEDED_CHARGES: Final[dict[str, tuple[Hashable, ...]]] = {
    "brokerage": _CLASSES,
    "transaction_tax": _CLASSES,
    "exchange_turnover": tuple(("NSE", name) for name in _CLASSES),
    "stamp_duty": _CLASSES,
    "sebi_turnover": (None,),
    "gst": (None,),
    "exercise_tax": (None,),
}
_NEEDED_MARGINS: Final[dict[str, tuple[Hashable, ...]]] = {
    "rates": ("index", "share"),
    "shares": (None,),
}
_NEEDED_HOURS: Final = tuple(("NSE", segment) for segment in SEGMENTS["NSE"])
Place = tuple[Step, ...]


def load_rulebook(directory: Path | None = None, local: Path | None = None) -> Rulebook:
    """Load the rulebook of a directory, or the shipped one, with the rows of a `local` file.

    Raises ConfigError naming file, line and path.
    """
    folder = SHIPPED_RULES if directory is None else directory
    calendar = _calendar(read_document(folder / "calendar.yaml"))
    charges = _charges(read_document(folder / "charges.yaml"))
    contracts = _contracts(read_document(folder / "contracts.yaml"))
    margins = _margins(read_document(_own_or_shipped(folder, "margins.yaml")))
    if local is None:
        return Rulebook(calendar=calendar, charges=charges, contracts=contracts, margins=margins)
    document = read_document(local)
    rows = document.to(LocalRules)
    _check_local_calendar(document, calendar, rows.calendar)
    _check_charges(document, rows.charges, ("charges",))
    _check_contracts(document, rows.contracts, ("contracts",))
    _check_margins(document, rows.margins, ("margins",))
    return Rulebook(
        calendar=merge_calendar(calendar, rows.calendar),
        charges=merge_charges(charges, rows.charges),
        contracts=merge_contracts(contracts, rows.contracts),
        margins=merge_margins(margins, rows.margins),
        local=rows,
    )


def _own_or_shipped(folder: Path, name: str) -> Path:
    """Return a file of a directory of rules, or the shipped one: older directories lack it."""
    own = folder / name
    return own if own.exists() else SHIPPED_RULES / name


def _calendar(document: Document) -> CalendarFile:
    table = document.to(CalendarFile)
    _check_calendar(document, table, ())
    hours: set[Hashable] = set(hours_by_segment(table.hours))
    _check_needed(document, "hours", hours, _NEEDED_HOURS)
    return table


def _charges(document: Document) -> ChargesFile:
    table = document.to(ChargesFile)
    _check_charges(document, table, ())
    for name, key in CHARGE_KEYS.items():
        known = {key(row) for row in getattr(table, name)}
        _check_needed(document, name, known, _NEEDED_CHARGES[name])
    return table


def _contracts(document: Document) -> ContractsFile:
    table = document.to(ContractsFile)
    _check_contracts(document, table, ())
    return table


def _margins(document: Document) -> MarginsFile:
    table = document.to(MarginsFile)
    _check_margins(document, table, ())
    for name, key in MARGIN_KEYS.items():
        known = {key(row) for row in getattr(table, name)}
        _check_needed(document, name, known, _NEEDED_MARGINS[name])
    return table


def _check_local_calendar(document: Document, table: CalendarFile, local: LocalCalendar) -> None:
    """Refuse years that overlap shipped ones, and holidays of a year that is not known."""
    at = ("calendar",)
    _check_calendar(document, local, at)
    merged = merge_calendar(table, local).years
    for number, year in enumerate(local.years):
        for other in merged:
            if other.from_ != year.from_ and other.from_ <= year.to and year.from_ <= other.to:
                text = f"overlaps {other.from_} to {other.to}; the same `from` would replace it"
                raise document.error((*at, "years", number), text)
    specials = {row.from_ for row in merge_calendar(table, local).special_sessions}
    for number, day in enumerate(local.holidays):
        here = (*at, "holidays", number, "date")
        if not any(year.from_ <= day.date <= year.to for year in merged):
            raise document.error(here, f"{day.date} is in no year of the calendar; add its year")
        if day.date in specials:
            raise document.error(here, f"{day.date} has a special session, which would win")


def _check_calendar(document: Document, table: CalendarFile | LocalCalendar, at: Place) -> None:
    for number, row in enumerate(table.hours):
        here = (*at, "hours", number)
        _check_hours(document, here, in_order=hours_are_in_order(row))
        for place, segment in enumerate(row.segments):
            if segment not in SEGMENTS[row.exchange]:
                known = ", ".join(SEGMENTS[row.exchange])
                text = f"expected a segment of {row.exchange} ({known}), was {segment}"
                raise document.error((*here, "segments", place), text)
    for number, special in enumerate(table.special_sessions):
        here = (*at, "special_sessions", number)
        _check_hours(document, here, in_order=hours_are_in_order(special))
    hours = (
        (number, (row.exchange, segment), row.from_)
        for number, row in enumerate(table.hours)
        for segment in row.segments
    )
    _check_order(document, (*at, "hours"), hours)
    specials = ((number, None, row.from_) for number, row in enumerate(table.special_sessions))
    _check_order(document, (*at, "special_sessions"), specials)
    _check_years(document, table, at)


def _check_hours(document: Document, path: Place, *, in_order: bool) -> None:
    if not in_order:
        raise document.error(path, "expected it to open before it closes")


def _check_years(document: Document, table: CalendarFile | LocalCalendar, at: Place) -> None:
    last = dt.date.min
    for place, year in enumerate(table.years):
        if not last < year.from_ <= year.to:
            here = (*at, "years", place)
            raise document.error(here, "expected spans that ascend without overlap")
        earliest = year.from_
        for number, holiday in enumerate(year.holidays):
            if not earliest <= holiday.date <= year.to:
                within = (*at, "years", place, "holidays", number, "date")
                text = f"expected a date from {earliest} to {year.to}, was {holiday.date}"
                raise document.error(within, text)
            earliest = holiday.date + dt.timedelta(days=1)
        last = year.to


def _check_charges(document: Document, table: ChargesFile | LocalCharges, at: Place) -> None:
    for name, key in CHARGE_KEYS.items():
        rows = getattr(table, name)
        order = ((number, key(row), row.from_) for number, row in enumerate(rows))
        _check_order(document, (*at, name), order)
        for number, row in enumerate(rows):
            if row.percent is not None:
                _check_number(document, (*at, name, number, "percent"), row.percent)
    for number, plan in enumerate(table.brokerage):
        _check_number(document, (*at, "brokerage", number, "most_rupees"), plan.most_rupees)


def _check_contracts(document: Document, table: ContractsFile | LocalContracts, at: Place) -> None:
    for name, key in CONTRACT_KEYS.items():
        rows = enumerate(getattr(table, name))
        order = ((number, key(row), row.from_) for number, row in rows)
        _check_order(document, (*at, name), order)


def _check_margins(document: Document, table: MarginsFile | LocalMargins, at: Place) -> None:
    for name, key in MARGIN_KEYS.items():
        rows = getattr(table, name)
        order = ((number, key(row), row.from_) for number, row in enumerate(rows))
        _check_order(document, (*at, name), order)
        for number, row in enumerate(rows):
            for field, percent in percentages(row):
                if not _fits(percent, 100, PERCENT_DECIMALS_MAX):
                    text = (
                        f"expected a percentage from 0 to 100 with at most {PERCENT_DECIMALS_MAX} "
                        f"decimals, was {percent}"
                    )
                    raise document.error((*at, name, number, field), text)


def _check_order(
    document: Document, path: Place, rows: Iterable[tuple[int, Hashable, dt.date]]
) -> None:
    """Refuse rows (position, key, start) that do not ascend for each key."""
    last: dict[Hashable, dt.date] = {}
    for number, key, begins in rows:
        before = last.get(key)
        if before is not None and begins <= before:
            raise document.error((*path, number, "from"), f"expected a date after {before}")
        last[key] = begins


def _check_needed(
    document: Document, name: str, known: set[Hashable], needed: Iterable[Hashable]
) -> None:
    """Refuse a table without a row that every run may need."""
    for key in needed:
        if key not in known:
            _, of = key if isinstance(key, tuple) else ("", key)
            raise document.error((name,), f"expected a row{f' for {of}' if of else ''}")


def _fits(number: Decimal, largest: int, decimals: int) -> bool:
    """Return whether a number is from 0 to `largest` and written with at most `decimals` decimals.

    Places are counted as they are written: rounding raises for more than the context's 28 digits.
    """
    exponent = number.as_tuple().exponent
    return isinstance(exponent, int) and -exponent <= decimals and 0 <= number <= largest


def _check_number(document: Document, path: Place, number: Decimal) -> None:
    """Refuse a number that the charges' exact arithmetic cannot hold."""
    decimals = RATE_DECIMALS_MAX
    if "gst" in path:
        decimals = GST_DECIMALS_MAX
    if path[-1] == "most_rupees":
        decimals = RUPEE_DECIMALS_MAX
    if not _fits(number, 10**6, decimals):
        text = f"expected a number >= 0 with at most {decimals} decimals, was {number}"
        raise document.error(path, text)
