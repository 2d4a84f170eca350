"""Define the rows of the rule files (`configs/rules/*.yaml`): what is in force from which date.

Every row names its `source`; `unverified: true` marks a row that no primary source confirms.
"""

from __future__ import annotations

import datetime as dt
from bisect import bisect_right
from collections.abc import Callable, Hashable, Mapping, Sequence
from decimal import Decimal
from operator import attrgetter
from typing import Annotated, Final, Literal, TypeVar

import msgspec
from msgspec import Meta

from daemon.domain.order import Side

Exchange = Literal["NSE", "BSE"]
Segment = Literal["NFO", "NSE", "BFO", "BSE", "INDICES"]
ChargeClass = Literal["futures", "options", "equity"]
MarginClass = Literal["index", "share"]
WallTime = Annotated[str, Meta(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
Weekday = Literal["Mon", "Tue", "Wed", "Thu", "Fri"]
Units = Annotated[int, Meta(ge=1, le=10**9)]
Text = Annotated[str, Meta(min_length=1)]


class Table(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Part of a rule file; an unknown key is an error."""


class DatedRow(Table, frozen=True, kw_only=True):
    """A rule, in force from the date `from` until a later row with the same key."""

    from_: dt.date = msgspec.field(name="from")
    source: Text
    unverified: bool = False
    note: str = ""


Row = TypeVar("Row", bound=DatedRow)
_BEGAN: Final[Callable[[DatedRow], dt.date]] = attrgetter("from_")


def in_force(rows: Sequence[Row], date: dt.date) -> Row | None:
    """Return the latest of ascending rows that has begun by `date`, None if none has."""
    began = bisect_right(rows, date, key=_BEGAN)
    return rows[began - 1] if began else None


def in_force_or_oldest(rows: Sequence[Row], date: dt.date) -> Row:
    """Return the row in force, or the oldest one for earlier dates, so that old data still runs."""
    return in_force(rows, date) or rows[0]


class HoursRow(DatedRow, frozen=True, kw_only=True):
    """Regular trading hours of an exchange's segments, Indian wall time, [open, close)."""

    exchange: Exchange = "NSE"
    segments: list[Segment]
    open: WallTime
    close: WallTime
    expiring_index_close: WallTime | None = None
    """Earlier close of an index contract on its own expiry date."""


class SpecialSession(DatedRow, frozen=True, kw_only=True):
    """A date on which all segments trade at these hours, whatever weekday or holiday it is."""

    name: Text
    open: WallTime
    close: WallTime
    contracts_close: WallTime | None = None
    """Close of futures and options, where it differs from that of shares and indices."""


class Holiday(Table, frozen=True, kw_only=True):
    """A weekday without regular trading."""

    date: dt.date
    name: Text


class CalendarYear(DatedRow, frozen=True, kw_only=True):
    """A span of dates (`from` to `to`, both included) whose holidays are all known."""

    to: dt.date
    holidays: list[Holiday]


class CalendarFile(Table, frozen=True, kw_only=True):
    """calendar.yaml: when the exchange is open."""

    version: Literal[1]
    hours: list[HoursRow]
    years: list[CalendarYear]
    special_sessions: list[SpecialSession]


class BrokerageRow(DatedRow, frozen=True, kw_only=True):
    """The brokerage of an executed order: `percent` of its value, at most `most_rupees`.

    Without `percent` it is `most_rupees` flat.
    """

    class_: ChargeClass = msgspec.field(name="class")
    percent: Decimal | None = None
    most_rupees: Decimal


class RateRow(DatedRow, frozen=True, kw_only=True):
    """A charge in percent of the order's value, on one side of the trade or on both."""

    class_: ChargeClass = msgspec.field(name="class")
    percent: Decimal
    side: Side | None = None
    """None: both sides pay."""


class TurnoverRow(RateRow, frozen=True, kw_only=True):
    """An exchange's charge; a row with `names` applies to those alone, and takes precedence."""

    exchange: Exchange = "NSE"
    names: list[Text] = []


class PercentRow(DatedRow, frozen=True, kw_only=True):
    """A percentage that is the same for every class."""

    percent: Decimal


class ChargesFile(Table, frozen=True, kw_only=True):
    """charges.yaml: what an executed order and an exercised option cost."""

    version: Literal[1]
    brokerage: list[BrokerageRow]
    transaction_tax: list[RateRow]
    exchange_turnover: list[TurnoverRow]
    stamp_duty: list[RateRow]
    sebi_turnover: list[PercentRow]
    gst: list[PercentRow]
    exercise_tax: list[PercentRow]


class UnitsRow(DatedRow, frozen=True, kw_only=True):
    """A quantity for one underlying, in units; for lots `from` is the first affected expiry."""

    name: Text
    units: Units


class FreezeRow(UnitsRow, frozen=True, kw_only=True):
    """The largest quantity of one order of an underlying's contracts on an exchange, in units."""

    exchange: Exchange = "NSE"


class TickRow(DatedRow, frozen=True, kw_only=True):
    """The tick size of index futures (by `name`) or index options (no name), in paise."""

    instrument_type: Literal["FUT", "OPT"]
    name: str = ""
    paise: Units


class ExpiryRow(DatedRow, frozen=True, kw_only=True):
    """The weekdays on which contracts expire; `from` is the first expiry that it governs.

    Without a name it applies to every underlying of the exchange that has no row of its own.
    """

    exchange: Literal["NFO", "BFO"]
    name: str = ""
    monthly: Weekday
    """The weekday of the month's last expiry."""
    weekly: Weekday | None = None
    """None: there are only monthly contracts."""


class ContractsFile(Table, frozen=True, kw_only=True):
    """contracts.yaml: what the contracts of an underlying look like."""

    version: Literal[1]
    index_underlyings: list[Text]
    lot_sizes: list[UnitsRow]
    freeze_quantities: list[FreezeRow]
    ticks: list[TickRow]
    expiry_days: list[ExpiryRow] = []


class MarginRow(DatedRow, frozen=True, kw_only=True):
    """The rates of margin of index contracts or of share contracts (`MarginRates`)."""

    class_: MarginClass = msgspec.field(name="class")
    scan_percent: Decimal
    far_option_scan_percent: Decimal
    volatility_points: Decimal
    extreme_cover_percent: Decimal
    exposure_percent: Decimal
    expiry_day_percent: Decimal
    calendar_percent: Decimal
    calendar_on_expiry_day: bool


class SharesRow(DatedRow, frozen=True, kw_only=True):
    """What shares block of their value, by product."""

    delivery_percent: Decimal
    intraday_percent: Decimal


class MarginsFile(Table, frozen=True, kw_only=True):
    """margins.yaml: what a margin is computed with."""

    version: Literal[1]
    rates: list[MarginRow]
    shares: list[SharesRow]


def _same(row: object) -> Hashable:
    return None


def _class(row: BrokerageRow | RateRow | MarginRow) -> Hashable:
    return row.class_


def _name(row: UnitsRow) -> Hashable:
    return row.name


def _freeze(row: FreezeRow) -> Hashable:
    return (row.exchange, row.name)


def _turnover(row: TurnoverRow) -> Hashable:
    return (row.exchange, row.class_, *row.names)


def _tick(row: TickRow) -> Hashable:
    return (row.instrument_type, row.name)


def _expiry(row: ExpiryRow) -> Hashable:
    return (row.exchange, row.name)


CHARGE_KEYS: Final[Mapping[str, Callable[..., Hashable]]] = {
    "brokerage": _class,
    "transaction_tax": _class,
    "exchange_turnover": _turnover,
    "stamp_duty": _class,
    "sebi_turnover": _same,
    "gst": _same,
    "exercise_tax": _same,
}
"""Charge table -> key of a row; a later row with the same key replaces it from then on."""
CONTRACT_KEYS: Final[Mapping[str, Callable[..., Hashable]]] = {
    "lot_sizes": _name,
    "freeze_quantities": _freeze,
    "ticks": _tick,
    "expiry_days": _expiry,
}
"""Contract table -> key of a row, as in CHARGE_KEYS."""
MARGIN_KEYS: Final[Mapping[str, Callable[..., Hashable]]] = {"rates": _class, "shares": _same}
"""Margin table -> key of a row, as in CHARGE_KEYS."""
