"""Show how far the tables reach, and what a user must know of dates outside them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence, Sized
from operator import itemgetter
from typing import Final, NamedTuple

from daemon.domain.instrument import Instrument
from daemon.rules.calendar import hours_by_segment
from daemon.rules.charges import charge_class
from daemon.rules.exchanges import EXCHANGES, exchange_of, segment_of
from daemon.rules.local import LOCAL_RULES
from daemon.rules.rulebook import Rulebook
from daemon.rules.tables import (
    CHARGE_KEYS,
    CONTRACT_KEYS,
    MARGIN_KEYS,
    DatedRow,
    FreezeRow,
    HoursRow,
    TurnoverRow,
)

WARN_DAYS: Final = 14
"""Days before the calendar's end from which a run warns that it ends."""
_NAMED_MAX: Final = 5
_SATURDAY: Final = 5


class Reach(NamedTuple):
    """The reach of a table: from `since`, its oldest row, to `until`, the last day it knows.

    `until` is None where there is no last day.
    """

    table: str
    since: dt.date
    until: dt.date | None
    newest: dt.date
    """Start of its newest row."""
    rows: int
    unverified: int
    local: int
    """Rows that came from rules.local.yaml."""


def reaches(rules: Rulebook) -> list[Reach]:
    """Return how far each table with rows reaches, separately for each exchange where rows name
    one.
    """
    calendar, charges, contracts = rules.calendar_file, rules.charges_file, rules.contracts_file
    local = rules.local
    found: list[Reach | None] = [
        *_calendar(rules),
        *_by_exchange("calendar.hours", calendar.hours, local.calendar.hours),
    ]
    for name in CHARGE_KEYS:
        table, own = getattr(charges, name), getattr(local.charges, name)
        if name == "exchange_turnover":
            found += _by_exchange(f"charges.{name}", table, own)
        else:
            found.append(_open(f"charges.{name}", table, own))
    for name in CONTRACT_KEYS:
        table, own = getattr(contracts, name), getattr(local.contracts, name)
        if name == "freeze_quantities":
            found += _by_exchange(f"contracts.{name}", table, own)
        else:
            found.append(_open(f"contracts.{name}", table, own))
    for name in MARGIN_KEYS:
        table, own = getattr(rules.margins_file, name), getattr(local.margins, name)
        found.append(_open(f"margins.{name}", table, own))
    return [reach for reach in found if reach is not None]


def calendar_span(rules: Rulebook) -> tuple[dt.date, dt.date] | None:
    """Return the first and last date of the calendar's years, None if it has none."""
    years = rules.calendar_file.years
    return (years[0].from_, years[-1].to) if years else None


def calendar_warnings(rules: Rulebook, first: dt.date, last: dt.date) -> Iterator[str]:
    """Yield what to know of data from `first` to `last` (Indian dates), one sentence each.

    It warns of days outside the calendar, and of its end if that is near.
    """
    span = calendar_span(rules)
    known = f"known are {span[0]} to {span[1]}" if span else "it has no year"
    if unknown := _unknown_weekdays(rules, first, last):
        days = str(unknown[0])
        if len(unknown) > 1:
            days = f"{unknown[0]} to {unknown[-1]} ({len(unknown)} weekdays)"
        yield (
            f"Outside the calendar: {days}; {known}. Holidays and special sessions are not known "
            f"there, every weekday counted as a session; add the year to {LOCAL_RULES}."
        )
    elif span and 0 <= (span[1] - last).days <= WARN_DAYS:
        yield (
            f"The calendar ends on {span[1]}; holidays after it are not known and live runs are "
            f"refused: add the next year to {LOCAL_RULES}."
        )


