"""By what errors are shown apart: premium, moneyness, lots, minute, days to expiry."""

from __future__ import annotations

import datetime as dt
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from daemon.domain.dates import DAY_NS, MINUTE_NS, ist_date, ist_midnight
from daemon.domain.instrument import Instrument
from daemon.lab.calibrate.real_order import RealOrder

Place = tuple[RealOrder, Instrument, float]
"""An order, its contract, and the price of its underlying then (paise, NaN where not recorded)."""
FUTURE: Final = "futures and shares"
UNKNOWN: Final = "underlying not recorded"
_PREMIUM: Final = (10, 50, 100, 250)
_PREMIUM_NAMES: Final = (
    "under 10", "10 to 50", "50 to 100", "100 to 250", "250 and over",
)  # fmt: skip
_LOTS: Final = (2, 6, 11, 21)
_LOTS_NAMES: Final = ("1 lot", "2 to 5 lots", "6 to 10 lots", "11 to 20 lots", "over 20 lots")
_MINUTES: Final = (9 * 60 + 20, 9 * 60 + 45, 12 * 60, 14 * 60 + 30, 15 * 60)
_MINUTE_NAMES: Final = (
    "before 09:20", "09:20 to 09:44", "09:45 to 11:59", "12:00 to 14:29", "14:30 to 14:59",
    "15:00 and later",
)  # fmt: skip
_DAYS: Final = (1, 2, 4, 8)
_DAYS_NAMES: Final = ("expiry day", "1 day", "2 or 3 days", "4 to 7 days", "over 7 days")
_MONEY: Final = (-0.03, -0.01, 0.01, 0.03)
_MONEY_NAMES: Final = (
    "out by over 3 %", "out by 1 to 3 %", "within 1 % of the strike", "in by 1 to 3 %",
    "in by over 3 %",
)  # fmt: skip


def _premium(place: Place) -> str:
    order, instrument, _ = place
    if not instrument.is_option:
        return FUTURE
    return _PREMIUM_NAMES[bisect_right(_PREMIUM, order.price_paise / 100)]


def _moneyness(place: Place) -> str:
    _, instrument, spot = place
    if not instrument.is_option:
        return FUTURE
    if not spot > 0:
        return UNKNOWN
    inside = (spot - instrument.strike_paise) / spot
    if instrument.instrument_type == "PE":
        inside = -inside
    return _MONEY_NAMES[bisect_right(_MONEY, inside)]


def _lots(place: Place) -> str:
    order, instrument, _ = place
    return _LOTS_NAMES[bisect_right(_LOTS, order.quantity / instrument.lot_size)]


def _minute(place: Place) -> str:
    ts = place[0].moment_ts
    return _MINUTE_NAMES[bisect_right(_MINUTES, (ts - ist_midnight(ist_date(ts))) // MINUTE_NS)]


def _days(place: Place) -> str:
    order, instrument, _ = place
    if not instrument.expiry:
        return "does not expire"
    expiry = ist_midnight(dt.date.fromisoformat(instrument.expiry))
    left = (expiry - ist_midnight(ist_date(order.moment_ts))) // DAY_NS
    return _DAYS_NAMES[bisect_right(_DAYS, left)]


BY: Final[Mapping[str, tuple[Callable[[Place], str], Sequence[str]]]] = {
    "premium": (_premium, (*_PREMIUM_NAMES, FUTURE)),
    "moneyness": (_moneyness, (*_MONEY_NAMES, FUTURE, UNKNOWN)),
    "lots": (_lots, _LOTS_NAMES),
    "minute": (_minute, _MINUTE_NAMES),
    "days to expiry": (_days, (*_DAYS_NAMES, "does not expire")),
}
"""A grouping -> the group of an order, and the groups in the order in which they are shown."""


def grouped(by: str, places: Sequence[Place]) -> dict[str, list[int]]:
    """Return the numbers of the orders in each group that has any, in the order shown."""
    group_of, names = BY[by]
    found: dict[str, list[int]] = {name: [] for name in names}
    for number, place in enumerate(places):
        found[group_of(place)].append(number)
    return {name: numbers for name, numbers in found.items() if numbers}