def before_first_rows(
    rules: Rulebook, instruments: Iterable[Instrument], date: dt.date, *, charged: bool
) -> Iterator[str]:
    """Yield one sentence for each file of rules whose first rows begin after `date`."""
    known = [instrument for instrument in instruments if instrument.exchange in EXCHANGES]
    tradable = [instrument for instrument in known if not instrument.is_index]
    hours = _begun_later(_hours_of(rules, known), date)
    if hours:
        yield f"Hours before {hours[0][1]} are not in the tables: the oldest were used."
    charges = _begun_later(_charges_of(rules, tradable), date) if charged else []
    if charges:
        names = ", ".join(f"{name} {since}" for name, since in charges)
        yield (
            f"Charges on {date} are before the first rows ({names}): the oldest rates were used."
        )
    if unlimited := _without_freeze(rules, tradable, date):
        shown = ", ".join(unlimited[:_NAMED_MAX])
        shown += " and others" if len(unlimited) > _NAMED_MAX else ""
        yield f"Freeze quantity on {date} not known, orders of any size passed: {shown}."


def _calendar(rules: Rulebook) -> Iterator[Reach | None]:
    """Yield the reach of the tables of single days, known as far as the years are."""
    table, local, span = rules.calendar_file, rules.local.calendar, calendar_span(rules)
    if span is None:
        return
    _, until = span
    own = [*local.years, *local.holidays]
    yield _open("calendar.years", table.years, own, until)
    specials = table.special_sessions
    yield _open("calendar.special_sessions", specials, local.special_sessions, until)


def _by_exchange(
    name: str,
    rows: Sequence[HoursRow | TurnoverRow | FreezeRow],
    local: Sequence[HoursRow | TurnoverRow | FreezeRow],
) -> Iterator[Reach | None]:
    for exchange in dict.fromkeys(row.exchange for row in rows):
        mine, own = ([row for row in some if row.exchange == exchange] for some in (rows, local))
        yield _open(f"{name} {exchange}", mine, own)


def _open(
    name: str, rows: Sequence[DatedRow], local: Sized, until: dt.date | None = None
) -> Reach | None:
    if not rows:
        return None
    begun = [row.from_ for row in rows]
    unverified = sum(row.unverified for row in rows)
    return Reach(name, min(begun), until, max(begun), len(rows), unverified, len(local))


def _unknown_weekdays(rules: Rulebook, first: dt.date, last: dt.date) -> list[dt.date]:
    days = (first + dt.timedelta(days=day) for day in range((last - first).days + 1))
    return [day for day in days if day.weekday() < _SATURDAY and not rules.is_known(day)]


def _hours_of(rules: Rulebook, instruments: Sequence[Instrument]) -> dict[str, dt.date]:
    rows = hours_by_segment(rules.calendar_file.hours)
    segments = dict.fromkeys(map(segment_of, instruments))
    return {" ".join(segment): rows[segment][0].from_ for segment in segments if segment in rows}


def _charges_of(rules: Rulebook, tradable: Sequence[Instrument]) -> dict[str, dt.date]:
    """Return tables mapped to the start of the first row that charges any of the instruments."""
    classes = {charge_class(instrument) for instrument in tradable}
    is_nse = any(exchange_of(instrument) == "NSE" for instrument in tradable)
    first: dict[str, dt.date] = {}
    for name in CHARGE_KEYS:
        if name == "exercise_tax" or not tradable:
            continue
        for row in reversed(getattr(rules.charges_file, name)):
            is_used = getattr(row, "class_", None) in {None, *classes}
            # BSE's charges are refused before their first row, so there is nothing to warn of.
            if is_used and (not isinstance(row, TurnoverRow) or (is_nse and row.exchange == "NSE")):
                first[name] = row.from_
    return first


def _begun_later(first: dict[str, dt.date], date: dt.date) -> list[tuple[str, dt.date]]:
    later = [(name, since) for name, since in first.items() if since > date]
    return sorted(later, key=itemgetter(1))


def _without_freeze(rules: Rulebook, tradable: Iterable[Instrument], date: dt.date) -> list[str]:
    names = (
        instrument.name or instrument.tradingsymbol
        for instrument in tradable
        if instrument.instrument_type != "EQ"
        and not instrument.freeze_quantity
        and not rules.freeze_quantity(date, instrument)
    )
    return list(dict.fromkeys(names))
